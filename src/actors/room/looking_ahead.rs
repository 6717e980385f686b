//! Looking ahead: whether the outside service that a client would wait for lets anybody through
//! now, before anything is begun; and what is told afterwards to whoever waited in vain.

use super::Room;
use crate::{
    actors::{crash::caught, facade::Trouble, passage::Passage},
    domain::kernel::{Aggregate, Fall, Standing},
};
use std::sync::Arc;

impl<A: Aggregate> Room<A> {
    /// Turns away whoever would wait for a service that turns everybody away now. What nobody
    /// would have to wait for is let pass.
    pub(in crate::actors) fn look_ahead(
        &self,
        command: &A::Command,
        state: &A,
        events: &[A::Event],
    ) -> Result<(), Trouble> {
        let passage = self.passage(command).filter(|_| !events.is_empty());
        let Some(passage) = passage else { return Ok(()) };
        let then = || events.iter().cloned().fold(state.clone(), A::evolve).standing();
        match caught(then) {
            Ok(Standing::Pending) => Ok(passage.foresee()?),
            // A crash is met where it can be healed.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The way to the outside service whose answer whoever says this waits for.
    pub(super) fn passage(&self, command: &A::Command) -> Option<Arc<Passage>> {
        self.shared.passages.get(A::through(command)?)
    }
}

/// Says which gate was in the way of what did not come about, and when to come back.
pub(super) fn explained(passage: Option<&Passage>, trouble: Trouble) -> Trouble {
    match (passage, trouble) {
        (Some(passage), Trouble::Fell { how: Fall::Unavailable, because, number }) => {
            let (gate, retry_after) = passage.in_the_way();
            Trouble::Unavailable { gate, because, number, retry_after }
        }
        (_, trouble) => trouble,
    }
}
