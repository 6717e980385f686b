//! The port to the outside service of a deed: the calls that do it and undo it.

use super::{Answer, Deed, Outcome, Refusal};
use crate::domain::kernel::{
    Aggregate, Dispatch, FailureKind, Id, Meta, Port, PortReply, PortRequest, RetryPolicy,
};
use serde_json::Value;
use std::marker::PhantomData;

/// What an outside service is asked to do for an aggregate, and to undo.
///
/// ```
/// use madang::domain::{
///     claims::review::{Command, Event, File, Review},
///     kernel::{deed::{Answer, Calls, Deed, Outcome, Service}, prelude::*},
/// };
///
/// struct Archive;
///
/// impl Service for Archive {
///     type Of = Review;
///     const NAME: &'static str = "claims/archive";
///     const DOES: &'static str = "lend";
///     const UNDOES: &'static str = "return";
///
///     fn deed(review: Id<Review>, event: &Event) -> Option<(&Deed, Value)> {
///         match event {
///             Event::ReleaseChanged { deed, .. } => Some((deed, json!({ "reviewId": review }))),
///             _ => None,
///         }
///     }
///
///     fn submits(answer: Answer) -> Command { Command::Answer(answer) }
/// }
///
/// let taking_back = Event::ReleaseChanged { file: File::default(), deed: Deed::TakingBack(2) };
/// let heard = (Id::new(7), taking_back);
/// let meta = Meta { position: 9, version: 9, time: Timestamp(0), correlation: 7 };
/// let request = Calls::<Archive>::ask(&heard, &meta).unwrap();
/// assert_eq!(request.key, "return-7-2");
/// assert_eq!(request.undoes, Some(("lend", "lend-7-2".into())));
///
/// // A service that declines it has nothing to undo.
/// let reply = PortReply::Declined("it was never lent".into());
/// let dispatch = Calls::<Archive>::on_reply(&heard, &meta, &reply);
/// let taken_back = Command::Answer(Answer { attempt: 2, outcome: Outcome::TakenBack });
/// assert_eq!(dispatch, Dispatch::new(Id::<Review>::new(7), taken_back));
/// ```
pub trait Service: 'static {
    /// The aggregate that has the deed in its state.
    type Of: Aggregate;
    /// The name of the port, `business/name`. It never changes once written to a journal.
    const NAME: &'static str;
    /// The operation of the service that does the deed.
    const DOES: &'static str;
    /// The operation that undoes it.
    const UNDOES: &'static str;

    /// What has become of the deed by this event, and the details of the calls, a JSON object.
    fn deed(of: Id<Self::Of>, event: &<Self::Of as Aggregate>::Event) -> Option<(&Deed, Value)>;

    /// The command with the answer of the service.
    fn submits(answer: Answer) -> <Self::Of as Aggregate>::Command;
}

/// The port of a deed.
///
/// Each attempt has idempotency keys of its own. A call that does the deed has a time limit. A call
/// that undoes it is repeated until the service answers; a service that declines it has nothing to
/// undo. A deed that the gate refused was not done, so it is not undone.
#[derive(Clone, Copy, Debug)]
pub struct Calls<S>(PhantomData<fn() -> S>);

impl<S: Service> Port for Calls<S> {
    const NAME: &'static str = S::NAME;
    type Events = (Id<S::Of>, <S::Of as Aggregate>::Event);

    fn ask((of, event): &Self::Events, _meta: &Meta) -> Option<PortRequest> {
        let (deed, mut body) = S::deed(*of, event)?;
        let (Deed::Asked(attempt) | Deed::TakingBack(attempt)) = deed else { return None };
        let key = |operation: &str| format!("{operation}-{of}-{attempt}");
        let (operation, undoes, retry_policy) = match deed {
            Deed::Asked(_) => (S::DOES, None, RetryPolicy::UntilDeadline),
            _ => (S::UNDOES, Some((S::DOES, key(S::DOES))), RetryPolicy::UntilAnswered),
        };
        body["operation"] = operation.into();
        Some(PortRequest { operation, key: key(operation), undoes, body, retry_policy })
    }

    fn on_reply((of, event): &Self::Events, _meta: &Meta, reply: &PortReply) -> Dispatch {
        let refusal = |how, reason: &String| Refusal { how, reason: reason.clone() };
        let deed = S::deed(*of, event).map(|(deed, _)| deed);
        let outcome = match (deed, reply) {
            (Some(Deed::TakingBack(_)), _) => Outcome::TakenBack,
            (_, PortReply::Approved(_)) => Outcome::Done,
            (_, PortReply::Declined(reason)) => {
                Outcome::Failed(refusal(FailureKind::Refused, reason))
            }
            (_, PortReply::TurnedAway(reason)) => {
                Outcome::Failed(refusal(FailureKind::Unavailable, reason))
            }
            (_, PortReply::Unreachable(reason)) => {
                Outcome::Lost(refusal(FailureKind::Unavailable, reason))
            }
        };
        let attempt = deed.and_then(Deed::attempt).unwrap_or_default();
        Dispatch::new(*of, S::submits(Answer { attempt, outcome }))
    }
}
