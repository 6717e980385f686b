//! Admission of commands: the gate of the aggregate kind, and the gate of a step of another
//! aggregate that clients would wait for.
//!
//! A permit of the first gate is held until the answer is durable, but not while a client waits for
//! a payment or for a person. By Little's law the commands under way are those that arrive in a
//! second times the seconds that each takes. The time in *this* machine (mailbox, decision,
//! journal) is kept short by keeping them few. A client that only waits costs a little memory.
//! Reads need no permit: as writes can never fill the mailboxes, reads keep being served.

use super::kind::AggregateKind;
use crate::{
    actors::{
        api::RequestError,
        gate::{Away, Permit},
        port::PortAdmission,
        support::catch_panic,
    },
    domain::kernel::{Aggregate, Fall, Standing},
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

impl<A: Aggregate> AggregateKind<A> {
    /// Admits one more command, or turns it away soon, so that admitted commands are served in
    /// time.
    pub(super) async fn admit(&self) -> Result<Permit, RequestError> {
        Ok(self.admission.enter(Some(self.admitted_by())).await?)
    }

    /// The answer of the gate of the step that this command may lead to, if it may. A refusal
    /// matters only if the command does begin the step.
    pub(super) async fn ask_for_step(&self, command: &A::Command) -> Option<Result<Permit, Away>> {
        let gate = self.step.as_ref().filter(|_| A::takes_step(command))?;
        Some(gate.enter(Some(self.admitted_by())).await)
    }

    /// Names the gate of the step as the cause of a failure, while that gate is closed.
    pub(super) fn after_step(&self, takes_step: bool, trouble: RequestError) -> RequestError {
        let gate = self.step.as_ref().filter(|_| takes_step);
        match (gate.map(|gate| gate.peek()), trouble) {
            (Some(Err(away)), RequestError::Fell { how: Fall::Unavailable, because, number }) => {
                let Away { gate, retry_after, .. } = away;
                RequestError::Unavailable { gate, because, number, retry_after }
            }
            (_, trouble) => trouble,
        }
    }

    fn admitted_by(&self) -> Instant {
        Instant::now() + Duration::from_millis(self.shared.settings.admit_within_ms)
    }
}

impl<A: Aggregate> AggregateKind<A> {
    /// Turns a client away that would wait for a service that admits no caller now. A command whose
    /// outcome does not wait for the service passes.
    pub(in crate::actors) fn look_ahead(
        &self,
        command: &A::Command,
        state: &A,
        events: &[A::Event],
    ) -> Result<(), RequestError> {
        let passage = self.passage(command).filter(|_| !events.is_empty());
        let Some(passage) = passage else { return Ok(()) };
        let then = || events.iter().cloned().fold(state.clone(), A::evolve).standing();
        match catch_panic(then) {
            Ok(Standing::Pending) => Ok(passage.foresee()?),
            // A panic is handled later, where the instance can be rebuilt.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The admission to the outside service whose answer a client of this command waits for.
    pub(super) fn passage(&self, command: &A::Command) -> Option<Arc<PortAdmission>> {
        self.shared.passages.get(A::through(command)?)
    }
}

/// Names the gate that caused a failure, and when to retry.
pub fn explained(passage: Option<&PortAdmission>, trouble: RequestError) -> RequestError {
    match (passage, trouble) {
        (Some(passage), RequestError::Fell { how: Fall::Unavailable, because, number }) => {
            let (gate, retry_after) = passage.in_the_way();
            RequestError::Unavailable { gate, because, number, retry_after }
        }
        (_, trouble) => trouble,
    }
}
