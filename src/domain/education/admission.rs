//! Enrols who has paid, and says when the course is completed or the enrolment cancelled.
//!
//! ```text
//!       paid            answered          admitted            enrolled            noted
//! Idle ──────▶ Knocking ───────▶ Admitting ──────▶ Enrolling ─────────▶ Registering ────▶ over
//!  │ │            │ cancelled        │ refused:       │ wants to cancel    │ wants to cancel
//!  │ │            ▼ answered         ▼ cancelled      ▼                    │
//!  │ │ wants to  Leaving ─▶ over    over ┌───▶ Withdrawing ◀───────────────┘
//!  │ └─ cancel ──────────────────────────┘        │     │ cancelled           noted
//!  │ completed                          completed │     └────────▶ Cancelling ─────▶ over
//!  └────────────────────▶ Completing ◀────────────┘ (from Registering as well)
//!                             │ noted
//!                             ▼
//!                            over
//! ```
//! The course office may be down for days. So it is asked whether anybody is there before the
//! application is admitted: who cancels meanwhile is refunded at once, as that is led by the
//! tuition, and never enrolled. From the admission on the enrolment decides whether a course can
//! still be cancelled; a cancellation then waits for its answer, and so does the money.

use super::{
    application::{
        self, Application,
        Command::{Admit, Complete, Register, Withdraw},
    },
    enrolment::{
        self,
        Command::{Cancel, Enrol, Knock},
        Enrolment,
    },
};
use crate::domain::kernel::{Aggregate, Awaits, Id, Meta, Refused, Saga, Step, Unchanged};
use crate::hears;
use serde::{Deserialize, Serialize};

use Admission::{
    Admitting, Cancelling, Completing, Enrolling, Idle, Knocking, Leaving, Registering, Withdrawing,
};

hears!(
    /// What an admission listens to.
    Heard: Application, Enrolment
);

/// How far an admission has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Admission {
    /// Nothing was paid, or there is nothing to be said.
    #[default]
    Idle,
    /// The course office was asked whether anybody is there.
    Knocking,
    /// The same, and the application was cancelled meanwhile.
    Leaving,
    /// Somebody is there, and the application is asked whether it still stands.
    Admitting,
    /// The student is admitted, and the enrolment asked for.
    Enrolling,
    /// The student is enrolled, and the application is told so.
    Registering,
    /// The student wants to cancel, and the enrolment was asked.
    Withdrawing,
    /// The course is completed, and the application is told so.
    Completing,
    /// The enrolment is cancelled, and the application is told so.
    Cancelling,
}

impl Saga for Admission {
    const NAME: &'static str = "education/admission";
    type Hears = Heard;

    /// An application and its enrolment bear one number.
    fn route(heard: &Heard) -> Option<u64> {
        Some(heard.number())
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Application(_, event) => self.on_application(me, event),
            Heard::Enrolment(_, event) => self.on_enrolment(me, &event),
        }
    }

    /// An enrolment that is not cancelled any more has been completed, which was heard before.
    fn refused(self, _me: Id<Self>, _refused: &Refused) -> Step<Self> {
        match self {
            // The application was cancelled: nobody is enrolled.
            Admitting => Step::done(),
            state => Step::wait(state),
        }
    }

    /// Somebody is there.
    fn unchanged(self, me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        match (self, unchanged.command.as_str()) {
            (Knocking, "Knock") => Step::wait(Admitting).tell(me.of::<Application>(), Admit),
            (Leaving, "Knock") => Step::done(),
            (state, _) => Step::wait(state),
        }
    }

    fn awaits(&self) -> Awaits {
        match self {
            Idle => Awaits::Nobody,
            Knocking | Leaving | Enrolling | Withdrawing => Awaits::Part(Enrolment::NAME),
            Admitting | Registering | Completing | Cancelling => Awaits::Part(Application::NAME),
        }
    }
}

impl Admission {
    fn on_application(self, me: Id<Self>, event: application::Event) -> Step<Self> {
        use application::Event as E;
        let enrolment = me.of::<Enrolment>();
        match (self, event) {
            (Idle, E::Applied) => Step::wait(Knocking).tell(enrolment, Knock),
            (Knocking, E::Cancelled) => Step::wait(Leaving),
            (Admitting, E::Admitted { student }) => {
                Step::wait(Enrolling).tell(enrolment, Enrol { student })
            }
            (Idle | Enrolling | Registering, E::CancelRequested) => {
                Step::wait(Withdrawing).tell(enrolment, Cancel)
            }
            (Registering, E::Registered)
            | (Completing, E::Completed)
            | (Cancelling, E::Cancelled) => Step::done(),
            (state, _) => Step::wait(state),
        }
    }

    fn on_enrolment(self, me: Id<Self>, event: &enrolment::Event) -> Step<Self> {
        use enrolment::Event as E;
        let application = me.of::<Application>();
        match (self, event) {
            (Enrolling, E::Registered { .. }) => {
                Step::wait(Registering).tell(application, Register)
            }
            (Idle | Registering | Withdrawing, E::Completed) => {
                Step::wait(Completing).tell(application, Complete)
            }
            (Withdrawing, E::Cancelled) => Step::wait(Cancelling).tell(application, Withdraw),
            (state, _) => Step::wait(state),
        }
    }
}
