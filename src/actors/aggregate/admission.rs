//! Who is let in with a command: the gate in front of the whole kind, and the one in front of a
//! step of another aggregate that clients would wait for.
//!
//! A permit of the first is held until the answer is durable, and not while a client then waits
//! for a payment or for a person: by Little's law the commands under way are those that come in
//! a second times the seconds that each takes, and it is the time in *this* machine (mailbox,
//! decision, journal) that must be kept short by keeping them few. Whoever merely waits costs a
//! little memory. Reads need no permit: as writes can never fill the mailboxes, they stay alive.

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
    /// Lets one more command in, or turns it away soon: those served are served in time.
    pub(super) async fn admit(&self) -> Result<Permit, RequestError> {
        Ok(self.admission.enter(Some(self.admitted_by())).await?)
    }

    /// What the gate of the step says that this command may lead to, if it may. Only when it does,
    /// being turned away there matters.
    pub(super) async fn ask_for_step(&self, command: &A::Command) -> Option<Result<Permit, Away>> {
        let gate = self.step.as_ref().filter(|_| A::takes_step(command))?;
        Some(gate.enter(Some(self.admitted_by())).await)
    }

    /// Says that it was the step which did not come about, while nobody is let through to it.
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
    /// Turns away whoever would wait for a service that turns everybody away now. What nobody
    /// would have to wait for is let pass.
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
            // A crash is met where it can be healed.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The way to the outside service whose answer whoever says this waits for.
    pub(super) fn passage(&self, command: &A::Command) -> Option<Arc<PortAdmission>> {
        self.shared.passages.get(A::through(command)?)
    }
}

/// Says which gate was in the way of what did not come about, and when to come back.
pub fn explained(passage: Option<&PortAdmission>, trouble: RequestError) -> RequestError {
    match (passage, trouble) {
        (Some(passage), RequestError::Fell { how: Fall::Unavailable, because, number }) => {
            let (gate, retry_after) = passage.in_the_way();
            RequestError::Unavailable { gate, because, number, retry_after }
        }
        (_, trouble) => trouble,
    }
}
