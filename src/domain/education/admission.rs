//! The saga that enrols a student who has paid, and reports completion or cancellation.
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
    application::{self, Application, Command::*},
    enrolment::{self, Enrolment},
};
use crate::domain::kernel::prelude::*;

use Admission::*;
use enrolment::Command::{Cancel, Enrol, Knock};

event_set!(Heard: Application, Enrolment);

/// The state of an admission. All but `Idle` wait for the answer to the command that is sent on the
/// way to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Admission {
    #[default]
    Idle,
    Knocking,
    /// The application was cancelled while `Knock` was on its way.
    Leaving,
    Admitting,
    Enrolling,
    Registering,
    Withdrawing,
    Completing,
    Cancelling,
}

impl Saga for Admission {
    const NAME: &'static str = "education/admission";
    type Events = Heard;

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        use {application::Event as A, enrolment::Event as E};
        let (application, enrolment) = (me.of::<Application>(), me.of::<Enrolment>());
        match (self, heard) {
            (Idle, Heard::Application(_, A::Applied)) => {
                Step::wait(Knocking).send(enrolment, Knock)
            }
            (Knocking, Heard::Application(_, A::Cancelled)) => Step::wait(Leaving),
            (Admitting, Heard::Application(_, A::Admitted { student })) => {
                Step::wait(Enrolling).send(enrolment, Enrol { student })
            }
            (Enrolling, Heard::Enrolment(_, E::Registered { .. })) => {
                Step::wait(Registering).send(application, Register)
            }
            (Idle | Enrolling | Registering, Heard::Application(_, A::CancelRequested)) => {
                Step::wait(Withdrawing).send(enrolment, Cancel)
            }
            (Withdrawing, Heard::Enrolment(_, E::Cancelled)) => {
                Step::wait(Cancelling).send(application, Withdraw)
            }
            (Idle | Registering | Withdrawing, Heard::Enrolment(_, E::Completed)) => {
                Step::wait(Completing).send(application, Complete)
            }
            (Registering, Heard::Application(_, A::Registered))
            | (Completing, Heard::Application(_, A::Completed))
            | (Cancelling, Heard::Application(_, A::Cancelled)) => Step::done(),
            (state, _) => Step::wait(state),
        }
    }

    /// Ends the instance when the application rejects `Admit`: it was cancelled, so no student is
    /// enrolled. An enrolment rejects `Cancel` only after its completion, which was handled before.
    fn on_rejected(self, _me: Id<Self>, _refused: &RejectedCommand) -> Step<Self> {
        if self == Admitting { Step::done() } else { Step::wait(self) }
    }

    /// Continues when the enrolment answered `Knock`, which changes nothing.
    fn on_no_op(self, me: Id<Self>, _unchanged: &Unchanged) -> Step<Self> {
        match self {
            Knocking => Step::wait(Admitting).send(me.of::<Application>(), Admit),
            Leaving => Step::done(),
            state => Step::wait(state),
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
