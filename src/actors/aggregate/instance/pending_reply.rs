//! Replies that wait for a commit to be durable, and the replies when it is lost.

use crate::{
    actors::{
        aggregate::{
            envelope::{Keyed, ReplyTo},
            idempotency::KeyGuard,
            services::Services,
        },
        api::{Reply, RequestError},
        dispatch::{Ack, AckLevel, DeliveryError},
        gate::{Permit, types},
    },
    domain::kernel::{Aggregate, Rejection, command_name},
    store::{
        Answers, Cause, Lease, Payload, codec,
        journal::{CommitError, Done, Entry},
    },
};
use std::{
    fmt::Debug,
    mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The header of a record: its cause, its sender, and the stored answers.
pub(super) struct RecordHeader {
    pub(super) cause: Cause,
    pub(super) correlation: u64,
    /// The lease of an internal sender.
    pub(super) speaker: Option<Lease>,
    /// What is stored under idempotency keys.
    pub(super) answers: Answers,
}

impl RecordHeader {
    /// A header for answers alone, in the conversation of this number.
    pub(super) fn of_answers(number: u64) -> Self {
        let (cause, answers) = (Cause::Request(None), Answers::default());
        Self { cause, correlation: number, speaker: None, answers }
    }
}

/// The replies and acknowledgements due once a submission is durable, or lost.
#[derive(Default)]
pub(super) struct PendingReply {
    /// The answers to clients that waited for this version.
    pub(super) waited: Vec<Answered>,
    /// The answer to the sender, if it is a client and does not go on waiting.
    pub(super) speaker: Option<Answered>,
    pub(super) speaker_waits: bool,
    /// The key guard of a sender that goes on waiting. Its key is not free before this is durable,
    /// even if the instance where the sender waits is gone.
    pub(super) pending: Option<KeyGuard>,
    pub(super) ack: Option<(AckLevel, Ack)>,
    pub(super) permit: Option<Permit>,
}

/// A client and its answer.
pub(super) struct Answered {
    pub(super) to: ReplyTo,
    pub(super) answer: Result<Reply, RequestError>,
    /// The position named in an answer that is stored under a key.
    pub(super) told: Option<Arc<AtomicU64>>,
    /// The key guard; it is dropped once the answer is durable.
    pub(super) keyed: Option<Box<Keyed>>,
}

impl PendingReply {
    /// One answer.
    pub(super) fn of(to: ReplyTo, answer: Result<Reply, RequestError>) -> Self {
        let speaker = Answered { to, answer, told: None, keyed: None };
        Self { speaker: Some(speaker), ..Self::default() }
    }

    /// The acknowledgement that need not wait for the disk.
    pub(super) fn take_ack_of_submission(&mut self) -> Option<Ack> {
        let (_, ack) = self.ack.take_if(|(when, _)| *when == AckLevel::Submitted)?;
        Some(ack)
    }

    pub(super) fn into_done(self, shared: Arc<Services>) -> Done {
        let unsaid = ReplyOnCommit { landing: self, shared };
        Box::new(move |durable| unsaid.say(durable))
    }
}

/// A pending reply that is sent once its commit is durable, or lost. Dropped unsent, it replies
/// that the journal did not take the commit.
struct ReplyOnCommit {
    landing: PendingReply,
    shared: Arc<Services>,
}

impl ReplyOnCommit {
    /// Sends the replies. Their position is the watermark at that time, which is at or after the
    /// client's record. With a key, it is the stored position, which is the same for each retry.
    fn say(mut self, durable: Result<(), CommitError>) {
        let PendingReply { waited, speaker, ack, permit, .. } = mem::take(&mut self.landing);
        if let Some(permit) = permit {
            let is_durable = durable.is_ok();
            permit.report(if is_durable {
                types::Outcome::Succeeded
            } else {
                types::Outcome::Failed
            });
        }
        let position = self.shared.journal.durable();
        for Answered { to, answer, told, keyed } in waited.into_iter().chain(speaker) {
            // The key is freed before the reply is sent, so that a retry finds it free.
            drop(keyed);
            let position = told.map_or(position, |told| told.load(Ordering::Acquire));
            let answer = match &durable {
                Ok(()) => answer.map(|reply| Reply { position, ..reply }),
                Err(lost) => Err(lost.clone().into()),
            };
            drop(to.send(answer));
        }
        if let Some((_, ack)) = ack {
            ack.say(durable.map_err(|_| DeliveryError::Stale));
        }
    }
}

impl Drop for ReplyOnCommit {
    fn drop(&mut self) {
        let PendingReply { waited, speaker, permit, .. } = mem::take(&mut self.landing);
        if let Some(permit) = permit {
            permit.report(types::Outcome::Failed);
        }
        if let Some(Answered { to, keyed, .. }) = speaker {
            drop(keyed);
            drop(to.send(Err(self.shared.journal_is_busy())));
        }
        // The commands of these clients were carried out; only the outcome could not be written
        // down.
        for Answered { to, keyed, .. } in waited {
            drop(keyed);
            let because = "what came of it could not be written down yet".to_owned();
            drop(to.send(Err(RequestError::Failed(because))));
        }
    }
}

/// An event as the journal takes it.
pub(super) fn event_entry<A: Aggregate>(event: A::Event) -> Entry {
    let payload = Payload::Event(codec::encode(&event));
    Entry { payload, typed: Some(Arc::new(event)) }
}

/// A rejection as the journal takes it.
pub(super) fn refusal_entry(command: &impl Debug, rejection: &impl Rejection) -> Entry {
    let (command, because) = (command_name(command), rejection.to_string());
    let rejection = codec::encode(rejection);
    Entry { payload: Payload::Refused { command, because, rejection }, typed: None }
}
