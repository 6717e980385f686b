//! What an aggregate hands to the journal, and what happens once that is durable.

use super::{Condition, Living};
use crate::{
    actors::{
        crash::caught,
        facade::{IdempotencyKey, Reply, Trouble},
        flight::Flight,
        gate::{self, Permit},
        letter::{Ack, ClientCall, Delivery, InsideCall, ReplyTo, Teller, Undelivered},
        room::Shared,
    },
    domain::kernel::{Aggregate, Fall, Rejection, Standing, Timestamp, command_name},
    store::{
        Cause, Lease, Payload, StoredAnswer, StoredOutcome, codec,
        journal::{Done, Entry, Lost, Snapshot, Submission},
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
        self.report_step();
        if !self.is_pending() {
            let waiting = self.waiting.take();
            landing.waited.extend(waiting.map(|(called, to)| (to, self.answer(called, version))));
        }
        let heading = match teller {
            Teller::Inside(InsideCall { origin, mandate, when, ack }) => {
                landing.ack = Some((when, ack));
                let correlation = origin.conversation;
                let speaker = Some(mandate.lease);
                Heading { cause: Cause::Dispatch(origin), correlation, speaker, answer: None }
            }
            Teller::Client(call) => self.prepare_client(call, outcome, version, &mut landing),
        };
        (heading, landing)
    }

    fn prepare_client(
        &mut self,
        call: ClientCall,
        outcome: StoredOutcome,
        version: u32,
        landing: &mut Landing,
    ) -> Heading {
        let ClientCall { reply, key, flight, permit, step, outcome: called, .. } = call;
        let is_rejected = matches!(outcome, StoredOutcome::Rejected { .. });
        if self.is_pending() && !is_rejected {
            let step = step.and_then(Result::ok).filter(|_| self.is_in_step());
            self.waiting.push(called, reply, step);
            landing.speaker_waits = true;
        } else {
            landing.speaker = Some((reply, self.answer(called, version)));
        }
        (landing.flight, landing.permit) = (flight, Some(permit));
        let cause = Cause::Request(key.map(|key| key.key));
        let stream = self.room.stream(self.number);
        let answer = key.map(|IdempotencyKey { key, fingerprint }| {
            (key, StoredAnswer { fingerprint, stream, outcome })
        });
        Heading { cause, correlation: self.number, speaker: None, answer }
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
        let speaker_waits = landing.speaker_waits;
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
            done: Some(landing.into_done(Arc::clone(&self.room.shared))),
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
                if speaker_waits {
                    self.waiting.refuse_last(self.room.shared.journal_is_busy());
                }
                self.hand_over();
            }
            // Whoever waits is told by what was dropped; the state has gone ahead and is rebuilt.
            Err(error) => {
                tracing::warn!(resource = A::NAME, number = self.number, %error, "not submitted");
                if speaker_waits {
                    self.waiting.refuse_last(self.room.shared.journal_is_busy());
                }
                self.condition = Condition::Absent;
                self.rebuild_after(Duration::from_millis(1), ctx);
            }
        }
    }

    /// Gives answers that need no record of their own.
    pub(super) fn land(&self, landing: Landing) {
        let shared = &self.room.shared;
        shared.journal.when_durable(self.position, landing.into_done(Arc::clone(shared)));
    }

    /// Says how the step of another aggregate went that clients wait for, once it is over.
    fn report_step(&mut self) {
        if !self.waiting.is_for_step() || self.is_in_step() {
            return;
        }
        let standing = caught(|| self.state.standing());
        let is_unavailable =
            matches!(standing, Ok(Standing::Fell { how: Fall::Unavailable, .. }) | Err(_));
        let went = if is_unavailable { gate::Outcome::Failed } else { gate::Outcome::Succeeded };
        self.waiting.step_went(went);
    }

    fn is_in_step(&self) -> bool {
        caught(|| self.state.is_in_step()).unwrap_or_default()
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
    /// What is remembered under an idempotency key.
    pub(super) answer: Option<(u128, StoredAnswer)>,
}

/// What happens once a submission is durable, or lost.
#[derive(Default)]
pub(super) struct Landing {
    /// What those are answered who waited for it.
    waited: Vec<Answered>,
    /// What whoever spoke is answered, if it is a client and does not go on waiting.
    pub(super) speaker: Option<Answered>,
    speaker_waits: bool,
    ack: Option<(Delivery, Ack)>,
    flight: Option<Flight>,
    permit: Option<Permit>,
}

/// Who is answered what.
type Answered = (ReplyTo, Result<Reply, Trouble>);

impl Landing {
    /// One answer.
    pub(super) fn of(to: ReplyTo, answer: Result<Reply, Trouble>) -> Self {
        Self { speaker: Some((to, answer)), ..Self::default() }
    }

    /// The acknowledgement that need not wait for the disk.
    fn take_ack_of_submission(&mut self) -> Option<Ack> {
        let (_, ack) = self.ack.take_if(|(when, _)| *when == Delivery::Submitted)?;
        Some(ack)
    }

    fn into_done(self, shared: Arc<Shared>) -> Done {
        let unsaid = Unsaid { landing: self, shared };
        Box::new(move |durable| unsaid.say(durable))
    }
}

/// What is to be said once it is durable, or lost. Dropped unsaid, it says that the journal did
/// not take it.
struct Unsaid {
    landing: Landing,
    shared: Arc<Shared>,
}

impl Unsaid {
    /// The position that clients are told is the watermark then: theirs is at or before it.
    fn say(mut self, durable: Result<(), Lost>) {
        let Landing { waited, speaker, ack, flight, permit, .. } = mem::take(&mut self.landing);
        // Before anybody can retry, the key is free again.
        drop(flight);
        if let Some(permit) = permit {
            let is_durable = durable.is_ok();
            permit.report(if is_durable {
                gate::Outcome::Succeeded
            } else {
                gate::Outcome::Failed
            });
        }
        let position = self.shared.journal.durable();
        for (to, answer) in waited.into_iter().chain(speaker) {
            let answer = match &durable {
                Ok(()) => answer.map(|reply| Reply { position, ..reply }),
                Err(lost) => Err(lost.clone().into()),
            };
            drop(to.send(answer));
        }
        if let Some((_, ack)) = ack {
            ack.say(durable.map_err(|_| Undelivered::Stale));
        }
    }
}

impl Drop for Unsaid {
    fn drop(&mut self) {
        let Landing { waited, speaker, permit, .. } = mem::take(&mut self.landing);
        if let Some(permit) = permit {
            permit.report(gate::Outcome::Failed);
        }
        if let Some((to, _)) = speaker {
            drop(to.send(Err(self.shared.journal_is_busy())));
        }
        // What they began stands, and goes on; only what came of it could not be written down.
        for (to, _) in waited {
            let because = "what came of it could not be written down yet".to_owned();
            drop(to.send(Err(Trouble::Failed(because))));
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
