//! The process manager: a conversation between aggregates that none of them could hold alone.

use super::{Aggregate, Dispatch, Hears, Id, Message, Meta, Rejection, Timestamp};
use serde::Serialize;
use std::any::Any;

/// A pure state machine that hears what happened and says what to do next.
///
/// It is a fold over the journal: events, rejections of what it said, "already so" answers and
/// alarms all reach it as records, in one order, so a replay walks the same path. Every command
/// it dispatches is answered by exactly one of: an event, [`Saga::refused`], [`Saga::unchanged`].
/// Waiting in the `Default` state is the same as not existing.
pub trait Saga: Default + Message {
    /// `business/name`. Never changes once written.
    const NAME: &'static str;

    /// What it listens to.
    type Hears: Hears;

    /// The number of the conversation a fact belongs to; `None` when it belongs to none.
    fn route(heard: &Self::Hears) -> Option<u64>;

    /// Takes one fact into account.
    fn react(self, me: Id<Self>, heard: Self::Hears, meta: &Meta) -> Step<Self>;

    /// Makes up for a command that was rejected. By default a human is called.
    fn refused(self, _me: Id<Self>, refused: &Refused) -> Step<Self> {
        let why = refused.because.clone();
        Step::stuck(self, why)
    }

    /// Learns that a command was accepted but changed nothing, because it was already so.
    fn unchanged(self, _me: Id<Self>, _unchanged: &Unchanged) -> Step<Self> {
        Step::wait(self)
    }

    /// Whom it waits for in this state.
    fn awaits(&self) -> Awaits;

    /// The alarm that was set has gone off.
    fn woken(self, _me: Id<Self>, _now: Timestamp) -> Step<Self> {
        Step::wait(self)
    }
}

/// Whom a conversation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Awaits {
    /// Nobody: it is over, or has not begun.
    Nobody,
    /// A person, by role (`dispatcher`) or as `customer`: it may take as long as it likes.
    Person(&'static str),
    /// Another part, by name (`taxi/payment`): unless that is suspended, it goes on by itself.
    Part(&'static str),
}

/// What a saga does next: the state to wait in, commands to dispatch, an alarm to set.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Step<S> {
    /// Where the conversation goes.
    pub next: Next<S>,
    /// What to say, in this order.
    pub dispatches: Vec<Dispatch>,
    /// What to do with the conversation's one alarm.
    pub alarm: Alarm,
}

/// Where a conversation goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Next<S> {
    /// It waits for what comes.
    Wait(S),
    /// It needs a human, for this reason; it still hears what comes.
    Stuck(S, String),
    /// It is over; its state and alarm are forgotten.
    Done,
}

/// What to do with a conversation's one alarm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alarm {
    /// Leave it as it is.
    #[default]
    Keep,
    /// Let it go off at this time, instead of any earlier setting.
    Set(Timestamp),
    /// Let it not go off.
    Clear,
}

impl<S> Step<S> {
    /// Waits in this state.
    pub const fn wait(state: S) -> Self {
        Self::to(Next::Wait(state))
    }

    /// Waits in this state for a human.
    pub fn stuck(state: S, why: impl Into<String>) -> Self {
        Self::to(Next::Stuck(state, why.into()))
    }

    /// Ends the conversation.
    pub const fn done() -> Self {
        Self::to(Next::Done)
    }

    const fn to(next: Next<S>) -> Self {
        Self { next, dispatches: Vec::new(), alarm: Alarm::Keep }
    }

    /// Says this command as well.
    pub fn tell<A: Aggregate>(mut self, whom: Id<A>, command: A::Command) -> Self {
        self.dispatches.push(Dispatch::new(whom, command));
        self
    }

    /// Sets the alarm; a time already past goes off at once.
    pub const fn wake_at(mut self, time: Timestamp) -> Self {
        self.alarm = Alarm::Set(time);
        self
    }

    /// Sets the alarm when there is a time for it.
    pub const fn wake_at_if(self, time: Option<Timestamp>) -> Self {
        match time {
            Some(time) => self.wake_at(time),
            None => self,
        }
    }

    /// Lets the alarm not go off.
    pub const fn without_alarm(mut self) -> Self {
        self.alarm = Alarm::Clear;
        self
    }
}

/// A command of the saga that was rejected, as the journal remembers it.
#[derive(Debug)]
pub struct Refused {
    /// The name of the kind of aggregate that said no.
    pub aggregate: String,
    /// Its number.
    pub number: u64,
    /// The bare name of the command.
    pub command: String,
    /// The rejection as a sentence.
    pub because: String,
    /// The rejection itself; see [`Refused::by`].
    pub rejection: Box<dyn Any + Send + Sync>,
}

impl Refused {
    /// A rejection by this aggregate.
    pub fn new<A: Aggregate>(by: Id<A>, command: &A::Command, rejection: A::Rejection) -> Self {
        Self {
            aggregate: A::NAME.into(),
            number: by.number(),
            command: super::command_name(command),
            because: rejection.to_string(),
            rejection: Box::new(rejection),
        }
    }

    /// The typed rejection, when it was an `A` that said no.
    #[must_use]
    pub fn by<A: Aggregate>(&self) -> Option<&A::Rejection>
    where
        A::Rejection: Rejection,
    {
        (self.aggregate == A::NAME).then(|| self.rejection.downcast_ref()).flatten()
    }
}

/// A command of the saga that was accepted and changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unchanged {
    /// The name of the kind of aggregate it was said to.
    pub aggregate: String,
    /// Its number.
    pub number: u64,
    /// The bare name of the command.
    pub command: String,
}
