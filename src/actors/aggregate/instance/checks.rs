//! Checks of a command beside its decision: the sender's version or fence, and the gates of what
//! follows.

use super::{Instance, pending_reply::PendingReply};
use crate::{
    actors::{
        aggregate::{
            envelope::{ClientCommand, Sender},
            kind::AggregateKind,
            numbers::check_chosen,
        },
        api::RequestError,
        dispatch::DeliveryError,
        support::catch_panic,
    },
    domain::kernel::Aggregate,
};

impl<A: Aggregate> Instance<A> {
    /// Refuses a client that would wait for a service whose gate admits no caller, or create an
    /// aggregate under an invalid number. A command that creates an aggregate was checked before it
    /// got a number.
    pub(super) fn precheck(
        &self,
        command: &A::Command,
        events: &[A::Event],
        sender: &Sender,
    ) -> Result<(), RequestError> {
        if matches!(sender, Sender::Client(_)) && !self.is_born && !events.is_empty() {
            check_chosen(self.number, A::NAME)?;
        }
        match sender {
            Sender::Client(call) if self.version > 0 => {
                self.aggregate.precheck(command, &self.state, events)?;
                self.check_step(events, call)
            }
            _ => Ok(()),
        }
    }

    /// Refuses a client whose command would begin a step while the gate of the step admits no
    /// caller.
    fn check_step(&self, events: &[A::Event], call: &ClientCommand) -> Result<(), RequestError> {
        let Some(Err(refused)) = call.step.as_ref().filter(|_| !events.is_empty()) else {
            return Ok(());
        };
        let then = || events.iter().cloned().fold(self.state.clone(), A::evolve).step_is_pending();
        // A panic is handled later, where the instance can be rebuilt.
        if catch_panic(then).unwrap_or_default() { Err(refused.clone().into()) } else { Ok(()) }
    }

    /// Checks the permission of a client against the owner. Replies and returns `None` when the
    /// aggregate belongs to another customer.
    pub(super) fn permit(&self, sender: Sender) -> Option<Sender> {
        let Sender::Client(call) = sender else { return Some(sender) };
        let not_found = || AggregateKind::<A>::not_found(self.number);
        let permitted = match &call.permission {
            Some(permission) if self.is_born => {
                permission.check(self.owner().map(|owner| &**owner), A::READERS, not_found)
            }
            _ => Ok(()),
        };
        match permitted {
            Ok(()) => Some(Sender::Client(call)),
            Err(request_error) => {
                self.land(PendingReply::of(call.reply, Err(request_error)));
                None
            }
        }
    }

    /// Checks `If-Match` (clients) or the fence (internal senders). Replies and returns `None` when
    /// it is stale.
    pub(super) fn admit(&self, sender: Sender) -> Option<Sender> {
        let actual = self.version;
        match sender {
            Sender::Client(call) => match call.if_match.filter(|version| *version != actual) {
                None => Some(Sender::Client(call)),
                Some(expected) => {
                    let differs = RequestError::VersionDiffers { expected, actual };
                    self.land(PendingReply::of(call.reply, Err(differs)));
                    None
                }
            },
            Sender::Inside(call) if call.fence.holds_in(self.generation) => {
                Some(Sender::Inside(call))
            }
            Sender::Inside(call) => {
                call.ack.report(Err(DeliveryError::Stale));
                None
            }
        }
    }
}
