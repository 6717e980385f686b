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

mod routes;
#[cfg(test)]
mod specs;

use super::{CallTaxi, DISPATCHER, settings::Settings, taxi::Taxi};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Empty, FailureKind, Id, Issuer, Method, Progress,
    RejectionKind, Timestamp,
};
use routes::{ReferBody, StatusBody, TaxiBody};
use serde::{Deserialize, Serialize};
use thiserror::Error;

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
    },
    /// Any taxi is accepted, and the cheapest is being looked up.
    Seeking {
        /// The taxis that are searched.
        among: Among,
    },
    /// This taxi is being assigned.
    Assigning {
        /// The taxi.
        taxi: Id<Taxi>,
        /// The origin of the choice.
        choice: Choice,
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
    Accept,
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
    },
    /// Any taxi is accepted: the cheapest has to be looked up.
    TaxiSought {
        /// The taxis that are searched.
        among: Among,
    },
    /// This taxi is to be assigned.
    TaxiChosen {
        /// The taxi.
        taxi: Id<Taxi>,
        /// The origin of the choice.
        choice: Choice,
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

/// The reasons why a reservation rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No paid order has this number.
    #[error("there is no such reservation")]
    Unknown,
    /// The reservation has been confirmed and keeps its taxi.
    #[error("the reservation has been confirmed already")]
    IsConfirmed,
    /// Another taxi is being looked up or assigned.
    #[error("another taxi is being assigned to the reservation")]
    IsAssigning,
    /// The reservation is cancelled: no taxi comes.
    #[error("the reservation is cancelled")]
    IsCancelled,
    /// No taxi, or not this taxi, was requested.
    #[error("no taxi is wanted for the reservation")]
    NotWanted,
    /// The ride is over.
    #[error("the ride is over")]
    IsCompleted,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            _ => RejectionKind::Conflict,
        }
    }
}

const OUT_OF_STOCK: &str = "every taxi is out of stock";

impl Aggregate for Reservation {
    const NAME: &'static str = "taxi/reservations";
    type Business = CallTaxi;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Confirm { .. } | Cancel { by: By::Dispatcher } => Issuer::Staff(&[DISPATCHER]),
            Accept
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
        let sought = |among| Ok(vec![TaxiSought { among }]);
        match (self, command) {
            (R::Blank, Accept) => Ok(vec![Accepted { confirm_by: settings.confirm_by(now) }]),
            (R::Accepted { .. }, Confirm { taxi: None }) => sought(Among::InStock),
            (R::Accepted { .. }, Confirm { taxi: Some(taxi) }) => {
                Ok(vec![TaxiChosen { taxi, choice: Choice::Dispatcher }])
            }
            (R::Seeking { .. }, Offer { taxi }) => {
                Ok(vec![TaxiChosen { taxi, choice: Choice::Cheapest }])
            }
            (R::Seeking { among: Among::InStock }, FindNone) => sought(Among::Registered),
            (R::Seeking { among: Among::Registered }, FindNone) => {
                Ok(vec![AssigningFailed { reason: OUT_OF_STOCK.into() }])
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
            Accepted { .. } => Self::Accepted { failed: None },
            TaxiSought { among } => Self::Seeking { among },
            TaxiChosen { taxi, choice } => Self::Assigning { taxi, choice },
            AssigningFailed { reason } => Self::Accepted { failed: Some(reason) },
            Confirmed { taxi } => Self::Confirmed { taxi },
            Cancelled { .. } => Self::Cancelled,
            Completed => Self::Completed,
        }
    }

    fn progress(&self) -> Progress {
        match self {
            Self::Seeking { .. } | Self::Assigning { .. } => Progress::Pending,
            Self::Accepted { failed: Some(reason) } => {
                Progress::Failed { how: FailureKind::Refused, reason: reason.clone() }
            }
            Self::Blank
            | Self::Accepted { failed: None }
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
            .on_item("confirm or cancel by status", Method::Patch, StatusBody::means)
            .on_item("confirm or cancel by status", Method::Put, StatusBody::means)
    }
}

impl Reservation {
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
            (_, Accept) => Ok(vec![]),
            (Self::Confirmed { .. }, _) => Err(Rejection::IsConfirmed),
            (_, Confirm { .. }) => Err(Rejection::IsAssigning),
            (_, _) => Err(Rejection::NotWanted),
        }
    }

    /// The name of the state, as clients of the original know it.
    const fn name(&self) -> &'static str {
        match self {
            Self::Blank => "",
            Self::Accepted { .. } => "Reservation Complete",
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
