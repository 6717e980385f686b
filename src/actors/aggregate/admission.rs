//! Admission of commands: the gate of the aggregate kind, and the gate of a step of another
//! aggregate that clients would wait for.
//!
//! A permit of the first gate is held until the answer is durable. It is not held while a client
//! waits for a payment or for a person. By Little's law, the number of commands in progress is the
//! arrival rate times the time that each takes. The gate keeps this number small, so the time in
//! *this* machine (mailbox, decision, journal) is short. A client that only waits costs a little
//! memory. Reads need no permit: writes can never fill the mailboxes, so reads are still served.

use super::kind::AggregateKind;
use crate::{
    actors::{
        api::RequestError,
        gate::{GateRejection, Permit},
        port::{PortAdmission, WAIT_NS_MIN},
        support::catch_panic,
    },
    domain::kernel::{Aggregate, FailureKind, Progress},
    random::random,
    traces::{Span, TraceContext, now_ns},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

impl<A: Aggregate> AggregateKind<A> {
    /// Admits one more command, or refuses it within `admit_within_ms`, so that admitted commands
    /// are served in time.
    async fn admit(&self) -> Result<Permit, RequestError> {
        Ok(self.admission.enter(Some(self.admitted_by())).await?)
    }

    /// Admits a command, with the begin and the end of its wait if it may have a span.
    pub(super) async fn admit_timed(
        &self,
        trace: Option<&TraceContext>,
    ) -> Result<(Permit, Option<(u64, u64)>), RequestError> {
        let begun_ns = trace.filter(|_| self.shared.tracer.is_some()).map(|_| now_ns());
        let permit = self.admit().await?;
        Ok((permit, begun_ns.map(|begun_ns| (begun_ns, now_ns()))))
    }

    /// Exports the span of a wait at the gate, if the trace of the command is recorded and the wait
    /// was not short.
    pub(super) fn trace_admission(
        &self,
        number: u64,
        trace: Option<&TraceContext>,
        waited: Option<(u64, u64)>,
    ) {
        let Some(((begun_ns, ended_ns), tracer)) = waited.zip(self.shared.tracer.as_ref()) else {
            return;
        };
        if ended_ns.saturating_sub(begun_ns) < WAIT_NS_MIN {
            return;
        }
        if let Some(recorded) = tracer.recorded(trace, (self.info.business, number)) {
            let (name, ids) = (format!("gate {}", A::NAME), (recorded.trace_id, random().max(1)));
            let span = Span::new(ids, name, (begun_ns, ended_ns));
            tracer.add([Span { parent: recorded.span_id, ..span }]);
        }
    }

    /// The answer of the step's gate, if this command may lead to the step of another aggregate. A
    /// refusal counts only if the command does begin the step.
    pub(super) async fn ask_for_step(
        &self,
        command: &A::Command,
    ) -> Option<Result<Permit, GateRejection>> {
        let gate = self.step.as_ref().filter(|_| A::may_start_step(command))?;
        Some(gate.enter(Some(self.admitted_by())).await)
    }

    /// Names the gate of the step as the cause of a failure, while that gate admits no caller.
    pub(super) fn after_step(
        &self,
        may_start_step: bool,
        request_error: RequestError,
    ) -> RequestError {
        let gate = self.step.as_ref().filter(|_| may_start_step);
        match (gate.map(|gate| gate.peek()), request_error) {
            (
                Some(Err(refused)),
                RequestError::FailedLater { how: FailureKind::Unavailable, reason, number },
            ) => {
                let GateRejection { gate, retry_after, .. } = refused;
                RequestError::Unavailable { gate, reason, number, retry_after }
            }
            (_, request_error) => request_error,
        }
    }

    fn admitted_by(&self) -> Instant {
        Instant::now() + Duration::from_millis(self.shared.settings.admit_within_ms)
    }
}

impl<A: Aggregate> AggregateKind<A> {
    /// Refuses a client that would wait for a service whose gate admits no caller now. A command
    /// whose outcome does not wait for the service passes.
    pub(in crate::actors) fn precheck(
        &self,
        command: &A::Command,
        state: &A,
        events: &[A::Event],
    ) -> Result<(), RequestError> {
        let admission = self.admission(command).filter(|_| !events.is_empty());
        let Some(admission) = admission else { return Ok(()) };
        let progress_after = || events.iter().cloned().fold(state.clone(), A::evolve).progress();
        match catch_panic(progress_after) {
            Ok(Progress::Pending) => Ok(admission.reserve()?),
            // A panic is handled later, where the instance can be rebuilt.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The admission to the outside service whose answer a client of this command waits for.
    pub(super) fn admission(&self, command: &A::Command) -> Option<Arc<PortAdmission>> {
        self.shared.admissions.get(A::waits_for_port(command)?)
    }
}

/// Adds to a failure the gate that caused it, and the time after which to retry.
pub fn explained(admission: Option<&PortAdmission>, request_error: RequestError) -> RequestError {
    match (admission, request_error) {
        (
            Some(admission),
            RequestError::FailedLater { how: FailureKind::Unavailable, reason, number },
        ) => {
            let (gate, retry_after) = admission.in_the_way();
            RequestError::Unavailable { gate, reason, number, retry_after }
        }
        (_, request_error) => request_error,
    }
}
