//! The saga (process manager): coordinates several aggregates by dispatching commands to them.

use super::{
    Aggregate, Dispatch, EventSet, Id, Message, Meta, Rejection, Timestamp, Upcasters, Variant,
};
use serde::Serialize;
use std::any::Any;

/// A pure state machine that receives events and returns the commands to dispatch next.
///
/// A saga is a fold over the journal. It receives events, rejections and no-ops of its commands,
/// and timers as records in one order, so a replay takes the same path. Every command that it
/// dispatches is answered by exactly one of: an event, [`Saga::on_rejected`], [`Saga::on_no_op`].
/// The commands of one instance are delivered one after the other, in the order of their dispatch,
/// also to different aggregates.
/// An instance that waits in the `Default` state does not exist.
///
/// ```
/// use madang::domain::{kernel::prelude::*, rental::order::{Command, Event, Order}};
///
/// /// Cancels an order that is paid and not confirmed within an hour.
/// #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// enum Patience { #[default] Idle, Waiting }
///
/// impl Saga for Patience {
///     const NAME: &'static str = "rental/patience";
///     type Events = (Id<Order>, Event);
///
///     fn react(self, _: Id<Self>, (_, event): Self::Events, meta: &Meta) -> Step<Self> {
///         match event {
///             Event::Paid { .. } => {
///                 Step::wait(Self::Waiting).set_timer(meta.time.after_ms(3_600_000))
///             }
///             Event::Confirmed | Event::Refused { .. } | Event::Cancelled { .. } => Step::done(),
///             _ => Step::wait(self),
///         }
///     }
///
///     fn on_timer(self, me: Id<Self>, _: Timestamp) -> Step<Self> {
///         Step::wait(self).send(me.of::<Order>(), Command::Cancel)
///     }
///
///     fn waits_for(&self) -> WaitsFor {
///         match self {
///             Self::Idle => WaitsFor::Nothing,
///             Self::Waiting => WaitsFor::Part(Order::NAME),
///         }
///     }
/// }
/// ```
pub trait Saga: Default + Message {
    /// The name, `business/name`. It never changes once written to a journal.
    const NAME: &'static str;

    /// The events that the saga receives.
    type Events: EventSet;

    /// The number of the instance that an event belongs to; `None` when it belongs to none. By
    /// default it is the number of the aggregate, which all aggregates of a conversation share.
    fn route(heard: &Self::Events) -> Option<u64> {
        Some(heard.number())
    }

    /// Applies one event to this instance.
    fn react(self, me: Id<Self>, heard: Self::Events, meta: &Meta) -> Step<Self>;

    /// Compensates for a rejected command. By default the instance is parked until a person acts.
    fn on_rejected(self, _me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        let why = refused.reason.clone();
        Step::stuck(self, why)
    }

    /// Applies a no-op: a command was accepted and changed nothing.
    fn on_no_op(self, _me: Id<Self>, _unchanged: &Unchanged) -> Step<Self> {
        Step::wait(self)
    }

    /// The changes that turn stored states of earlier shapes into today's. A new field with
    /// `#[serde(default)]` needs none. See [`Upcasters`].
    #[must_use]
    fn upcasters() -> Upcasters {
        Upcasters::none()
    }

    /// The person or component that the instance waits for in this state.
    fn waits_for(&self) -> WaitsFor;

    /// Applies the firing of the timer that was set; an instance has one timer.
    fn on_timer(self, _me: Id<Self>, _now: Timestamp) -> Step<Self> {
        Step::wait(self)
    }
}

/// The person or component that a saga instance waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum WaitsFor {
    /// Nothing: the instance is over, or has not begun.
    Nothing,
    /// A person, by role (`dispatcher`) or as `customer`. There is no time limit.
    Person(&'static str),
    /// Another component, by name (`taxi/payment`). It answers by itself unless it is suspended.
    Part(&'static str),
}

/// The result of a saga function: the next state, commands to dispatch, a timer to set.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Step<S> {
    /// The next state of the instance.
    pub next: NextState<S>,
    /// The commands to dispatch, in this order.
    pub dispatches: Vec<Dispatch>,
    /// The change to the one timer of the instance.
    pub timer: TimerChange,
}

/// The next state of a saga instance.
#[derive(Clone, Debug, PartialEq)]
pub enum NextState<S> {
    /// The instance waits for the next event.
    Wait(S),
    /// The instance is parked for this reason until a person acts. It still receives events.
    Stuck(S, String),
    /// The instance is over; its state and timer are dropped.
    Done,
}

/// The change to the one timer of a saga instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimerChange {
    /// Leaves the timer as it is.
    #[default]
    Keep,
    /// Sets the timer to this time and replaces any earlier setting.
    Set(Timestamp),
    /// Removes the timer.
    Clear,
}

impl<S> Step<S> {
    /// Waits in this state.
    pub const fn wait(state: S) -> Self {
        Self::to(NextState::Wait(state))
    }

    /// Parks the instance in this state until a person acts.
    pub fn stuck(state: S, why: impl Into<String>) -> Self {
        Self::to(NextState::Stuck(state, why.into()))
    }

    /// Ends the instance.
    pub const fn done() -> Self {
        Self::to(NextState::Done)
    }

    const fn to(next: NextState<S>) -> Self {
        Self { next, dispatches: Vec::new(), timer: TimerChange::Keep }
    }

    /// Adds this command to the commands to dispatch.
    pub fn send<A: Aggregate>(mut self, whom: Id<A>, command: A::Command) -> Self {
        self.dispatches.push(Dispatch::new(whom, command));
        self
    }

    /// Sets the timer of the instance, in place of an earlier one; with a time in the past it fires
    /// at once.
    pub const fn set_timer(mut self, time: Timestamp) -> Self {
        self.timer = TimerChange::Set(time);
        self
    }

    /// Sets the timer when there is a time for it.
    pub const fn set_timer_if(self, time: Option<Timestamp>) -> Self {
        match time {
            Some(time) => self.set_timer(time),
            None => self,
        }
    }

    /// Removes the timer.
    pub const fn clear_timer(mut self) -> Self {
        self.timer = TimerChange::Clear;
        self
    }
}

/// A command of the saga that was rejected, as recorded in the journal.
#[derive(Debug)]
pub struct RejectedCommand {
    /// The name of the aggregate kind that rejected the command.
    pub aggregate: String,
    /// The number of the aggregate.
    pub number: u64,
    /// The bare name of the command.
    pub command: String,
    /// The rejection as a sentence.
    pub reason: String,
    /// The rejection itself; see [`RejectedCommand::by`].
    pub rejection: Box<dyn Any + Send + Sync>,
}

impl RejectedCommand {
    /// A rejection by this aggregate.
    pub fn new<A: Aggregate>(by: Id<A>, command: &A::Command, rejection: A::Rejection) -> Self {
        Self {
            aggregate: A::NAME.into(),
            number: by.number(),
            command: super::command_name(command),
            reason: rejection.to_string(),
            rejection: Box::new(rejection),
        }
    }

    /// Whether this command of this aggregate was rejected: `refused.is(taxi, variant!(Command::Assign))`.
    #[must_use]
    pub fn is<A: Aggregate>(&self, by: Id<A>, command: Variant<A::Command>) -> bool {
        self.is_of::<A>(command) && self.number == by.number()
    }

    /// Whether this command of any `A` was rejected.
    #[must_use]
    pub fn is_of<A: Aggregate>(&self, command: Variant<A::Command>) -> bool {
        self.aggregate == A::NAME && command.names(&self.command)
    }

    /// Whether the command was rejected by an `A`.
    #[must_use]
    pub fn is_by<A: Aggregate>(&self) -> bool {
        self.aggregate == A::NAME
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

impl Unchanged {
    /// Whether this command of this aggregate changed nothing:
    /// `unchanged.is(taxi, variant!(Command::Release))`.
    #[must_use]
    pub fn is<A: Aggregate>(&self, by: Id<A>, command: Variant<A::Command>) -> bool {
        self.is_of::<A>(command) && self.number == by.number()
    }

    /// Whether this command of any `A` changed nothing.
    #[must_use]
    pub fn is_of<A: Aggregate>(&self, command: Variant<A::Command>) -> bool {
        self.aggregate == A::NAME && command.names(&self.command)
    }
}
