//! An aggregate instance: the actor that owns the state. The state changes nowhere else.

mod checks;
mod commit;
mod pending_reply;
mod recovery;
mod waiters;

use super::{
    envelope::{Content, Decision, Envelope, Keyed, ReplyTo, Sender},
    kind::AggregateKind,
    rehydration::{reply, shown_safely},
    representations::{Shown, Stamp},
};
use crate::{
    actors::{
        api::{Outcome, Reply, RequestError, Sight, rejected},
        supervision::CrashWindow,
        support::{catch_panic, now},
    },
    domain::kernel::{Aggregate, Progress, Timestamp, command_name},
    store::{Lease, Payload, Principals, Subject, journal::Entry},
};
use actix::{Actor, Addr, Context, Handler};
use commit::DecisionOutcome;
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

/// The activity of an instance. The shard, on the same thread, reads it without a message.
#[derive(Debug, Default)]
pub struct InstanceActivity {
    /// Messages sent and not yet handled.
    pub queued: Cell<usize>,
    waited_for: Cell<bool>,
    is_stashing: Cell<bool>,
    position: Cell<u64>,
}

impl InstanceActivity {
    /// Whether clients wait for a pending outcome of the instance.
    pub const fn is_waited_for(&self) -> bool {
        self.waited_for.get()
    }

    /// Whether the instance can be passivated. No message may be queued or stashed, and its last
    /// record must be durable. No client may wait, unless the wait time of all clients is over.
    pub fn is_idle(&self, durable: u64, no_client_waits: bool) -> bool {
        self.queued.get() == 0
            && !self.is_stashing.get()
            && (no_client_waits || !self.waited_for.get())
            && self.position.get() <= durable
    }
}

/// An aggregate instance that is in memory.
pub struct Instance<A: Aggregate> {
    aggregate: Arc<AggregateKind<A>>,
    /// The lease of its shard.
    lease: Lease,
    number: u64,
    activity: Rc<InstanceActivity>,
    condition: Condition,
    state: A,
    version: u32,
    /// Whether the aggregate has an event.
    is_born: bool,
    /// The principals of records that no client submitted: the owner alone. `None` when the
    /// aggregate has no owner.
    owner: Option<Arc<Principals>>,
    position: u64,
    generation: u64,
    crashes: CrashWindow,
    /// The time and the reason of a crash, until the instance is rebuilt.
    crashed: Option<(Instant, String)>,
    /// Clients that wait until nothing is pending.
    waiting: Waiting,
    /// Messages that are stashed until the state is rebuilt.
    stash: VecDeque<Content<A>>,
}

/// The condition of the state in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    /// It has to be rebuilt from the journal.
    Absent,
    /// It could not be rebuilt, because the journal could not be read; the next message tries
    /// again.
    Deferral,
    /// It can be used.
    Present,
    /// It crashed too often, for this reason.
    Quarantined(String),
}

impl<A: Aggregate> Actor for Instance<A> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if self.condition == Condition::Absent {
            self.rehydrate_after(Duration::ZERO, ctx);
        }
        self.take_activity();
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        if self.lease.is_over() {
            self.hand_over();
        }
    }
}

impl<A: Aggregate> Handler<Envelope<A>> for Instance<A> {
    type Result = ();

    fn handle(&mut self, envelope: Envelope<A>, ctx: &mut Self::Context) {
        self.activity.queued.set(self.activity.queued.get() - 1);
        self.open(envelope.content, ctx);
        self.take_activity();
    }
}

impl<A: Aggregate> Instance<A> {
    /// Starts the actor. A new instance has no history to read. The history on disk is complete
    /// only when everything up to `after` is durable.
    pub fn start(
        (aggregate, lease): (Arc<AggregateKind<A>>, Lease),
        number: u64,
        is_new: bool,
        after: u64,
    ) -> (Addr<Self>, Rc<InstanceActivity>) {
        let activity = Rc::<InstanceActivity>::default();
        let condition = match aggregate.shared.quarantine.reason(A::NAME, number) {
            Some(reason) => Condition::Quarantined(reason),
            None if is_new => Condition::Present,
            None => Condition::Absent,
        };
        let active = Self {
            lease,
            number,
            activity: Rc::clone(&activity),
            condition,
            state: A::default(),
            version: 0,
            is_born: false,
            owner: None,
            position: after,
            generation: aggregate.shared.journal.generation(),
            crashes: CrashWindow::default(),
            crashed: None,
            waiting: Waiting::default(),
            stash: VecDeque::new(),
            aggregate,
        };
        let addr = Self::create(|ctx| {
            ctx.set_mailbox_capacity(active.aggregate.shared.settings.instance_messages_max);
            active
        });
        (addr, activity)
    }

    fn take_activity(&self) {
        let is_quarantined = matches!(self.condition, Condition::Quarantined(_));
        self.activity.is_stashing.set(is_quarantined || !self.stash.is_empty());
        self.activity.waited_for.set(!self.waiting.is_empty());
        self.activity.position.set(self.position);
    }

    fn open(&mut self, content: Content<A>, ctx: &mut Context<Self>) {
        let _entered = content.correlation(self.number).enter();
        self.handle_content(content, ctx);
    }

    fn handle_content(&mut self, content: Content<A>, ctx: &mut Context<Self>) {
        // The lease is over: another instance owns this aggregate now.
        if self.lease.is_over() {
            return self.aggregate.post(self.number, content);
        }
        let is_stale = self.condition == Condition::Present
            && self.generation != self.aggregate.shared.journal.generation();
        if is_stale || self.condition == Condition::Deferral {
            self.condition = Condition::Absent;
            self.rehydrate_after(Duration::ZERO, ctx);
        }
        match (&self.condition, content) {
            (Condition::Quarantined(_), Content::Release) => {
                self.crashes.forget();
                self.condition = Condition::Absent;
                self.rehydrate_after(Duration::ZERO, ctx);
            }
            (_, Content::Release) => {}
            (Condition::Present, Content::LookAgain) => self.answer_waiting(ctx),
            (Condition::Absent | Condition::Deferral, content) => self.stash.push_back(content),
            (Condition::Quarantined(reason), content) => {
                let reason = reason.clone();
                content.refuse(RequestError::Quarantined {
                    resource: A::NAME,
                    number: self.number,
                    reason,
                });
            }
            (Condition::Present, Content::Show(sight, reply, stamp)) => {
                self.show(reply, &sight, stamp);
            }
            (Condition::Present, Content::GiveUp(reply)) => {
                self.waiting.give_up_gone();
                self.show(reply, &Sight::All, None);
            }
            (Condition::Present, Content::Await(outcome, reply, keyed)) => {
                self.wait_for(outcome, reply, keyed, ctx);
            }
            (Condition::Present, Content::Tell(command, sender)) => {
                self.tell(&command, None, sender, ctx);
            }
            // Another client or a saga chose this number, and its command came first.
            (Condition::Present, Content::Create(command, decision, call)) if self.is_born => {
                self.aggregate.create_elsewhere(command, decision, call);
            }
            (Condition::Present, Content::Create(command, decision, call)) => {
                self.tell(&command, Some(decision), Sender::Client(call), ctx);
            }
        }
    }

    fn show(&mut self, to: ReplyTo, sight: &Sight, stamp: Option<Stamp>) {
        // A command that was refused or changed nothing leaves a record, but no state to show.
        let is_seen = sight.sees(A::READERS, self.owner().map(|owner| &**owner));
        if self.version == 0 || self.state == A::default() || !is_seen {
            return to.send(Err(AggregateKind::<A>::not_found(self.number)));
        }
        let state = &self.state;
        let (number, version, position) = (self.number, self.version, self.position);
        let answer = shown_safely(state, number, version, position);
        let shown = stamp.zip(answer.as_ref().ok()).map(|(stamp, reply)| {
            let shown = Shown { reply: reply.clone(), owner: self.owner().cloned() };
            (self.aggregate.stream(number), stamp, shown)
        });
        self.land(PendingReply { shown, ..PendingReply::of(to, answer) });
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
        let (mut header, mut pending_reply) =
            (RecordHeader::of_answers(self.number), PendingReply::default());
        self.answer_all(self.version, &mut pending_reply, &mut header.answers);
        if header.answers.is_empty() {
            self.land(pending_reply);
        } else {
            self.submit(header, Vec::new(), pending_reply, now(), ctx);
        }
    }

    /// Passes stashed messages and waiting clients on to the successor.
    fn hand_over(&mut self) {
        let waiting = self.waiting.take().into_iter();
        let waiting =
            waiting.map(|Client { outcome, to, keyed, .. }| Content::Await(outcome, to, keyed));
        for content in mem::take(&mut self.stash).into_iter().chain(waiting) {
            self.aggregate.post(self.number, content);
        }
    }

    /// Handles a command, with the decision if it was made on this state already.
    fn tell(
        &mut self,
        command: &A::Command,
        decision: Option<Decision<A>>,
        sender: Sender,
        ctx: &mut Context<Self>,
    ) {
        let Some(sender) = self.permit(sender).and_then(|sender| self.admit(sender)) else {
            return;
        };
        // The journal is checked before the decision. A decision that cannot be submitted would
        // have to be undone.
        if let Err(error) = self.aggregate.shared.journal.check_accepting() {
            return sender.refuse(error.into());
        }
        let now = decision.as_ref().map_or_else(now, |decision| decision.at);
        let (state, settings) = (&self.state, &self.aggregate.settings);
        let injected_panics = &self.aggregate.shared.injected_panics;
        let decided = catch_panic(|| {
            injected_panics.panic_if_injected(A::NAME, self.number);
            match decision {
                Some(decision) => Ok(decision.events),
                None => state.decide(command.clone(), now, &settings.get()),
            }
        });
        match decided {
            Ok(Ok(events)) => match self.precheck(command, &events, &sender) {
                Ok(()) => self.accept(command, events, now, sender, ctx),
                Err(request_error) => sender.refuse(request_error),
            },
            Ok(Err(rejection)) => self.reject(command, &rejection, now, sender, ctx),
            Err(reason) => {
                self.crash_on(command, reason, sender, ctx);
            }
        }
    }

    fn accept(
        &mut self,
        command: &A::Command,
        events: Vec<A::Event>,
        now: Timestamp,
        mut sender: Sender,
        ctx: &mut Context<Self>,
    ) {
        let mut is_creation = false;
        if !events.is_empty() {
            let state = mem::take(&mut self.state);
            match catch_panic(|| events.iter().cloned().fold(state, A::evolve)) {
                Ok(state) => self.state = state,
                Err(reason) => {
                    return self.crash_on(command, reason, sender, ctx);
                }
            }
            is_creation = !mem::replace(&mut self.is_born, true);
            if is_creation {
                self.aggregate.next_number.pass(self.number);
                self.owner = sender.owner_of_new();
                sender.creates();
            }
        }
        let mut entries: Vec<Entry> = events.into_iter().map(event_entry::<A>).collect();
        if entries.is_empty() && matches!(sender, Sender::Inside(_)) {
            let payload = Payload::Unchanged { command: command_name(command) };
            entries.push(Entry { payload, typed: None });
        }
        let version = self.version + u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let (mut header, pending_reply) =
            self.prepare(sender, DecisionOutcome::Accepted { version });
        header.is_creation = is_creation;
        if entries.is_empty() && header.answers.is_empty() {
            return self.land(pending_reply);
        }
        self.submit(header, entries, pending_reply, now, ctx);
    }

    fn reject(
        &mut self,
        command: &A::Command,
        rejection: &A::Rejection,
        now: Timestamp,
        sender: Sender,
        ctx: &mut Context<Self>,
    ) {
        tracing::debug!(resource = A::NAME, number = self.number, %rejection, "rejected");
        let entries = match &sender {
            Sender::Client(_) => Vec::new(),
            Sender::Inside(_) => vec![refusal_entry(command, rejection)],
        };
        let (header, pending_reply) =
            self.prepare(sender, DecisionOutcome::Rejected(rejected(rejection)));
        if entries.is_empty() && header.answers.is_empty() {
            return self.land(pending_reply);
        }
        self.submit(header, entries, pending_reply, now, ctx);
    }

    /// The subject of the customer to whom the aggregate belongs.
    fn owner(&self) -> Option<&Subject> {
        self.owner.as_ref()?.owner.as_ref()
    }

    /// Whether the outcome is pending: other aggregates or services have to answer first.
    fn is_pending(&self) -> bool {
        catch_panic(|| self.state.progress() == Progress::Pending).unwrap_or_default()
    }

    fn answer(&self, outcome: Outcome, version: u32) -> Result<Reply, RequestError> {
        let (state, number, position) = (&self.state, self.number, self.position);
        catch_panic(|| reply(state, number, version, position, outcome))
            .unwrap_or_else(|reason| Err(RequestError::Failed(reason)))
    }
}
