//! Saga that enrols a student who has paid, and reports completion or cancellation.
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
//! Enrolments may be suspended for days. So `Knock` probes them before the application is
//! admitted: a student who cancels meanwhile is refunded at once by the tuition saga, and never
//! enrolled. From the admission on, the enrolment decides whether the course can still be
//! cancelled; the cancellation and the refund then wait for its answer.

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
use crate::domain::kernel::{
    Aggregate, Id, Meta, RejectedCommand, Saga, Step, Unchanged, WaitsFor,
};
use crate::event_set;
use serde::{Deserialize, Serialize};

use Admission::{
    Admitting, Cancelling, Completing, Enrolling, Idle, Knocking, Leaving, Registering, Withdrawing,
};

event_set!(
    /// Events that the admission saga receives.
    Heard: Application, Enrolment
);

/// State of an admission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Admission {
    /// The application is not paid, or no step is pending.
    #[default]
    Idle,
    /// `Knock` was sent to the enrolment, which answers unless enrolments are suspended.
    Knocking,
    /// `Knock` was sent, and the application was cancelled meanwhile.
    Leaving,
    /// The enrolment answered, and `Admit` was sent to the application.
    Admitting,
    /// The student is admitted, and `Enrol` was sent to the enrolment.
    Enrolling,
    /// The student is enrolled, and `Register` was sent to the application.
    Registering,
    /// The student wants to cancel, and `Cancel` was sent to the enrolment.
    Withdrawing,
    /// The course is completed, and `Complete` was sent to the application.
    Completing,
    /// The enrolment is cancelled, and `Withdraw` was sent to the application.
    Cancelling,
}

impl Saga for Admission {
    const NAME: &'static str = "education/admission";
    type Events = Heard;

    /// Routes events by the number that an application and its enrolment share.
    fn route(heard: &Heard) -> Option<u64> {
        Some(heard.number())
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Application(_, event) => self.on_application(me, event),
            Heard::Enrolment(_, event) => self.on_enrolment(me, &event),
        }
    }

    /// Ends the saga when the application rejects `Admit`. An enrolment rejects `Cancel` only after
    /// its completion, whose event was handled before.
    fn on_rejected(self, _me: Id<Self>, _refused: &RejectedCommand) -> Step<Self> {
        match self {
            // The application was cancelled, so no student is enrolled.
            Admitting => Step::done(),
            state => Step::wait(state),
        }
    }

    /// Continues when the enrolment answered `Knock`.
    fn on_no_op(self, me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        match (self, unchanged.command.as_str()) {
            (Knocking, "Knock") => Step::wait(Admitting).send(me.of::<Application>(), Admit),
            (Leaving, "Knock") => Step::done(),
            (state, _) => Step::wait(state),
        }
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Knocking | Leaving | Enrolling | Withdrawing => WaitsFor::Part(Enrolment::NAME),
            Admitting | Registering | Completing | Cancelling => WaitsFor::Part(Application::NAME),
        }
    }
}

impl Admission {
    fn on_application(self, me: Id<Self>, event: application::Event) -> Step<Self> {
        use application::Event as E;
        let enrolment = me.of::<Enrolment>();
        match (self, event) {
            (Idle, E::Applied) => Step::wait(Knocking).send(enrolment, Knock),
            (Knocking, E::Cancelled) => Step::wait(Leaving),
            (Admitting, E::Admitted { student }) => {
                Step::wait(Enrolling).send(enrolment, Enrol { student })
            }
            (Idle | Enrolling | Registering, E::CancelRequested) => {
                Step::wait(Withdrawing).send(enrolment, Cancel)
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
                Step::wait(Registering).send(application, Register)
            }
            (Idle | Registering | Withdrawing, E::Completed) => {
                Step::wait(Completing).send(application, Complete)
            }
            (Withdrawing, E::Cancelled) => Step::wait(Cancelling).send(application, Withdraw),
            (state, _) => Step::wait(state),
        }
    }
}
