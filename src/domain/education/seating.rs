//! The saga that takes the seat of an application before money is asked for, and gives it back when
//! the application is cancelled or rejected.
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
    application::{Application, Command::*, Event::*},
    seat::{Command::*, CourseSeat, Event::*},
};
use crate::domain::kernel::prelude::*;

use Seating::*;

event_set!(Heard: Application, CourseSeat);

/// The state of a seating. All but `Idle` wait for the answer to the command that is sent on the way
/// to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seating {
    #[default]
    Idle,
    Taking,
    Placing,
    TurningAway,
    Leaving,
    Vacating,
}

impl Saga for Seating {
    const NAME: &'static str = "education/seating";
    type Events = Heard;

    /// The instance has the number of the application. The events of a seat name it.
    fn route(heard: &Heard) -> Option<u64> {
        Some(match heard {
            Heard::CourseSeat(_, Taken { holder }) => holder.application.number(),
            Heard::Application(application, _) | Heard::CourseSeat(_, Left { application }) => {
                application.number()
            }
        })
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        let application = me.of::<Application>();
        match (self, heard) {
            (Idle, Heard::Application(_, SeatAsked { student, .. })) => {
                Step::wait(Taking).send(CourseSeat::of(&student), Take { student, application })
            }
            (
                Idle | Taking | Placing | TurningAway,
                Heard::Application(_, SeatReleased { student }),
            ) => Step::wait(Leaving).send(CourseSeat::of(&student), Leave { application }),
            (Taking, Heard::CourseSeat(_, Taken { .. }))
            | (Placing, Heard::Application(_, Requested { .. }))
            | (TurningAway, Heard::Application(_, TurnedAway { .. }))
            | (Leaving, Heard::CourseSeat(_, Left { .. }))
            | (Vacating, Heard::Application(_, Vacated)) => self.go_on(me),
            (state, _) => Step::wait(state),
        }
    }

    /// Turns the application away when another one holds the seat. The application rejects a
    /// command only when it was cancelled, and that event was handled before.
    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        match self {
            Taking if refused.is_by::<CourseSeat>() => Step::wait(TurningAway)
                .send(me.of::<Application>(), TurnAway { reason: refused.reason.clone() }),
            state => Step::wait(state),
        }
    }

    /// Continues when the awaited command had been carried out before. The answer to `Take` may
    /// still arrive in `Leaving`.
    fn on_no_op(self, me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        match self {
            Leaving if !unchanged.is_of::<CourseSeat>(variant!(Leave)) => Step::wait(Leaving),
            state => state.go_on(me),
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

impl Seating {
    /// The next step after the awaited command was carried out.
    fn go_on(self, me: Id<Self>) -> Step<Self> {
        match self {
            Taking => Step::wait(Placing).send(me.of::<Application>(), Place),
            Leaving => Step::wait(Vacating).send(me.of::<Application>(), Vacate),
            Idle | Placing | TurningAway | Vacating => Step::done(),
        }
    }
}
