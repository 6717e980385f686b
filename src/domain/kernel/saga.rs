//! The saga (process manager): coordinates several aggregates by dispatching commands to them.

use super::{Aggregate, Dispatch, Hears, Id, Message, Meta, Rejection, Timestamp};
use serde::Serialize;
use std::any::Any;

/// A pure state machine that receives facts and returns the commands to dispatch next.
///
/// A saga is a fold over the journal. Events, rejections of its commands, "unchanged" answers and
/// alarms all reach it as records in one order, so a replay takes the same path. Every command it
/// dispatches is answered by exactly one of: an event, [`Saga::refused`], [`Saga::unchanged`].
/// An instance that waits in the `Default` state does not exist.
pub trait Saga: Default + Message {
    /// The name, `business/name`. It never changes once written to a journal.
    const NAME: &'static str;

    /// The facts that the saga receives.
    type Hears: Hears;

    /// The number of the instance that a fact belongs to; `None` when it belongs to none.
    fn route(heard: &Self::Hears) -> Option<u64>;

    /// Applies one fact to this instance.
    fn react(self, me: Id<Self>, heard: Self::Hears, meta: &Meta) -> Step<Self>;

    /// Compensates for a rejected command. By default the instance is parked for a person.
    fn refused(self, _me: Id<Self>, refused: &Refused) -> Step<Self> {
        let why = refused.because.clone();
        Step::stuck(self, why)
    }

    /// Applies the answer that a command was accepted and changed nothing.
    fn unchanged(self, _me: Id<Self>, _unchanged: &Unchanged) -> Step<Self> {
        Step::wait(self)
    }

    /// The person or component that the instance waits for in this state.
    fn awaits(&self) -> Awaits;

    /// Applies the expiry of the alarm that was set.
    fn woken(self, _me: Id<Self>, _now: Timestamp) -> Step<Self> {
        Step::wait(self)
    }
}

/// The person or component that a saga instance waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Awaits {
    /// Nothing: the instance is over, or has not begun.
    Nobody,
    /// A person, by role (`dispatcher`) or as `customer`. There is no time limit.
    Person(&'static str),
    /// Another component, by name (`taxi/payment`). It answers by itself unless it is suspended.
    Part(&'static str),
}

/// The result of a saga function: the state to wait in, commands to dispatch, an alarm to set.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Step<S> {
    /// The next state of the instance.
    pub next: Next<S>,
    /// The commands to dispatch, in this order.
    pub dispatches: Vec<Dispatch>,
    /// The change to the one alarm of the instance.
    pub alarm: Alarm,
}

/// The next state of a saga instance.
#[derive(Clone, Debug, PartialEq)]
pub enum Next<S> {
    /// The instance waits for the next fact.
    Wait(S),
    /// The instance is parked and needs a person, for this reason. It still receives facts.
    Stuck(S, String),
    /// The instance is over; its state and alarm are dropped.
    Done,
}

/// The change to the one alarm of a saga instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Alarm {
    /// Leaves the alarm as it is.
    #[default]
    Keep,
    /// Sets the alarm to this time and replaces any earlier setting.
    Set(Timestamp),
    /// Removes the alarm.
    Clear,
}

impl<S> Step<S> {
    /// Waits in this state.
    pub const fn wait(state: S) -> Self {
        Self::to(Next::Wait(state))
    }

    /// Parks the instance in this state until a person acts.
    pub fn stuck(state: S, why: impl Into<String>) -> Self {
        Self::to(Next::Stuck(state, why.into()))
    }

    /// Ends the instance.
    pub const fn done() -> Self {
        Self::to(Next::Done)
    }

    const fn to(next: Next<S>) -> Self {
        Self { next, dispatches: Vec::new(), alarm: Alarm::Keep }
    }

    /// Adds this command to the commands to dispatch.
    pub fn tell<A: Aggregate>(mut self, whom: Id<A>, command: A::Command) -> Self {
        self.dispatches.push(Dispatch::new(whom, command));
        self
    }

    /// Sets the alarm; a time in the past expires at once.
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

    /// Removes the alarm.
    pub const fn without_alarm(mut self) -> Self {
        self.alarm = Alarm::Clear;
        self
    }
}

/// A command of the saga that was rejected, as recorded in the journal.
#[derive(Debug)]
pub struct Refused {
    /// The name of the aggregate kind that rejected the command.
    pub aggregate: String,
    /// The number of the aggregate.
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

    /// The typed rejection, when the command was rejected by an `A`.
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
    /// The name of the aggregate kind that the command was for.
    pub aggregate: String,
    /// The number of the aggregate.
    pub number: u64,
    /// The bare name of the command.
    pub command: String,
}
