//! Saga that takes the seat of an application before money is asked for, and gives it back when the
//! application is cancelled or rejected.
//!
//! ```text
//!       applied           taken             requested
//! Idle ────────▶ Taking ────────▶ Placing ──────────▶ over
//!  │               │ │ held by another application        turned away
//!  │               │ └──────────────────▶ TurningAway ──────────────▶ over
//!  │ seat released │ cancelled meanwhile, from Placing and TurningAway likewise
//!  └───────────────┴──────▶ Leaving ────────▶ Vacating ────────▶ over
//!                                    left              noted
//! ```
//! The client that cancels, or whose payment was declined, waits until the seat is free, so that
//! the next application for the course succeeds. No refund waits for this saga.
//!
//! Applications of versions before the seats have `Requested` as their first event, and this saga
//! does nothing for them: they hold no seat.

use super::{
    application::{
        self, Application,
        Command::{Place, TurnAway, Vacate},
    },
    seat::{
        self,
        Command::{Leave, Take},
        CourseSeat,
    },
    student::Student,
};
use crate::domain::kernel::{
    Aggregate, Id, Meta, RejectedCommand, Saga, Step, Unchanged, WaitsFor,
};
use crate::event_set;
use serde::{Deserialize, Serialize};

use Seating::{Idle, Leaving, Placing, Taking, TurningAway, Vacating};

event_set!(
    /// Events that the seating saga receives.
    Heard: Application, CourseSeat
);

/// State of a seating.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seating {
    /// No application was made, or no step is pending.
    #[default]
    Idle,
    /// `Take` was sent to the seat.
    Taking,
    /// The seat is taken, and `Place` was sent to the application.
    Placing,
    /// Another application holds the seat, and `TurnAway` was sent to the application.
    TurningAway,
    /// The application is cancelled or rejected, and `Leave` was sent to the seat.
    Leaving,
    /// The seat is free, and `Vacate` was sent to the application.
    Vacating,
}

impl Saga for Seating {
    const NAME: &'static str = "education/seating";
    type Events = Heard;

    /// Routes events of an application by its number, and those of a seat by the application that
    /// they name.
    fn route(heard: &Heard) -> Option<u64> {
        use seat::Event as S;
        Some(match heard {
            Heard::CourseSeat(_, S::Taken { holder }) => holder.application.number(),
            Heard::Application(application, _) | Heard::CourseSeat(_, S::Left { application }) => {
                application.number()
            }
        })
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        use application::Event as A;
        use seat::Event as S;
        match (self, heard) {
            (Idle, Heard::Application(_, A::SeatAsked { student, .. })) => take(me, student),
            (Taking, Heard::CourseSeat(_, S::Taken { .. })) => place(me),
            (Placing, Heard::Application(_, A::Requested { .. }))
            | (TurningAway, Heard::Application(_, A::TurnedAway { .. }))
            | (Vacating, Heard::Application(_, A::Vacated)) => Step::done(),
            (
                Idle | Taking | Placing | TurningAway,
                Heard::Application(_, A::SeatReleased { student }),
            ) => Step::wait(Leaving).send(CourseSeat::of(&student), Leave { application: me.of() }),
            (Leaving, Heard::CourseSeat(_, S::Left { .. })) => vacate(me),
            (state, _) => Step::wait(state),
        }
    }

    /// Turns the application away when another one holds the seat. The application rejects a
    /// command only when it was cancelled, and that event was handled before.
    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        match (self, refused.by::<CourseSeat>()) {
            (Taking, Some(_)) => {
                let reason = refused.reason.clone();
                Step::wait(TurningAway).send(me.of::<Application>(), TurnAway { reason })
            }
            (state, _) => Step::wait(state),
        }
    }

    /// Continues when the seat was taken or left already.
    fn on_no_op(self, me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        match (self, unchanged.aggregate.as_str()) {
            (Taking, CourseSeat::NAME) => place(me),
            (Leaving, CourseSeat::NAME) => vacate(me),
            (Placing | TurningAway | Vacating, Application::NAME) => Step::done(),
            (state, _) => Step::wait(state),
        }
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Taking | Leaving => WaitsFor::Part(CourseSeat::NAME),
            Placing | TurningAway | Vacating => WaitsFor::Part(Application::NAME),
        }
    }
}

fn take(me: Id<Seating>, student: Student) -> Step<Seating> {
    let seat = CourseSeat::of(&student);
    Step::wait(Taking).send(seat, Take { student, application: me.of() })
}

fn place(me: Id<Seating>) -> Step<Seating> {
    Step::wait(Placing).send(me.of::<Application>(), Place)
}

fn vacate(me: Id<Seating>) -> Step<Seating> {
    Step::wait(Vacating).send(me.of::<Application>(), Vacate)
}
