//! What an aggregate hands to the journal, and what happens once that is durable.

use super::{Condition, Living};
use crate::{
    actors::{
        facade::{IdempotencyKey, Reply, Trouble},
        flight::Flight,
        letter::{Ack, ClientCall, Delivery, InsideCall, ReplyTo, Teller, Undelivered},
    },
    domain::kernel::{Aggregate, Rejection, Timestamp, command_name},
    store::{
        Cause, Lease, Payload, StoredAnswer, StoredOutcome, codec,
        journal::{Done, Entry, Journal, Snapshot, Submission},
    },
};
use actix::Context;
use std::{fmt::Debug, mem, sync::Arc, time::Duration};

impl<A: Aggregate> Living<A> {
    /// What goes into the journal about whoever spoke, and what happens once it is durable.
    pub(super) fn prepare(
        &mut self,
        teller: Teller,
        outcome: StoredOutcome,
        version: u32,
    ) -> (Heading, Landing) {
        let mut landing = Landing::default();
        let is_pending = self.is_pending();
        if !is_pending {
            for (outcome, to) in mem::take(&mut self.waiting) {
                landing.replies.push((to, self.answer(outcome, version)));
            }
        }
        let heading = match teller {
            Teller::Inside(InsideCall { origin, mandate, when, ack }) => {
                landing.ack = Some((when, ack));
                let correlation = origin.conversation;
                let speaker = Some(mandate.lease);
                Heading {
                    cause: Cause::Dispatch(origin),
                    correlation,
                    speaker,
                    is_waited_for: false,
                    answer: None,
                }
            }
            Teller::Client(ClientCall { reply, key, flight, outcome: called, .. }) => {
                let is_rejected = matches!(outcome, StoredOutcome::Rejected { .. });
                let is_waited_for = is_pending && !is_rejected;
                if is_waited_for {
                    self.waiting.push((called, reply));
                } else {
                    landing.replies.push((reply, self.answer(called, version)));
                }
                landing.flight = flight;
                let cause = Cause::Request(key.map(|key| key.key));
                let stream = self.room.stream(self.number);
                let answer = key.map(|IdempotencyKey { key, fingerprint }| {
                    (key, StoredAnswer { fingerprint, stream, outcome })
                });
                Heading { cause, correlation: self.number, speaker: None, is_waited_for, answer }
            }
        };
        (heading, landing)
    }

    /// Hands everything to the journal; what was based on it starts over when it is not taken.
    pub(super) fn submit(
        &mut self,
        heading: Heading,
        entries: Vec<Entry>,
        mut landing: Landing,
        now: Timestamp,
        ctx: &mut Context<Self>,
    ) {
        let after_version = self.version;
        let version = after_version + u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let delivered = landing.take_ack_of_submission();
        let submitted = self.room.shared.journal.submit(Submission {
            stream: self.room.stream(self.number),
            after_version,
            generation: self.generation,
            entries,
            time: now,
            correlation: heading.correlation,
            cause: heading.cause,
            answer: heading.answer,
            snapshot: self.due_snapshot(after_version, version),
            leases: [Some(self.lease.clone()), heading.speaker],
            done: Some(landing.into_done(Arc::clone(&self.room.shared.journal))),
        });
        match submitted {
            Ok(placed) => {
                if version > after_version {
                    (self.version, self.position) = (version, placed.last_position);
                }
                if let Some(ack) = delivered {
                    ack.say(Ok(()));
                }
            }
            // Somebody else is this aggregate now, and goes on with what was written.
            Err(_) if self.lease.is_over() => {
                if heading.is_waited_for {
                    self.waiting.pop();
                }
                self.hand_over();
            }
            // Whoever waits is told by what was dropped; the state has gone ahead and is rebuilt.
            Err(error) => {
                tracing::warn!(resource = A::NAME, number = self.number, %error, "not submitted");
                self.waiting.clear();
                self.condition = Condition::Absent;
                self.rebuild_after(Duration::from_millis(1), ctx);
            }
        }
    }

    /// Gives answers that need no record of their own.
    pub(super) fn land(&self, landing: Landing) {
        let journal = &self.room.shared.journal;
        journal.when_durable(self.position, landing.into_done(Arc::clone(journal)));
    }

    fn due_snapshot(&self, before: u32, after: u32) -> Option<Snapshot> {
        let every = self.room.shared.settings.snapshot_every_events;
        let is_due = before / every != after / every;
        is_due.then(|| Snapshot {
            version: after,
            shape: A::SHAPE,
            state: codec::encode(&self.state),
        })
    }
}

/// Who spoke, as the journal remembers it.
pub(super) struct Heading {
    cause: Cause,
    correlation: u64,
    /// The lease of who spoke, inside.
    speaker: Option<Lease>,
    /// Whether the speaker is the last of those who wait.
    is_waited_for: bool,
    /// What is remembered under an idempotency key.
    pub(super) answer: Option<(u128, StoredAnswer)>,
}

/// What happens once a submission is durable, or lost.
#[derive(Default)]
pub(super) struct Landing {
    /// Who is answered what.
    pub(super) replies: Vec<(ReplyTo, Result<Reply, Trouble>)>,
    ack: Option<(Delivery, Ack)>,
    flight: Option<Flight>,
}

impl Landing {
    /// One answer.
    pub(super) fn of(to: ReplyTo, answer: Result<Reply, Trouble>) -> Self {
        Self { replies: vec![(to, answer)], ..Self::default() }
    }

    /// The acknowledgement that need not wait for the disk.
    fn take_ack_of_submission(&mut self) -> Option<Ack> {
        let (_, ack) = self.ack.take_if(|(when, _)| *when == Delivery::Submitted)?;
        Some(ack)
    }

    /// The position that clients are told is the watermark then: theirs is at or before it.
    fn into_done(self, journal: Arc<Journal>) -> Done {
        Box::new(move |durable| {
            // Before anybody can retry, the key is free again.
            drop(self.flight);
            for (to, answer) in self.replies {
                let answer = match &durable {
                    Ok(()) => answer.map(|reply| Reply { position: journal.durable(), ..reply }),
                    Err(lost) => Err(Trouble::Failed(lost.to_string())),
                };
                drop(to.send(answer));
            }
            if let Some((_, ack)) = self.ack {
                ack.say(durable.map_err(|_| Undelivered::Stale));
            }
        })
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
