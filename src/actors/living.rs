//! One aggregate instance: the actor that owns its state, and the only place where it changes.

use super::{
    crash::{Crashes, Verdict, caught},
    facade::{IdempotencyKey, Outcome, QuarantineEntry, Reply, Trouble},
    flight::Flight,
    letter::{
        Ack, ClientCall, Content, Delivery, InsideCall, Letter, ReplyTo, Teller, Undelivered,
    },
    room::{Rebuilt, Room, blocking, now, rebuild, reply, shown},
};
use crate::{
    domain::kernel::{Aggregate, Rejection, Standing, Timestamp, command_name},
    store::{
        Cause, Payload, StoredAnswer, StoredOutcome, codec,
        journal::{Done, Entry, Snapshot, Submission},
    },
};
use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, WrapFuture};
use std::{
    cell::Cell, collections::VecDeque, fmt::Debug, mem, rc::Rc, sync::Arc, time::Duration,
    time::Instant,
};

/// What the keeper, on the same thread, may know of an instance without asking.
#[derive(Debug, Default)]
pub struct Pulse {
    /// Letters sent and not yet handled.
    pub queued: Cell<usize>,
    waited_for: Cell<bool>,
    held_up: Cell<bool>,
    position: Cell<u64>,
}

impl Pulse {
    /// Whether the instance can be let go: the journal knows everything it knows, and nobody
    /// waits for it, or nobody can be waiting any more.
    pub fn is_idle(&self, durable: u64, nobody_waits: bool) -> bool {
        self.queued.get() == 0
            && !self.held_up.get()
            && (nobody_waits || !self.waited_for.get())
            && self.position.get() <= durable
    }
}

/// A living aggregate.
pub struct Living<A: Aggregate> {
    room: Arc<Room<A>>,
    number: u64,
    pulse: Rc<Pulse>,
    condition: Condition,
    state: A,
    version: u32,
    position: u64,
    generation: u64,
    crashes: Crashes,
    /// Clients that wait until nothing is pending.
    waiting: Vec<(Outcome, ReplyTo)>,
    /// Letters that found the state unusable and are handled again once it is rebuilt.
    held: VecDeque<Content<A>>,
}

/// In what condition the state is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    /// Only the journal has it.
    Absent,
    /// It can be used.
    Present,
    /// It crashed too often, for this reason.
    Quarantined(String),
}

impl<A: Aggregate> Actor for Living<A> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if self.condition == Condition::Absent {
            self.rebuild_after(Duration::ZERO, ctx);
        }
    }
}

impl<A: Aggregate> Handler<Letter<A>> for Living<A> {
    type Result = ();

    fn handle(&mut self, letter: Letter<A>, ctx: &mut Self::Context) {
        self.pulse.queued.set(self.pulse.queued.get() - 1);
        self.open(letter.content, ctx);
        self.take_pulse();
    }
}

impl<A: Aggregate> Living<A> {
    /// Starts the actor; one that is new has no history to be read.
    pub fn start(room: Arc<Room<A>>, number: u64, is_new: bool) -> (Addr<Self>, Rc<Pulse>) {
        let pulse = Rc::<Pulse>::default();
        let condition = if is_new { Condition::Present } else { Condition::Absent };
        let living = Self {
            number,
            pulse: Rc::clone(&pulse),
            condition,
            state: A::default(),
            version: 0,
            position: 0,
            generation: room.shared.journal.generation(),
            crashes: Crashes::default(),
            waiting: Vec::new(),
            held: VecDeque::new(),
            room,
        };
        let addr = Self::create(|ctx| {
            ctx.set_mailbox_capacity(living.room.shared.settings.instance_messages_max);
            living
        });
        (addr, pulse)
    }

    fn take_pulse(&self) {
        let is_quarantined = matches!(self.condition, Condition::Quarantined(_));
        self.pulse.held_up.set(is_quarantined || !self.held.is_empty());
        self.pulse.waited_for.set(!self.waiting.is_empty());
        self.pulse.position.set(self.position);
    }

    fn open(&mut self, content: Content<A>, ctx: &mut Context<Self>) {
        if self.condition == Condition::Present
            && self.generation != self.room.shared.journal.generation()
        {
            self.condition = Condition::Absent;
            self.rebuild_after(Duration::ZERO, ctx);
        }
        match (&self.condition, content) {
            (Condition::Quarantined(_), Content::Release) => {
                self.crashes.forget();
                self.condition = Condition::Absent;
                self.rebuild_after(Duration::ZERO, ctx);
            }
            (_, Content::Release) => {}
            (Condition::Absent, content) => self.held.push_back(content),
            (Condition::Quarantined(because), content) => {
                let because = because.clone();
                content.refuse(Trouble::Quarantined { resource: A::NAME, number: self.number, because });
            }
            (Condition::Present, Content::Show(reply)) => self.show(reply),
            (Condition::Present, Content::Await(outcome, reply)) => self.wait_for(outcome, reply),
            (Condition::Present, Content::Tell(command, teller)) => {
                self.tell(command, teller, ctx);
            }
        }
    }

    fn show(&mut self, to: ReplyTo) {
        if self.version == 0 {
            return drop(to.send(Err(Room::<A>::not_found(self.number))));
        }
        let state = &self.state;
        let (number, version, position) = (self.number, self.version, self.position);
        let answer = caught(|| shown(state, number, version, position, Outcome::Done));
        let answer = answer.unwrap_or_else(|because| Err(Trouble::Failed(because)));
        self.land(Landing { replies: vec![(to, answer)], ..Landing::default() });
    }

    fn wait_for(&mut self, outcome: Outcome, to: ReplyTo) {
        if self.state.standing() == Standing::Pending {
            self.waiting.push((outcome, to));
            return;
        }
        let answer = self.answer(outcome, self.version);
        self.land(Landing { replies: vec![(to, answer)], ..Landing::default() });
    }

    fn tell(&mut self, command: A::Command, teller: Teller, ctx: &mut Context<Self>) {
        let teller = match self.admit(teller) {
            Ok(teller) => teller,
            Err(refused) => return refused(),
        };
        let now = now();
        let (state, settings) = (&self.state, &self.room.settings);
        match caught(|| state.decide(command.clone(), now, settings)) {
            Ok(Ok(events)) => self.accept(&command, events, now, teller, ctx),
            Ok(Err(rejection)) => self.reject(&command, &rejection, now, teller, ctx),
            Err(because) => {
                teller.refuse(Trouble::Failed(because.clone()));
                self.crash(because, Some(format!("{command:?}")), ctx);
            }
        }
    }

    /// Whether the speaker speaks of the present; if not, the answer to give.
    fn admit(&self, teller: Teller) -> Result<Teller, impl FnOnce() + use<A>> {
        let actual = self.version;
        let expected = match &teller {
            Teller::Client(call) => call.if_match.filter(|version| *version != actual),
            Teller::Inside(call) if call.generation == self.generation => None,
            Teller::Inside(_) => Some(actual),
        };
        let Some(expected) = expected else { return Ok(teller) };
        Err(move || match teller {
            Teller::Client(_) => teller.refuse(Trouble::VersionDiffers { expected, actual }),
            Teller::Inside(call) => call.ack.say(Err(Undelivered::Stale)),
        })
    }

    fn accept(
        &mut self,
        command: &A::Command,
        events: Vec<A::Event>,
        now: Timestamp,
        teller: Teller,
        ctx: &mut Context<Self>,
    ) {
        if !events.is_empty() {
            let state = mem::take(&mut self.state);
            match caught(|| events.iter().cloned().fold(state, A::evolve)) {
                Ok(state) => self.state = state,
                Err(because) => {
                    teller.refuse(Trouble::Failed(because.clone()));
                    return self.crash(because, Some(format!("{command:?}")), ctx);
                }
            }
        }
        let mut entries: Vec<Entry> = events.into_iter().map(event_entry::<A>).collect();
        if entries.is_empty() && matches!(teller, Teller::Inside(_)) {
            let payload = Payload::Unchanged { command: command_name(command) };
            entries.push(Entry { payload, typed: None });
        }
        let version = self.version + u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let outcome = StoredOutcome::Accepted { version };
        let (heading, landing) = self.prepare(teller, outcome, version);
        if entries.is_empty() && heading.answer.is_none() {
            return self.land(landing);
        }
        self.submit(heading, entries, landing, now, ctx);
    }

    fn reject(
        &mut self,
        command: &A::Command,
        rejection: &A::Rejection,
        now: Timestamp,
        teller: Teller,
        ctx: &mut Context<Self>,
    ) {
        tracing::debug!(resource = A::NAME, number = self.number, %rejection, "rejected");
        let outcome =
            StoredOutcome::Rejected { kind: rejection.kind(), because: rejection.to_string() };
        let entries = match &teller {
            Teller::Client(call) if call.key.is_none() => {
                return teller.refuse(super::room::rejected(rejection));
            }
            Teller::Client(_) => Vec::new(),
            Teller::Inside(_) => vec![refusal_entry(command, rejection)],
        };
        let (heading, mut landing) = self.prepare(teller, outcome, self.version);
        for (_, answer) in &mut landing.replies {
            *answer = Err(super::room::rejected(rejection));
        }
        self.submit(heading, entries, landing, now, ctx);
    }

    /// What goes into the journal about whoever spoke, and what happens once it is durable.
    fn prepare(
        &mut self,
        teller: Teller,
        outcome: StoredOutcome,
        version: u32,
    ) -> (Heading, Landing) {
        let mut landing = Landing::default();
        let is_pending = self.state.standing() == Standing::Pending;
        if !is_pending {
            for (outcome, to) in mem::take(&mut self.waiting) {
                landing.replies.push((to, self.answer(outcome, version)));
            }
        }
        let heading = match teller {
            Teller::Inside(InsideCall { origin, when, ack, .. }) => {
                landing.ack = Some((when, ack));
                let correlation = origin.conversation;
                Heading { cause: Cause::Dispatch(origin), correlation, answer: None }
            }
            Teller::Client(ClientCall { reply, key, flight, outcome: called, .. }) => {
                let is_rejected = matches!(outcome, StoredOutcome::Rejected { .. });
                if is_pending && !is_rejected {
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
                Heading { cause, correlation: self.number, answer }
            }
        };
        (heading, landing)
    }

    fn submit(
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
            done: Some(landing.into_done()),
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
    fn land(&self, landing: Landing) {
        let journal = &self.room.shared.journal;
        journal.when_durable(self.position, landing.into_done());
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

    fn answer(&self, outcome: Outcome, version: u32) -> Result<Reply, Trouble> {
        let (state, number, position) = (&self.state, self.number, self.position);
        caught(|| reply(state, number, version, position, outcome))
            .unwrap_or_else(|because| Err(Trouble::Failed(because)))
    }

    /// Throws the state away; rebuilds it after a pause, or keeps it out of the way for good.
    fn crash(&mut self, because: String, command: Option<String>, ctx: &mut Context<Self>) {
        let (resource, number) = (A::NAME, self.number);
        tracing::error!(resource, number, because, command, "an aggregate crashed");
        self.waiting.clear();
        self.state = A::default();
        let verdict = self.crashes.count(Instant::now(), &self.room.shared.settings);
        if let Verdict::Rebuild(pause) = verdict {
            self.condition = Condition::Absent;
            return self.rebuild_after(pause, ctx);
        }
        let crashes = self.crashes.number();
        let since_ms = now().0;
        self.room.shared.quarantine.admit(QuarantineEntry {
            resource,
            number,
            because: because.clone(),
            command,
            crashes,
            since_ms,
        });
        self.condition = Condition::Quarantined(because);
        self.open_held(ctx);
    }

    /// Reads the past off the loop; letters that come meanwhile wait in the mailbox.
    fn rebuild_after(&mut self, pause: Duration, ctx: &mut Context<Self>) {
        let (journal, stream) =
            (Arc::clone(&self.room.shared.journal), self.room.stream(self.number));
        let reading = async move {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let generation = journal.generation();
            let rebuilt = blocking(move || rebuild::<A>(&journal, stream)).await;
            (generation, rebuilt)
        };
        ctx.wait(reading.into_actor(self).map(|(generation, rebuilt), living, ctx| {
            living.generation = generation;
            living.take_in(rebuilt, ctx);
            living.take_pulse();
        }));
    }

    fn take_in(&mut self, rebuilt: Result<Rebuilt<A>, Trouble>, ctx: &mut Context<Self>) {
        match rebuilt {
            Ok(Rebuilt { state, version, position }) => {
                (self.state, self.version, self.position) = (state, version, position);
                self.condition = Condition::Present;
                self.open_held(ctx);
            }
            Err(trouble) => self.crash(trouble.to_string(), None, ctx),
        }
    }

    fn open_held(&mut self, ctx: &mut Context<Self>) {
        for content in mem::take(&mut self.held) {
            self.open(content, ctx);
        }
    }
}

/// Who spoke, as the journal remembers it.
struct Heading {
    cause: Cause,
    correlation: u64,
    answer: Option<(u128, StoredAnswer)>,
}

/// What happens once a submission is durable, or lost.
#[derive(Default)]
struct Landing {
    replies: Vec<(ReplyTo, Result<Reply, Trouble>)>,
    ack: Option<(Delivery, Ack)>,
    flight: Option<Flight>,
}

impl Landing {
    /// The acknowledgement that need not wait for the disk.
    fn take_ack_of_submission(&mut self) -> Option<Ack> {
        let (_, ack) = self.ack.take_if(|(when, _)| *when == Delivery::Submitted)?;
        Some(ack)
    }

    fn into_done(self) -> Done {
        Box::new(move |durable| {
            // Before anybody can retry, the key is free again.
            drop(self.flight);
            for (to, answer) in self.replies {
                let answer = match &durable {
                    Ok(position) => answer.map(|reply| Reply { position: *position, ..reply }),
                    Err(lost) => Err(Trouble::Failed(lost.to_string())),
                };
                drop(to.send(answer));
            }
            if let Some((_, ack)) = self.ack {
                ack.say(durable.map(|_| ()).map_err(|_| Undelivered::Stale));
            }
        })
    }
}

fn event_entry<A: Aggregate>(event: A::Event) -> Entry {
    let payload = Payload::Event(codec::encode(&event));
    Entry { payload, typed: Some(Arc::new(event)) }
}

fn refusal_entry(command: &impl Debug, rejection: &impl Rejection) -> Entry {
    let (command, because) = (command_name(command), rejection.to_string());
    let rejection = codec::encode(rejection);
    Entry { payload: Payload::Refused { command, because, rejection }, typed: None }
}
