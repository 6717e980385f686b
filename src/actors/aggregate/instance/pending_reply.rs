//! Replies that are sent when a commit is durable, and the replies when it is lost.

use crate::{
    actors::{
        aggregate::{
            envelope::{Keyed, ReplyTo},
            idempotency::KeyGuard,
            representations::{Shown, Stamp},
            services::Services,
        },
        api::{Reply, RequestError},
        dispatch::{Ack, AckLevel, DeliveryError},
        gate::{CallOutcome, Permit},
    },
    domain::kernel::{Aggregate, Rejection, command_name},
    store::{
        Answers, Cause, Lease, Payload, Principals, Stream, codec,
        journal::{CommitError, Done, Entry},
    },
    traces::TraceContext,
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
    pub(super) issuer: Option<Lease>,
    /// The answers to store under idempotency keys.
    pub(super) answers: Answers,
    /// The people behind the record.
    pub(super) principals: Option<Arc<Principals>>,
    /// The trace of the request that led to the record.
    pub(super) trace: Option<Arc<TraceContext>>,
    /// Whether the aggregate begins with the record.
    pub(super) is_creation: bool,
}

impl RecordHeader {
    /// A header for answers alone, in the conversation of this number.
    pub(super) fn of_answers(number: u64) -> Self {
        let (cause, answers) = (Cause::Request(None), Answers::default());
        Self {
            cause,
            correlation: number,
            issuer: None,
            answers,
            principals: None,
            trace: None,
            is_creation: false,
        }
    }
}

/// The replies and acknowledgements due once a submission is durable, or lost.
#[derive(Default)]
pub(super) struct PendingReply {
    /// The answers to clients that waited for this version.
    pub(super) waited: Vec<Answered>,
    /// The answer to the sender, if it is a client and does not go on waiting.
    pub(super) issuer: Option<Answered>,
    /// Whether the sender is a client that goes on waiting.
    pub(super) client_waits: bool,
    /// The key guard of a sender that goes on waiting. Its key is not free before this is durable,
    /// even if the instance where the sender waits is gone.
    pub(super) pending: Option<KeyGuard>,
    pub(super) ack: Option<(AckLevel, Ack)>,
    pub(super) permit: Option<Permit>,
    /// What to insert into the cache of representations.
    pub(super) shown: Option<(Stream, Stamp, Shown)>,
}

/// A client and its answer.
pub(super) struct Answered {
    pub(super) to: ReplyTo,
    pub(super) answer: Result<Reply, RequestError>,
    /// The position named in an answer that is stored under a key.
    pub(super) position_cell: Option<Arc<AtomicU64>>,
    /// The key guard; it is dropped once the answer is durable.
    pub(super) keyed: Option<Box<Keyed>>,
}

impl PendingReply {
    /// One answer.
    pub(super) fn of(to: ReplyTo, answer: Result<Reply, RequestError>) -> Self {
        let issuer = Answered { to, answer, position_cell: None, keyed: None };
        Self { issuer: Some(issuer), ..Self::default() }
    }

    /// The acknowledgement that need not wait for the disk.
    pub(super) fn take_ack_of_submission(&mut self) -> Option<Ack> {
        let (_, ack) = self.ack.take_if(|(when, _)| *when == AckLevel::Submitted)?;
        Some(ack)
    }

    pub(super) fn into_done(self, shared: Arc<Services>) -> Done {
        let reply_on_commit = ReplyOnCommit { pending_reply: self, shared };
        Box::new(move |durable| reply_on_commit.send(durable))
    }
}

/// A pending reply that is sent once its commit is durable, or lost. When it is dropped unsent, it
/// replies that the journal did not accept the commit.
struct ReplyOnCommit {
    pending_reply: PendingReply,
    shared: Arc<Services>,
}

impl ReplyOnCommit {
    /// Sends the replies. Their position is the watermark at that time, which is at or after the
    /// client's record. With a key, it is the stored position, which is the same for each retry.
    fn send(mut self, durable: Result<(), CommitError>) {
        let PendingReply { waited, issuer, ack, permit, shown, .. } =
            mem::take(&mut self.pending_reply);
        if let (Ok(()), Some((stream, stamp, shown))) = (&durable, shown) {
            self.shared.representations.insert(stream, stamp, Arc::new(shown));
        }
        if let Some(permit) = permit {
            let is_durable = durable.is_ok();
            permit.report(if is_durable { CallOutcome::Succeeded } else { CallOutcome::Failed });
        }
        let position = self.shared.journal.durable();
        for Answered { to, answer, position_cell, keyed } in waited.into_iter().chain(issuer) {
            // The key is freed before the reply is sent, so that a retry finds it free.
            drop(keyed);
            let position = position_cell
                .map_or(position, |position_cell| position_cell.load(Ordering::Acquire));
            let answer = match &durable {
                Ok(()) => answer.map(|reply| Reply { position, ..reply }),
                Err(lost) => Err(lost.clone().into()),
            };
            to.send(answer);
        }
        if let Some((_, ack)) = ack {
            ack.report(durable.map_err(|_| DeliveryError::Stale));
        }
    }
}

impl Drop for ReplyOnCommit {
    fn drop(&mut self) {
        let PendingReply { waited, issuer, permit, .. } = mem::take(&mut self.pending_reply);
        if let Some(permit) = permit {
            permit.report(CallOutcome::Failed);
        }
        if let Some(Answered { to, keyed, .. }) = issuer {
            drop(keyed);
            to.send(Err(self.shared.journal_is_busy()));
        }
        // The commands of these clients were carried out. Only the outcome could not be stored.
        for Answered { to, keyed, .. } in waited {
            drop(keyed);
            let reason = "the command was carried out; its outcome is not stored yet".to_owned();
            to.send(Err(RequestError::Failed(reason)));
        }
    }
}

/// The journal entry of an event.
pub(super) fn event_entry<A: Aggregate>(event: A::Event) -> Entry {
    let payload = Payload::Event(codec::encode(&event));
    Entry { payload, typed: Some(Arc::new(event)) }
}

/// The journal entry of a rejection.
pub(super) fn refusal_entry(command: &impl Debug, rejection: &impl Rejection) -> Entry {
    let (command, reason) = (command_name(command), rejection.to_string());
    let rejection = codec::encode(rejection);
    Entry { payload: Payload::Refused { command, reason, rejection }, typed: None }
}
