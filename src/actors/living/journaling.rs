//! What an aggregate hands to the journal, and what happens once that is durable.

use super::{Condition, Living, waiting::Client};
use crate::{
    actors::{
        answers::stored,
        crash::caught,
        facade::{IdempotencyKey, Reply, Trouble},
        flight::Flight,
        gate::{self, Permit},
        letter::{Ack, ClientCall, Delivery, InsideCall, Keyed, ReplyTo, Teller, Undelivered},
        room::{Shared, now},
    },
    domain::kernel::{Aggregate, Fall, Rejection, Standing, Timestamp, command_name},
    store::{
        Answer, Answers, Cause, Lease, Payload, StoredAnswer, StoredOutcome, UNPLACED, codec,
        journal::{Done, Entry, Lost, Snapshot, Submission},
    },
};
use actix::Context;
use std::{
    fmt::Debug,
    mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

impl<A: Aggregate> Living<A> {
    /// What goes into the journal about whoever spoke, and what happens once it is durable.
    pub(super) fn prepare(&mut self, teller: Teller, verdict: Verdict) -> (Heading, Landing) {
        let mut landing = Landing::default();
        let mut answers = Answers::default();
        self.report_step();
        if !self.is_pending() {
            self.answer_all(verdict.version(self.version), &mut landing, &mut answers);
        }
        let (cause, correlation, speaker) = match teller {
            Teller::Inside(InsideCall { origin, mandate, when, ack }) => {
                landing.ack = Some((when, ack));
                (Cause::Dispatch(origin), origin.conversation, Some(mandate.lease))
            }
            Teller::Client(call) => {
                let key = call.keyed.as_ref().map(|keyed| keyed.key.key);
                self.prepare_client(call, verdict, &mut landing, &mut answers);
                (Cause::Request(key), self.number, None)
            }
        };
        (Heading { cause, correlation, speaker, answers }, landing)
    }

    fn prepare_client(
        &mut self,
        call: ClientCall,
        verdict: Verdict,
        landing: &mut Landing,
        answers: &mut Answers,
    ) {
        let ClientCall { reply, keyed, permit, step, outcome: called, .. } = call;
        landing.permit = Some(permit);
        let after = verdict.version(self.version);
        let answer = match verdict {
            Verdict::Rejected(trouble) => Err(trouble),
            Verdict::Accepted { version } if self.is_pending() => {
                landing.speaker_waits = true;
                let step = step.and_then(Result::ok).filter(|_| self.is_in_step());
                if let Some(keyed) = &keyed {
                    let given_up = keyed.flight.is_pending().map(Ok);
                    let outcome = given_up.as_ref().and_then(stored);
                    answers.push(self.to_be_stored(keyed, outcome, version, true));
                    landing.pending = Some(keyed.flight.clone());
                }
                return self.waiting.push(called, reply, keyed, step);
            }
            Verdict::Accepted { version } => self.answer(called, version),
        };
        landing.speaker = Some(self.answer_one((reply, answer), keyed, after, true, answers));
    }

    /// Answers everybody who waits for this version, and stores the answers of those with a key.
    pub(super) fn answer_all(
        &mut self,
        version: u32,
        landing: &mut Landing,
        answers: &mut Answers,
    ) {
        for Client { outcome, to, keyed, .. } in self.waiting.take() {
            let answer = self.answer(outcome, version);
            landing.waited.push(self.answer_one((to, answer), keyed, version, false, answers));
        }
    }

    /// Answers one client, and stores the answer if there is a key.
    pub(super) fn answer_one(
        &self,
        (to, answer): (ReplyTo, Result<Reply, Trouble>),
        keyed: Option<Box<Keyed>>,
        version: u32,
        is_first: bool,
        answers: &mut Answers,
    ) -> Answered {
        let Some(keyed) = keyed else { return Answered { to, answer, told: None, keyed: None } };
        if let Some(given_up) = keyed.flight.is_answered().map(Ok) {
            answers.push(self.to_be_stored(&keyed, stored(&given_up), version, is_first));
            return Answered { to, answer: given_up, told: None, keyed: Some(keyed) };
        }
        let answer = answer.map_err(|trouble| self.room.explain(&keyed, trouble));
        let mut outcome = stored(&answer);
        if let Some(StoredOutcome::Replied(reply)) = &mut outcome {
            reply.position = UNPLACED;
        }
        answers.push(self.to_be_stored(&keyed, outcome, version, is_first));
        Answered { to, answer, told: Some(answers.told()), keyed: Some(keyed) }
    }

    /// What is stored under a key: the answer, or only that the command was carried out.
    fn to_be_stored(
        &self,
        keyed: &Keyed,
        outcome: Option<StoredOutcome>,
        version: u32,
        is_first: bool,
    ) -> Answer {
        let IdempotencyKey { key, fingerprint } = keyed.key;
        let outcome = outcome.unwrap_or(StoredOutcome::Accepted { version });
        let stream = self.room.stream(self.number);
        Answer { key, answer: StoredAnswer { fingerprint, stream, outcome }, is_first }
    }

    /// Writes a snapshot as things stand.
    pub(super) fn submit_snapshot(&self) {
        let submission = Submission {
            stream: self.room.stream(self.number),
            after_version: self.version,
            generation: self.generation,
            entries: Vec::new(),
            time: now(),
            correlation: self.number,
            cause: Cause::Request(None),
            answer: None,
            snapshot: Some(self.snapshot(self.version)),
            leases: [Some(self.lease.clone()), None],
            done: None,
        };
        if let Err(error) = self.room.shared.journal.submit(submission) {
            tracing::debug!(resource = A::NAME, number = self.number, %error, "no snapshot");
        }
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
            answer: Some(heading.answers).filter(|answers| !answers.is_empty()),
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
        is_due.then(|| self.snapshot(after))
    }

    fn snapshot(&self, version: u32) -> Snapshot {
        Snapshot { version, shape: A::SHAPE, state: codec::encode(&self.state) }
    }
}

/// What was decided about a command.
pub(super) enum Verdict {
    /// It is accepted; the version after it.
    Accepted { version: u32 },
    /// It is rejected, and a client is told so.
    Rejected(Trouble),
}

impl Verdict {
    const fn version(&self, before: u32) -> u32 {
        match self {
            Self::Accepted { version } => *version,
            Self::Rejected(_) => before,
        }
    }
}

/// Who spoke, as the journal remembers it.
pub(super) struct Heading {
    cause: Cause,
    correlation: u64,
    /// The lease of who spoke, inside.
    speaker: Option<Lease>,
    /// What is stored under idempotency keys.
    pub(super) answers: Answers,
}

impl Heading {
    /// Of what a client is answered in the conversation of this number.
    pub(super) fn of_answers(number: u64) -> Self {
        let (cause, answers) = (Cause::Request(None), Answers::default());
        Self { cause, correlation: number, speaker: None, answers }
    }
}

/// What happens once a submission is durable, or lost.
#[derive(Default)]
pub(super) struct Landing {
    /// What those are answered who waited for it.
    pub(super) waited: Vec<Answered>,
    /// What whoever spoke is answered, if it is a client and does not go on waiting.
    speaker: Option<Answered>,
    speaker_waits: bool,
    /// The key of a speaker who waits is not free before this is durable, even if the instance
    /// that the speaker waits with is gone.
    pending: Option<Flight>,
    ack: Option<(Delivery, Ack)>,
    permit: Option<Permit>,
}

/// Who is answered what.
pub(super) struct Answered {
    to: ReplyTo,
    answer: Result<Reply, Trouble>,
    /// The position that the answer names, when it is stored under a key.
    told: Option<Arc<AtomicU64>>,
    /// The key is free once the answer is durable.
    keyed: Option<Box<Keyed>>,
}

impl Landing {
    /// One answer.
    pub(super) fn of(to: ReplyTo, answer: Result<Reply, Trouble>) -> Self {
        let speaker = Answered { to, answer, told: None, keyed: None };
        Self { speaker: Some(speaker), ..Self::default() }
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
    /// The position that clients are told is the watermark then: theirs is at or before it. With
    /// a key, it is the one that is stored, which is the same for each retry.
    fn say(mut self, durable: Result<(), Lost>) {
        let Landing { waited, speaker, ack, permit, .. } = mem::take(&mut self.landing);
        if let Some(permit) = permit {
            let is_durable = durable.is_ok();
            permit.report(if is_durable {
                gate::Outcome::Succeeded
            } else {
                gate::Outcome::Failed
            });
        }
        let position = self.shared.journal.durable();
        for Answered { to, answer, told, keyed } in waited.into_iter().chain(speaker) {
            // Before anybody can retry, the key is free again.
            drop(keyed);
            let position = told.map_or(position, |told| told.load(Ordering::Acquire));
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
        if let Some(Answered { to, keyed, .. }) = speaker {
            drop(keyed);
            drop(to.send(Err(self.shared.journal_is_busy())));
        }
        // What they began stands, and goes on; only what came of it could not be written down.
        for Answered { to, keyed, .. } in waited {
            drop(keyed);
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
