//! An aggregate instance: the actor that owns the state, and the only place where it changes.

mod commit;
mod pending_reply;
mod recovery;
mod waiters;

use super::{
    envelope::{ClientCommand, Content, Envelope, Keyed, ReplyTo, Sender},
    kind::AggregateKind,
    rehydration::{reply, shown},
};
use crate::{
    actors::{
        api::{Outcome, Reply, RequestError, rejected},
        dispatch::DeliveryError,
        supervision::CrashWindow,
        support::{catch_panic, now},
    },
    domain::kernel::{Aggregate, Standing, Timestamp, command_name},
    store::{Lease, Payload, journal::Entry},
};
use actix::{Actor, Addr, Context, Handler};
use commit::Verdict;
use pending_reply::{PendingReply, RecordHeader, event_entry, refusal_entry};
use std::{
    cell::Cell,
    collections::VecDeque,
    mem,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};
use waiters::{Client, Waiting};

/// What the shard, on the same thread, can read of an instance without a message.
#[derive(Debug, Default)]
pub struct InstanceActivity {
    /// Messages sent and not yet handled.
    pub queued: Cell<usize>,
    waited_for: Cell<bool>,
    held_up: Cell<bool>,
    position: Cell<u64>,
}

impl InstanceActivity {
    /// Whether clients wait for a pending outcome of the instance.
    pub const fn is_waited_for(&self) -> bool {
        self.waited_for.get()
    }

    /// Whether the instance can be passivated. No message may be queued or held, and its last
    /// record must be durable. No client may wait, unless the patience of all clients is over.
    pub fn is_idle(&self, durable: u64, nobody_waits: bool) -> bool {
        self.queued.get() == 0
            && !self.held_up.get()
            && (nobody_waits || !self.waited_for.get())
            && self.position.get() <= durable
    }
}

/// An aggregate instance that is in memory.
pub struct Instance<A: Aggregate> {
    room: Arc<AggregateKind<A>>,
    /// The lease of its shard.
    lease: Lease,
    number: u64,
    pulse: Rc<InstanceActivity>,
    condition: Condition,
    state: A,
    version: u32,
    position: u64,
    generation: u64,
    crashes: CrashWindow,
    /// When it crashed and why, until it is rebuilt.
    crashed: Option<(Instant, String)>,
    /// Clients that wait until nothing is pending.
    waiting: Waiting,
    /// Messages held back until the state is rebuilt.
    held: VecDeque<Content<A>>,
}

/// The condition of the state in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    /// It has to be rebuilt from the journal.
    Absent,
    /// It could not be rebuilt, because the journal could not be read; the next message tries
    /// again.
    PutOff,
    /// It can be used.
    Present,
    /// It crashed too often, for this reason.
    Quarantined(String),
}

impl<A: Aggregate> Actor for Instance<A> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if self.condition == Condition::Absent {
            self.rebuild_after(Duration::ZERO, ctx);
        }
        self.take_pulse();
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        if self.lease.is_over() {
            self.hand_over();
        }
    }
}

impl<A: Aggregate> Handler<Envelope<A>> for Instance<A> {
    type Result = ();

    fn handle(&mut self, letter: Envelope<A>, ctx: &mut Self::Context) {
        self.pulse.queued.set(self.pulse.queued.get() - 1);
        self.open(letter.content, ctx);
        self.take_pulse();
    }
}

impl<A: Aggregate> Instance<A> {
    /// Starts the actor; a new one has no history to be read. Its history on disk is complete only
    /// once everything up to `after` is durable.
    pub fn start(
        (room, lease): (Arc<AggregateKind<A>>, Lease),
        number: u64,
        is_new: bool,
        after: u64,
    ) -> (Addr<Self>, Rc<InstanceActivity>) {
        let pulse = Rc::<InstanceActivity>::default();
        let condition = match room.shared.quarantine.because(A::NAME, number) {
            Some(because) => Condition::Quarantined(because),
            None if is_new => Condition::Present,
            None => Condition::Absent,
        };
        let living = Self {
            lease,
            number,
            pulse: Rc::clone(&pulse),
            condition,
            state: A::default(),
            version: 0,
            position: after,
            generation: room.shared.journal.generation(),
            crashes: CrashWindow::default(),
            crashed: None,
            waiting: Waiting::default(),
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
        // The lease is over: another instance owns this aggregate now.
        if self.lease.is_over() {
            return self.room.post(self.number, content);
        }
        let is_stale = self.condition == Condition::Present
            && self.generation != self.room.shared.journal.generation();
        if is_stale || self.condition == Condition::PutOff {
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
            (Condition::Present, Content::LookAgain) => self.answer_waiting(ctx),
            (Condition::Absent | Condition::PutOff, content) => self.held.push_back(content),
            (Condition::Quarantined(because), content) => {
                let because = because.clone();
                content.refuse(RequestError::Quarantined {
                    resource: A::NAME,
                    number: self.number,
                    because,
                });
            }
            (Condition::Present, Content::Show(reply)) => self.show(reply),
            (Condition::Present, Content::GiveUp(reply)) => {
                self.waiting.give_up_gone();
                self.show(reply);
            }
            (Condition::Present, Content::Await(outcome, reply, keyed)) => {
                self.wait_for(outcome, reply, keyed, ctx);
            }
            (Condition::Present, Content::Tell(command, teller)) => {
                self.tell(&command, teller, ctx);
            }
        }
    }

    fn show(&mut self, to: ReplyTo) {
        // A command that was refused or changed nothing leaves a record, but no state to show.
        if self.version == 0 || self.state == A::default() {
            return drop(to.send(Err(AggregateKind::<A>::not_found(self.number))));
        }
        let state = &self.state;
        let (number, version, position) = (self.number, self.version, self.position);
        let answer = catch_panic(|| shown(state, number, version, position, Outcome::Done));
        let answer = answer.unwrap_or_else(|because| Err(RequestError::Failed(because)));
        self.land(PendingReply::of(to, answer));
    }

    fn wait_for(
        &mut self,
        outcome: Outcome,
        to: ReplyTo,
        keyed: Option<Box<Keyed>>,
        ctx: &mut Context<Self>,
    ) {
        self.waiting.push(outcome, to, keyed, None);
        self.answer_waiting(ctx);
    }

    /// Answers all waiting clients with the current state, and stores the answers of those with a
    /// key.
    fn answer_now(&mut self, ctx: &mut Context<Self>) {
        let (mut heading, mut landing) =
            (RecordHeader::of_answers(self.number), PendingReply::default());
        self.answer_all(self.version, &mut landing, &mut heading.answers);
        if heading.answers.is_empty() {
            self.land(landing);
        } else {
            self.submit(heading, Vec::new(), landing, now(), ctx);
        }
    }

    /// Passes held messages and waiting clients on to the successor.
    fn hand_over(&mut self) {
        let waiting = self.waiting.take().into_iter();
        let waiting =
            waiting.map(|Client { outcome, to, keyed, .. }| Content::Await(outcome, to, keyed));
        for content in mem::take(&mut self.held).into_iter().chain(waiting) {
            self.room.post(self.number, content);
        }
    }

    fn tell(&mut self, command: &A::Command, teller: Sender, ctx: &mut Context<Self>) {
        let Some(teller) = self.admit(teller) else { return };
        // The journal is checked before the decision: a decision that cannot be submitted has to be
        // undone.
        if let Err(error) = self.room.shared.journal.takes() {
            return teller.refuse(error.into());
        }
        let now = now();
        let (state, settings) = (&self.state, &self.room.settings);
        let strikes = &self.room.shared.strikes;
        let decided = catch_panic(|| {
            strikes.strike(A::NAME, self.number);
            state.decide(command.clone(), now, settings)
        });
        match decided {
            Ok(Ok(events)) => match self.look_ahead(command, &events, &teller) {
                Ok(()) => self.accept(command, events, now, teller, ctx),
                Err(trouble) => teller.refuse(trouble),
            },
            Ok(Err(rejection)) => self.reject(command, &rejection, now, teller, ctx),
            Err(because) => {
                self.crash_on(command, because, teller, ctx);
            }
        }
    }

    /// Turns a client away that would wait for a service in vain. A command that creates an
    /// aggregate was checked before it got a number.
    fn look_ahead(
        &self,
        command: &A::Command,
        events: &[A::Event],
        teller: &Sender,
    ) -> Result<(), RequestError> {
        match teller {
            Sender::Client(call) if self.version > 0 => {
                self.room.look_ahead(command, &self.state, events)?;
                self.look_at_step(events, call)
            }
            _ => Ok(()),
        }
    }

    /// Turns a client away whose command would begin a step while the gate of the step is closed.
    fn look_at_step(&self, events: &[A::Event], call: &ClientCommand) -> Result<(), RequestError> {
        let Some(Err(away)) = call.step.as_ref().filter(|_| !events.is_empty()) else {
            return Ok(());
        };
        let then = || events.iter().cloned().fold(self.state.clone(), A::evolve).is_in_step();
        // A panic is handled later, where the instance can be rebuilt.
        if catch_panic(then).unwrap_or_default() { Err(away.clone().into()) } else { Ok(()) }
    }

    /// Checks `If-Match` (clients) or the fence (internal senders). Replies and returns `None` when
    /// it is stale.
    fn admit(&self, teller: Sender) -> Option<Sender> {
        let actual = self.version;
        match teller {
            Sender::Client(call) => match call.if_match.filter(|version| *version != actual) {
                None => Some(Sender::Client(call)),
                Some(expected) => {
                    let differs = RequestError::VersionDiffers { expected, actual };
                    self.land(PendingReply::of(call.reply, Err(differs)));
                    None
                }
            },
            Sender::Inside(call) if call.mandate.holds_in(self.generation) => {
                Some(Sender::Inside(call))
            }
            Sender::Inside(call) => {
                call.ack.say(Err(DeliveryError::Stale));
                None
            }
        }
    }

    fn accept(
        &mut self,
        command: &A::Command,
        events: Vec<A::Event>,
        now: Timestamp,
        teller: Sender,
        ctx: &mut Context<Self>,
    ) {
        if !events.is_empty() {
            let state = mem::take(&mut self.state);
            match catch_panic(|| events.iter().cloned().fold(state, A::evolve)) {
                Ok(state) => self.state = state,
                Err(because) => {
                    return self.crash_on(command, because, teller, ctx);
                }
            }
        }
        let mut entries: Vec<Entry> = events.into_iter().map(event_entry::<A>).collect();
        if entries.is_empty() && matches!(teller, Sender::Inside(_)) {
            let payload = Payload::Unchanged { command: command_name(command) };
            entries.push(Entry { payload, typed: None });
        }
        let version = self.version + u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let (heading, landing) = self.prepare(teller, Verdict::Accepted { version });
        if entries.is_empty() && heading.answers.is_empty() {
            return self.land(landing);
        }
        self.submit(heading, entries, landing, now, ctx);
    }

    fn reject(
        &mut self,
        command: &A::Command,
        rejection: &A::Rejection,
        now: Timestamp,
        teller: Sender,
        ctx: &mut Context<Self>,
    ) {
        tracing::debug!(resource = A::NAME, number = self.number, %rejection, "rejected");
        let entries = match &teller {
            Sender::Client(_) => Vec::new(),
            Sender::Inside(_) => vec![refusal_entry(command, rejection)],
        };
        let (heading, landing) = self.prepare(teller, Verdict::Rejected(rejected(rejection)));
        if entries.is_empty() && heading.answers.is_empty() {
            return self.land(landing);
        }
        self.submit(heading, entries, landing, now, ctx);
    }

    /// Whether the outcome is pending: other aggregates or services have to answer first.
    fn is_pending(&self) -> bool {
        catch_panic(|| self.state.standing() == Standing::Pending).unwrap_or_default()
    }

    fn answer(&self, outcome: Outcome, version: u32) -> Result<Reply, RequestError> {
        let (state, number, position) = (&self.state, self.number, self.position);
        catch_panic(|| reply(state, number, version, position, outcome))
            .unwrap_or_else(|because| Err(RequestError::Failed(because)))
    }
}
