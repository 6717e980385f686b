//! The time limit of an attempt: the saga that gives an attempt up when it was not decided in time.
//!
//! ```text
//!      begun             time is up           decided: given up
//! Idle ─────▶ Waiting ──────────────▶ GivingUp ────────────────▶ over
//!                │ decided
//!                └──────────────────────────────────────────────▶ over
//! ```
//! It is a saga of its own. A saga instance delivers its commands in order, so a command to a
//! component that is suspended would delay the command that gives the attempt up.

use super::{Aggregate, Id, Meta, Saga, Step, Timestamp, WaitsFor};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// An aggregate kind with attempts that are decided in time or given up, such as the cancellation of
/// an order that another component has to agree to. Attempts are numbered from 1.
///
/// The aggregate decides which command ends an attempt: the one that arrives first. So it accepts
/// [`Attempts::GIVE_UP`] also for an attempt that is over, and changes nothing.
///
/// ```
/// use madang::domain::kernel::{prelude::*, time_limit::{Attempt, Attempts, Phase, TimeLimit}};
/// use madang::domain::phone::order::{Event, Order};
///
/// let asked = Event::CancelRequested { attempt: 2, answer_by: Timestamp(7) };
/// let begun = Attempt::Begun { attempt: 2, answer_by: Timestamp(7) };
/// assert_eq!(Order::attempt(&asked), Some(begun));
///
/// let me = Id::<TimeLimit<Order>>::new(1);
/// let meta = Meta { position: 9, version: 9, time: Timestamp(0), correlation: 1 };
/// let waiting = TimeLimit::default().react(me, (Id::new(1), asked), &meta).next;
/// let madang::domain::kernel::NextState::Wait(waiting) = waiting else { panic!() };
/// let given_up = waiting.on_timer(me, Timestamp(7)).dispatches;
/// assert_eq!(given_up, [Dispatch::new(Id::<Order>::new(1), Order::GIVE_UP(2))]);
/// ```
pub trait Attempts: Aggregate {
    /// The name of the saga, `business/name`. It never changes once written to a journal.
    const TIME_LIMIT: &'static str;

    /// The name of the component whose answer the attempt waits for, `business/name`.
    const ANSWERED_BY: &'static str;

    /// The command that gives this attempt up.
    const GIVE_UP: fn(u32) -> Self::Command;

    /// The effect of an event on the present attempt; `None` when it has none.
    fn attempt(event: &Self::Event) -> Option<Attempt>;
}

/// The effect of an event on an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The attempt has begun, and has to be decided by this time.
    Begun {
        /// The number of the attempt.
        attempt: u32,
        /// The time by which it has to be decided.
        answer_by: Timestamp,
    },
    /// The attempt was decided, given up, or overtaken.
    Decided,
}

/// The state of the saga.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent, bound = "")]
pub struct TimeLimit<A> {
    phase: Phase,
    of: PhantomData<fn() -> A>,
}

/// The phases of the saga.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// No attempt has a time limit now.
    #[default]
    Idle,
    /// The attempt is not decided yet.
    Waiting {
        /// The number of the attempt.
        attempt: u32,
    },
    /// The time is up, and the command was sent.
    GivingUp,
}

impl<A: Attempts> Saga for TimeLimit<A> {
    const NAME: &'static str = A::TIME_LIMIT;
    type Events = (Id<A>, A::Event);

    fn react(self, _me: Id<Self>, (_, event): Self::Events, _meta: &Meta) -> Step<Self> {
        match (self.phase, A::attempt(&event)) {
            (Phase::Idle, Some(Attempt::Begun { attempt, answer_by })) => {
                Phase::Waiting { attempt }.step().set_timer(answer_by)
            }
            (Phase::Waiting { .. } | Phase::GivingUp, Some(Attempt::Decided)) => Step::done(),
            (phase, _) => phase.step(),
        }
    }

    fn on_timer(self, me: Id<Self>, _now: Timestamp) -> Step<Self> {
        match self.phase {
            Phase::Waiting { attempt } => {
                Phase::GivingUp.step().send(me.of::<A>(), (A::GIVE_UP)(attempt))
            }
            phase => phase.step(),
        }
    }

    fn waits_for(&self) -> WaitsFor {
        match self.phase {
            Phase::Idle => WaitsFor::Nothing,
            Phase::Waiting { .. } => WaitsFor::Part(A::ANSWERED_BY),
            Phase::GivingUp => WaitsFor::Part(A::NAME),
        }
    }
}

impl Phase {
    fn step<A>(self) -> Step<TimeLimit<A>> {
        Step::wait(self.into())
    }
}

impl<A> From<Phase> for TimeLimit<A> {
    fn from(phase: Phase) -> Self {
        Self { phase, of: PhantomData }
    }
}
