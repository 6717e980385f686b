//! The wait for the outcome of a command, and the answer to a client whose wait time ends first.
//!
//! An answer says that a command was not carried out only when this is certain. As long as the
//! command may still be carried out, the answer is 202 with the path of the outcome.

use super::{
    envelope::{Content, ReplyReceiver, ReplyTo, Told},
    idempotency::{AnswerState, Watch},
    kind::AggregateKind,
    stored_answers::Keeping,
};
use crate::{
    actors::{
        api::{IdempotencyKey, Outcome, Reply, RequestError, Sight, busy},
        port::PortAdmission,
        support::batch_wakes,
    },
    domain::kernel::Aggregate,
};
use std::{future::Future, pin::pin, sync::Arc, time::Duration};
use tokio::time::timeout;

pub type Reached = Result<Reply, RequestError>;

/// What a client waits for.
#[derive(Clone)]
pub struct Waits {
    /// The number of the aggregate.
    pub number: u64,
    /// The longest wait.
    pub wait_max: Duration,
    /// The admission to the outside service whose answer is waited for.
    pub admission: Option<Arc<PortAdmission>>,
    /// The idempotency key, if there is one.
    pub keyed: Option<(IdempotencyKey, Watch)>,
    /// Whether the number is that of a new aggregate.
    pub is_new: bool,
    /// What the client may see.
    pub sight: Sight,
}

/// The reason when the stored answer of a request with a key is not durable in time.
const NOT_DURABLE: &str = "the answer is not durable yet; retry with the same key";

/// The part of a wait that goes on when the system is about to stop.
const SHORT_WAIT: Duration = Duration::from_millis(100);

/// The answer did not come in time.
struct NotInTime;

impl<A: Aggregate> AggregateKind<A> {
    /// Waits for the answer. When the wait time ends first, or the awaited port request is
    /// deferred, the answer shows the current state.
    pub(super) async fn within(&self, mut waits: Waits, mut receiver: ReplyReceiver) -> Reached {
        let is_deferred = loop {
            let answered =
                unless_deferred(waits.admission.clone(), waits.number, batch_wakes(&mut receiver));
            match self.in_time(waits.wait_max, answered).await {
                Ok(Some(Ok(Told::Reply(reached)))) => return reached,
                Ok(Some(Ok(Told::Moved(number, next)))) => {
                    (waits.number, receiver) = (number, next);
                }
                Ok(Some(Err(_))) => return Box::pin(self.after_loss(&waits)).await,
                Ok(None) => break true,
                Err(NotInTime) => break false,
            }
        };
        // What is rare is boxed: the future of each command would have room for it and be copied.
        let answer = Box::pin(self.answer_in_time(&waits, Some(receiver))).await;
        if !is_deferred {
            // The step that the client waited for was not taken in time.
            let (reply, _) = ReplyTo::channel();
            self.post(waits.number, Content::GiveUp(reply));
        }
        answer
    }

    /// Waits for at most this time, and not longer than a little when the system is about to stop.
    async fn in_time<T>(
        &self,
        wait_max: Duration,
        answered: impl Future<Output = T>,
    ) -> Result<T, NotInTime> {
        let mut answered = pin!(answered);
        // Most answers come at once, and nothing else is waited for meanwhile.
        let short = wait_max.min(SHORT_WAIT);
        if let Ok(answered) = timeout(short, answered.as_mut()).await {
            return Ok(answered);
        }
        tokio::select! {
            biased;
            answered = timeout(wait_max.saturating_sub(short), answered) => {
                answered.map_err(|_| NotInTime)
            }
            () = self.shared.waits_end.cancelled() => Err(NotInTime),
        }
    }

    /// The answer when the reply channel was dropped without one: with the command, or in the list
    /// of waiting clients.
    async fn after_loss(&self, waits: &Waits) -> Reached {
        let unknown = "it is unknown whether the command was carried out";
        if waits.keyed.is_some() || !waits.is_new {
            return Err(RequestError::Failed(unknown.to_owned()));
        }
        // The number is new, so any state found under it comes from this command.
        match timeout(waits.wait_max, self.shown_to(waits)).await {
            Ok(Ok(reply)) => Ok(Reply { outcome: Outcome::Pending, ..reply }),
            Ok(Err(RequestError::NotFound { .. })) => Err(busy(A::NAME)),
            _ => Err(RequestError::Failed(unknown.to_owned())),
        }
    }

    /// The present state, as far as the client may see it.
    async fn shown_to(&self, waits: &Waits) -> Reached {
        self.ask(waits.number, |reply| Content::Show(waits.sight.clone(), reply, None)).await
    }

    /// The answer to a client that cannot wait any longer.
    pub(super) async fn answer_in_time(
        &self,
        waits: &Waits,
        mut receiver: Option<ReplyReceiver>,
    ) -> Reached {
        let shown = timeout(waits.wait_max, self.shown_to(waits)).await;
        match receiver.as_mut().map(ReplyReceiver::try_recv) {
            Some(Ok(Told::Reply(reached))) => return reached,
            // What is shown is another aggregate.
            Some(Ok(Told::Moved(number, receiver))) => {
                let waits = Waits { number, ..waits.clone() };
                return Box::pin(self.answer_in_time(&waits, Some(receiver))).await;
            }
            Some(Err(_)) | None => {}
        }
        let (reply, is_shown) = match shown {
            Ok(Ok(reply)) => (Reply { outcome: Outcome::Pending, ..reply }, true),
            _ => (self.undecided_reply(waits.number), false),
        };
        let later_receiver = receiver.take_if(|_| waits.is_new && !is_shown);
        let Some((key, watch)) = &waits.keyed else {
            self.undecided.add(waits.number, later_receiver);
            return Ok(reply);
        };
        match watch.give_up(&reply) {
            AnswerState::Undecided(reply) => {
                self.undecided.add(waits.number, later_receiver);
                Ok(reply)
            }
            AnswerState::GivenUp(reply) => {
                let (fingerprint, stream) = (key.fingerprint, self.stream(waits.number));
                let keeping = Keeping { fingerprint, stream, is_first: false };
                let kept = self.shared.keep_answer(key.key, keeping, Ok(reply), waits.wait_max);
                let kept = kept.await;
                match &kept {
                    Err(request_error) if !is_unknown(request_error) => watch.take_back(),
                    Err(_) => {}
                    Ok(_) => watch.land(),
                }
                kept
            }
            // The aggregate has submitted the answer, which is on its way to the disk.
            AnswerState::Open | AnswerState::Pending | AnswerState::Answered => {
                let answered =
                    async { batch_wakes(receiver.or(later_receiver)?).await.ok()?.reply() };
                let answered = timeout(waits.wait_max, answered).await.ok().flatten();
                answered.unwrap_or_else(|| Err(RequestError::Failed(NOT_DURABLE.to_owned())))
            }
        }
    }

    /// The reply about an aggregate whose command is not decided yet.
    fn undecided_reply(&self, number: u64) -> Reply {
        Reply {
            outcome: Outcome::Pending,
            number,
            version: 0,
            position: self.shared.journal.durable(),
            body: b"{}".to_vec(),
            available_commands: [].as_slice().into(),
        }
    }
}

const fn is_unknown(request_error: &RequestError) -> bool {
    matches!(request_error, RequestError::Failed(_))
}

/// The answer; `None` when the port request that it waits for was deferred first.
async fn unless_deferred<T>(
    admission: Option<Arc<PortAdmission>>,
    number: u64,
    receiver: impl Future<Output = T>,
) -> Option<T> {
    let Some(admission) = admission.filter(|admission| admission.may_put_off()) else {
        return Some(receiver.await);
    };
    tokio::select! {
        biased;
        reached = receiver => Some(reached),
        () = admission.is_put_off(number) => None,
    }
}
