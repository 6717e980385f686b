//! The reservation: the taxi company's part of an order, which a dispatcher confirms with a taxi.
//! It has the order's number.
//!
//! ```text
//!              confirm this taxi                       assigned
//! Accepted ─────────────────────────────▶ Assigning ─────────────▶ Confirmed
//!  ▲  │ confirm any            offered ▲    │  │  overtaken: seek again    ▲
//!  │  └───────────────▶ Seeking ───────┘    │  └──────▶ Seeking            │
//!  │     failed            │  └─────────────┼── none registered at all ────┘
//!  └───────────────────────┴────────────────┘
//! ```
//! Every state but the last can change to Cancelled. A confirmed reservation becomes Completed when
//! the ride is over.

mod rejection;
mod routes;
#[cfg(test)]
mod specs;

use super::{CallTaxi, DISPATCHER, grade::Grade, settings::Settings, taxi::Taxi};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Empty, FailureKind, Id, Issuer, Method, Progress, Timestamp,
};
pub use rejection::Rejection;
use routes::{ReferBody, StatusBody, TaxiBody};
use serde::{Deserialize, Serialize};

use Command::{Accept, Assign, Cancel, Complete, Confirm, DoWithout, Fail, FindNone, Offer};
use Event::{Accepted, AssigningFailed, Cancelled, Completed, Confirmed, TaxiChosen, TaxiSought};

/// The taxi company's part of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Reservation {
    /// The order has not reached the company.
    #[default]
    Blank,
    /// The order reached the company, and waits for the dispatcher.
    Accepted {
        /// The reason why the last attempt to confirm it failed.
        failed: Option<String>,
        /// The grade of taxi that was paid for.
        grade: Grade,
    },
    /// Any taxi is accepted, and the cheapest is being looked up.
    Seeking {
        /// The taxis that are searched.
        among: Among,
        /// The grade of taxi that was paid for.
        grade: Grade,
    },
    /// This taxi is being assigned.
    Assigning {
        /// The taxi.
        taxi: Id<Taxi>,
        /// The origin of the choice.
        choice: Choice,
        /// The grade of taxi that was paid for.
        grade: Grade,
    },
    /// The ride was confirmed with this taxi, or without one because no taxi was registered at all.
    Confirmed {
        /// The taxi.
        taxi: Option<Id<Taxi>>,
    },
    /// The reservation is cancelled: no taxi comes.
    Cancelled,
    /// The ride is over.
    Completed,
}

/// The taxis among which the cheapest is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Among {
    /// The taxis that have stock.
    InStock,
    /// All registered taxis: none had stock, and it matters whether any is registered at all.
    Registered,
}

/// The origin of the choice of a taxi.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    /// The dispatcher chose the taxi. If it is out of stock, the dispatcher is notified.
    Dispatcher,
    /// The lookup chose the cheapest taxi. If it is out of stock by now, the next one is taken.
    Cheapest,
}

/// The origin of a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// The order was cancelled.
    Order,
    /// The dispatcher cancelled the reservation.
    Dispatcher,
}

/// The commands of a reservation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The order was paid.
    Accept {
        /// The grade of taxi that was paid for.
        grade: Grade,
    },
    /// The dispatcher confirms the reservation, with this taxi or with any.
    Confirm {
        /// The taxi; the cheapest with stock when `None`.
        taxi: Option<Id<Taxi>>,
    },
    /// The lookup found this taxi as the cheapest with stock.
    Offer {
        /// The taxi.
        taxi: Id<Taxi>,
    },
    /// No taxi has stock.
    FindNone,
    /// No taxi is registered at all.
    DoWithout,
    /// The taxi is assigned.
    Assign {
        /// The taxi.
        taxi: Id<Taxi>,
    },
    /// The taxi cannot be assigned.
    Fail {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The reservation is to be cancelled.
    Cancel {
        /// The origin of the cancellation.
        by: By,
    },
    /// The ride is over.
    Complete,
}

/// The events of a reservation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The order reached the company.
    Accepted {
        /// The time by which it has to be confirmed.
        confirm_by: Option<Timestamp>,
        /// The grade of taxi that was paid for.
        #[serde(default)]
        grade: Grade,
    },
    /// Any taxi is accepted: the cheapest has to be looked up.
    TaxiSought {
        /// The taxis that are searched.
        among: Among,
        /// The grade of taxi that was paid for.
        #[serde(default)]
        grade: Grade,
    },
    /// This taxi is to be assigned.
    TaxiChosen {
        /// The taxi.
        taxi: Id<Taxi>,
        /// The origin of the choice.
        choice: Choice,
        /// The grade of taxi that was paid for.
        #[serde(default)]
        grade: Grade,
    },
    /// No taxi could be assigned; the reservation waits for the dispatcher again.
    AssigningFailed {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The dispatcher's confirmation took effect.
    Confirmed {
        /// The taxi assigned, if there is one.
        taxi: Option<Id<Taxi>>,
    },
    /// The reservation is cancelled: no taxi comes.
    Cancelled {
        /// The origin of the cancellation.
        by: By,
    },
    /// The ride is over.
    Completed,
}

/// The reason why no taxi can be assigned to an order of this grade.
fn none_left(grade: Grade) -> String {
    match grade {
        Grade::Basic => "every taxi is out of stock".to_owned(),
        Grade::Prime => "every taxi of grade prime or better is out of stock".to_owned(),
        Grade::Platinum => "every taxi of grade platinum is out of stock".to_owned(),
    }
}

impl Aggregate for Reservation {
    const NAME: &'static str = "taxi/reservations";
    const SHAPE: u32 = 2;
    type Business = CallTaxi;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Confirm { .. } | Cancel { by: By::Dispatcher } => Issuer::Staff(&[DISPATCHER]),
            Accept { .. }
            | Offer { .. }
            | FindNone
            | DoWithout
            | Assign { .. }
            | Fail { .. }
            | Complete
            | Cancel { by: By::Order } => Issuer::Internal,
        }
    }

    #[expect(clippy::match_same_arms, reason = "each row of the table is a rule of its own")]
    fn decide(&self, command: Command, now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Reservation as R;
        let grade = self.grade();
        let sought = |among| Ok(vec![TaxiSought { among, grade }]);
        let chosen = |taxi, choice| Ok(vec![TaxiChosen { taxi, choice, grade }]);
        match (self, command) {
            (R::Blank, Accept { grade }) => {
                Ok(vec![Accepted { confirm_by: settings.confirm_by(now), grade }])
            }
            (R::Accepted { .. }, Confirm { taxi: None }) => sought(Among::InStock),
            (R::Accepted { .. }, Confirm { taxi: Some(taxi) }) => chosen(taxi, Choice::Dispatcher),
            (R::Seeking { .. }, Offer { taxi }) => chosen(taxi, Choice::Cheapest),
            (R::Seeking { among: Among::InStock, .. }, FindNone) => sought(Among::Registered),
            (R::Seeking { among: Among::Registered, .. }, FindNone) => {
                Ok(vec![AssigningFailed { reason: none_left(grade) }])
            }
            (R::Seeking { .. }, DoWithout) => Ok(vec![Confirmed { taxi: None }]),
            (R::Assigning { taxi, .. }, Assign { taxi: assigned }) if *taxi == assigned => {
                Ok(vec![Confirmed { taxi: Some(assigned) }])
            }
            // In each round another reservation has taken a taxi, so the rounds are bounded.
            (R::Assigning { choice: Choice::Cheapest, .. }, Fail { .. }) => sought(Among::InStock),
            (R::Assigning { choice: Choice::Dispatcher, .. }, Fail { reason }) => {
                Ok(vec![AssigningFailed { reason }])
            }
            (R::Blank, _) => Err(Rejection::Unknown),
            // A dispatcher may cancel before the reservation learns that the ride is over.
            (R::Confirmed { .. } | R::Cancelled, Complete) => Ok(vec![Completed]),
            (R::Completed, Complete) => Ok(vec![]),
            (R::Completed, _) => Err(Rejection::IsCompleted),
            (R::Cancelled, Cancel { .. }) => Ok(vec![]),
            (_, Cancel { by }) => Ok(vec![Cancelled { by }]),
            (state, command) => state.already(&command),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Accepted { grade, .. } => Self::Accepted { failed: None, grade },
            TaxiSought { among, grade } => Self::Seeking { among, grade },
            TaxiChosen { taxi, choice, grade } => Self::Assigning { taxi, choice, grade },
            AssigningFailed { reason } => {
                Self::Accepted { failed: Some(reason), grade: self.grade() }
            }
            Confirmed { taxi } => Self::Confirmed { taxi },
            Cancelled { .. } => Self::Cancelled,
            Completed => Self::Completed,
        }
    }

    fn progress(&self) -> Progress {
        match self {
            Self::Seeking { .. } | Self::Assigning { .. } => Progress::Pending,
            Self::Accepted { failed: Some(reason), .. } => {
                Progress::Failed { how: FailureKind::Refused, reason: reason.clone() }
            }
            Self::Blank
            | Self::Accepted { failed: None, .. }
            | Self::Confirmed { .. }
            | Self::Completed
            | Self::Cancelled => Progress::Established,
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let taxi_id = match self {
            Self::Confirmed { taxi } => *taxi,
            _ => None,
        };
        Shown { id: number, order_id: number, taxi_id, status: self.name() }
    }

    fn original_status(&self) -> Option<&'static str> {
        match self {
            Self::Accepted { .. } | Self::Seeking { .. } | Self::Assigning { .. } => Some(ACCEPTED),
            Self::Confirmed { .. } => Some(ORIGINAL_CONFIRMED),
            Self::Cancelled => Some(ORIGINAL_CANCELLED),
            Self::Blank | Self::Completed => None,
        }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self {
            Self::Accepted { .. } => &["confirm", "cancel"],
            Self::Seeking { .. } | Self::Assigning { .. } | Self::Confirmed { .. } => &["cancel"],
            Self::Blank | Self::Cancelled | Self::Completed => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(&["id", "orderId"])
            .on_referenced("confirm by status", ReferBody::means)
            .command("confirm", TaxiBody::means)
            .command("cancel", |Empty {}| Ok(Cancel { by: By::Dispatcher }))
            .on_item("confirm or cancel by status", [Method::Patch], StatusBody::means)
            .on_item("confirm or cancel by status", [Method::Put], StatusBody::means)
    }
}

/// The original's word, and ours, for a reservation that reached the company.
pub(super) const ACCEPTED: &str = "Reservation Complete";

/// The original's word for a confirmed reservation.
pub(super) const ORIGINAL_CONFIRMED: &str = "confirmed";

/// The original's word for a cancelled reservation.
pub(super) const ORIGINAL_CANCELLED: &str = "cancelled";

impl Reservation {
    /// The grade of taxi that is to be assigned; basic when none is any more.
    const fn grade(&self) -> Grade {
        match self {
            Self::Accepted { grade, .. }
            | Self::Seeking { grade, .. }
            | Self::Assigning { grade, .. } => *grade,
            Self::Blank | Self::Confirmed { .. } | Self::Cancelled | Self::Completed => {
                Grade::Basic
            }
        }
    }

    /// The rest of the transition table: commands that change nothing, and rejections.
    #[expect(clippy::match_same_arms, reason = "each row of the table is a rule of its own")]
    fn already(&self, command: &Command) -> Decision<Self> {
        match (self, command) {
            (Self::Confirmed { taxi }, Confirm { taxi: again })
                if again.is_none() || taxi == again =>
            {
                Ok(vec![])
            }
            (Self::Assigning { taxi, .. }, Confirm { taxi: again })
                if again.is_none_or(|again| again == *taxi) =>
            {
                Ok(vec![])
            }
            (Self::Seeking { .. }, Confirm { taxi: None }) => Ok(vec![]),
            (Self::Confirmed { taxi }, Assign { taxi: again }) if *taxi == Some(*again) => {
                Ok(vec![])
            }

            (Self::Cancelled, _) => Err(Rejection::IsCancelled),
            (_, Accept { .. }) => Ok(vec![]),
            (Self::Confirmed { .. }, _) => Err(Rejection::IsConfirmed),
            (_, Confirm { .. }) => Err(Rejection::IsAssigning),
            (_, _) => Err(Rejection::NotWanted),
        }
    }

    /// The name of the state, as clients of the original know it.
    const fn name(&self) -> &'static str {
        match self {
            Self::Blank => "",
            Self::Accepted { .. } => ACCEPTED,
            Self::Seeking { .. } | Self::Assigning { .. } => "Assigning",
            Self::Confirmed { .. } => "Confirmed",
            Self::Cancelled => "Cancelled",
            Self::Completed => "Completed",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: u64,
    order_id: u64,
    taxi_id: Option<Id<Taxi>>,
    status: &'static str,
}
