//! Stored answers under idempotency keys: what is stored of an answer, and how it is read back.

use super::services::Services;
use crate::{
    actors::{
        api::{Outcome, Possible, Reply, RequestError},
        support::{batch_wakes, now},
    },
    domain::kernel::RejectionKind,
    store::{
        Answer, Answers, Cause, StoredAnswer, StoredOutcome, StoredReply, StoredSuccess, Stream,
        journal::Submission,
    },
};
use std::time::Duration;
use tokio::{sync::oneshot, time::timeout};

/// What is stored of an answer. `None` when the answer says that nothing was done, or that the
/// result is unknown: then a retry under the same key is carried out.
pub fn stored(answer: &Result<Reply, RequestError>) -> Option<StoredOutcome> {
    Some(match answer {
        Ok(reply) => StoredOutcome::Replied(stored_reply(reply)),
        Err(RequestError::Rejected { kind, because }) => {
            StoredOutcome::Rejected { kind: *kind, because: because.clone() }
        }
        Err(trouble @ RequestError::NotFound { .. }) => {
            StoredOutcome::Rejected { kind: RejectionKind::Unknown, because: trouble.to_string() }
        }
        Err(RequestError::Fell { how, because, number }) => {
            StoredOutcome::Fell { how: *how, because: because.clone(), number: *number }
        }
        Err(RequestError::Unavailable { gate, because, number, retry_after }) => {
            let retry_after_ms = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX);
            let (gate, because) = (gate.to_string(), because.clone());
            StoredOutcome::Unavailable { gate, because, number: *number, retry_after_ms }
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
        possible: reply.possible.names().map(str::to_owned).collect(),
    }
}

/// The answer that was stored. `Err` is the version after the command when it was carried out
/// without a stored answer.
pub fn recalled(outcome: StoredOutcome) -> Result<Result<Reply, RequestError>, u32> {
    Ok(match outcome {
        StoredOutcome::Accepted { version } => return Err(version),
        StoredOutcome::Rejected { kind, because } => Err(RequestError::Rejected { kind, because }),
        StoredOutcome::Replied(reply) => Ok(recalled_reply(reply)),
        StoredOutcome::Fell { how, because, number } => {
            Err(RequestError::Fell { how, because, number })
        }
        StoredOutcome::Unavailable { gate, because, number, retry_after_ms } => {
            let retry_after = Duration::from_millis(retry_after_ms);
            Err(RequestError::Unavailable { gate: gate.into(), because, number, retry_after })
        }
    })
}

fn recalled_reply(reply: StoredReply) -> Reply {
    let StoredReply { success, number, version, position, body, possible } = reply;
    let outcome = match success {
        StoredSuccess::Created => Outcome::Created,
        StoredSuccess::Done => Outcome::Done,
        StoredSuccess::Pending => Outcome::Pending,
    };
    Reply { outcome, number, version, position, body, possible: Possible::Stored(possible) }
}

impl Services {
    /// Stores an answer by itself and waits until it is durable, so that it may be sent. When
    /// nothing of it is to be stored, it may be sent at once.
    ///
    /// # Errors
    /// The answer to send instead: this one was not stored, or it is unknown whether it was.
    pub async fn keep_answer(
        &self,
        key: u128,
        keeping: Keeping,
        answer: Result<Reply, RequestError>,
        patience: Duration,
    ) -> Result<Reply, RequestError> {
        let Some(outcome) = stored(&answer) else { return answer };
        let Keeping { fingerprint, stream, is_first } = keeping;
        let to_be_stored = StoredAnswer { fingerprint, stream, outcome };
        let (said, durable) = oneshot::channel();
        self.journal.submit(Submission {
            stream,
            after_version: 0,
            generation: self.journal.generation(),
            entries: Vec::new(),
            time: now(),
            correlation: stream.number,
            cause: Cause::Request(Some(key)),
            answer: Some(Answers::from(Answer { key, answer: to_be_stored, is_first })),
            snapshot: None,
            leases: [None, None],
            done: Some(Box::new(move |outcome| drop(said.send(outcome)))),
        })?;
        let unknown = "the answer is not durable yet; the same key tells";
        match timeout(patience, batch_wakes(durable)).await {
            Ok(Ok(durable)) => durable?,
            Ok(Err(_)) | Err(_) => return Err(RequestError::Failed(unknown.to_owned())),
        }
        answer
    }
}

/// What is stored beside an answer.
#[derive(Clone, Copy, Debug)]
pub struct Keeping {
    /// A hash of the whole request.
    pub fingerprint: u128,
    /// The stream it went to; of number 0 when it went to none.
    pub stream: Stream,
    /// Whether nothing is stored under this key yet.
    pub is_first: bool,
}
