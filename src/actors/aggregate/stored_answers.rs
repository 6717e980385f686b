//! Stored answers under idempotency keys: the conversion of answers to their stored form and back.

use super::services::Services;
use crate::{
    actors::{
        api::{Outcome, Possible, Reply, RequestError},
        support::{batch_wakes, in_millis, now},
    },
    domain::kernel::RejectionKind,
    store::{
        Answer, Answers, Cause, StoredAnswer, StoredOutcome, StoredReply, StoredSuccess, Stream,
        journal::Submission,
    },
};
use std::time::Duration;
use tokio::{sync::oneshot, time::timeout};

/// The stored form of an answer. `None` when the answer says that nothing was done, or that the
/// result is unknown. A retry with the same key is then carried out.
pub fn stored(answer: &Result<Reply, RequestError>) -> Option<StoredOutcome> {
    Some(match answer {
        Ok(reply) => StoredOutcome::Replied(stored_reply(reply)),
        Err(RequestError::Rejected { kind, reason }) => {
            StoredOutcome::Rejected { kind: *kind, reason: reason.clone() }
        }
        Err(request_error @ RequestError::NotFound { .. }) => StoredOutcome::Rejected {
            kind: RejectionKind::Unknown,
            reason: request_error.to_string(),
        },
        Err(RequestError::FailedLater { how, reason, number }) => {
            StoredOutcome::FailedLater { how: *how, reason: reason.clone(), number: *number }
        }
        Err(RequestError::Unavailable { gate, reason, number, retry_after }) => {
            let retry_after_ms = in_millis(*retry_after);
            let (gate, reason) = (gate.to_string(), reason.clone());
            StoredOutcome::Unavailable { gate, reason, number: *number, retry_after_ms }
        }
        Err(_) => return None,
    })
}

fn stored_reply(reply: &Reply) -> StoredReply {
    StoredReply {
        success: match reply.outcome {
            Outcome::Created => StoredSuccess::Created,
            Outcome::Done => StoredSuccess::Done,
            Outcome::Pending => StoredSuccess::Pending,
        },
        number: reply.number,
        version: reply.version,
        position: reply.position,
        body: reply.body.clone(),
        available_commands: reply.available_commands.names().map(str::to_owned).collect(),
    }
}

/// The answer that was stored. When the command was carried out and no answer is stored, `Err` is
/// the version after the command.
pub fn recalled(outcome: StoredOutcome) -> Result<Result<Reply, RequestError>, u32> {
    Ok(match outcome {
        StoredOutcome::Accepted { version } => return Err(version),
        StoredOutcome::Rejected { kind, reason } => Err(RequestError::Rejected { kind, reason }),
        StoredOutcome::Replied(reply) => Ok(recalled_reply(reply)),
        StoredOutcome::FailedLater { how, reason, number } => {
            Err(RequestError::FailedLater { how, reason, number })
        }
        StoredOutcome::Unavailable { gate, reason, number, retry_after_ms } => {
            let retry_after = Duration::from_millis(retry_after_ms);
            Err(RequestError::Unavailable { gate: gate.into(), reason, number, retry_after })
        }
    })
}

fn recalled_reply(reply: StoredReply) -> Reply {
    let StoredReply { success, number, version, position, body, available_commands } = reply;
    let outcome = match success {
        StoredSuccess::Created => Outcome::Created,
        StoredSuccess::Done => Outcome::Done,
        StoredSuccess::Pending => Outcome::Pending,
    };
    Reply {
        outcome,
        number,
        version,
        position,
        body,
        available_commands: Possible::Stored(available_commands),
    }
}

impl Services {
    /// Stores an answer without a record, and waits until it is durable; then it may be sent. An
    /// answer without a stored form may be sent at once.
    ///
    /// # Errors
    /// The error to send instead: the answer was not stored, or it is unknown whether it was.
    pub async fn keep_answer(
        &self,
        key: u128,
        keeping: Keeping,
        answer: Result<Reply, RequestError>,
        wait_max: Duration,
    ) -> Result<Reply, RequestError> {
        let Some(outcome) = stored(&answer) else { return answer };
        let Keeping { fingerprint, stream, is_first } = keeping;
        let to_be_stored = StoredAnswer { fingerprint, stream, outcome };
        let (sender, durable) = oneshot::channel();
        self.journal.submit(Submission {
            cause: Cause::Request(Some(key)),
            answer: Some(Answers::from(Answer { key, answer: to_be_stored, is_first })),
            done: Some(Box::new(move |outcome| drop(sender.send(outcome)))),
            ..Submission::of(stream, self.journal.generation(), now())
        })?;
        let unknown = "the answer is not durable yet; retry with the same key";
        match timeout(wait_max, batch_wakes(durable)).await {
            Ok(Ok(durable)) => durable?,
            Ok(Err(_)) | Err(_) => return Err(RequestError::Failed(unknown.to_owned())),
        }
        answer
    }
}

/// The data that is stored beside an answer.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// A hash of the whole request.
    pub fingerprint: u128,
    /// The stream that the request went to; its number is 0 when the request went to none.
    pub stream: Stream,
    /// Whether nothing is stored under this key yet.
    pub is_first: bool,
}
