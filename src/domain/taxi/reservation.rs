//! What the taxi company knows of an order: it came in, and a dispatcher confirms it with a taxi.
//! It bears the order's number.
//!
//! ```text
//!              confirm this taxi                       assigned
//! Accepted ─────────────────────────────▶ Assigning ─────────────▶ Confirmed
//!  ▲  │ confirm any            offered ▲    │  │  overtaken: seek again    ▲
//!  │  └───────────────▶ Seeking ───────┘    │  └──────▶ Seeking            │
//!  │     failed            │  └─────────────┼── none registered at all ────┘
//!  └───────────────────────┴────────────────┘
//! ```
//! From everywhere to Cancelled.

mod said;
#[cfg(test)]
mod specs;

use super::{CallTaxi, DISPATCHER, settings::Settings, taxi::Taxi};
use crate::domain::kernel::{
    Aggregate, Decision, Fall, Id, Method, Nothing, RejectionKind, Speaker, Standing, Timestamp,
    Vocabulary,
};
use said::{ReferBody, StatusBody, TaxiBody};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use Command::{Accept, Assign, Cancel, Confirm, DoWithout, Fail, FindNone, Offer};
use Event::{Accepted, AssigningFailed, Cancelled, Confirmed, TaxiChosen, TaxiSought};

/// What the taxi company knows of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Reservation {
    /// It never heard of it.
    #[default]
    Blank,
    /// It reached the company, and waits for the dispatcher.
    Accepted {
        /// Why the last attempt to confirm it failed.
        failed: Option<String>,
    },
    /// Any taxi will do, and the cheapest is looked up.
    Seeking {
        /// Among which taxis.
        among: Among,
    },
    /// This taxi is being assigned.
    Assigning {
        /// The taxi.
        taxi: Id<Taxi>,
        /// By whose choice.
        choice: Choice,
    },
    /// The taxi comes; or the ride was confirmed while no taxi was registered at all.
    Confirmed {
        /// The taxi.
        taxi: Option<Id<Taxi>>,
    },
    /// Nobody is coming.
    Cancelled,
}

/// Among which taxis one is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Among {
    /// Those that have stock.
    InStock,
    /// All: there was none with stock, and it matters whether there is one without.
    Registered,
}

/// Who chose a taxi.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    /// The dispatcher: if it is out of stock, the dispatcher shall know.
    Dispatcher,
    /// It was the cheapest: if it is out of stock by now, the next will do.
    Cheapest,
}

/// Who called a reservation off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    /// The order was cancelled.
    Order,
    /// The dispatcher will not have it.
    Dispatcher,
}

/// What a reservation can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The order was paid.
    Accept,
    /// The dispatcher confirms it, with this taxi or with any.
    Confirm {
        /// The taxi; the cheapest with stock when `None`.
        taxi: Option<Id<Taxi>>,
    },
    /// This is the cheapest taxi with stock.
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
        because: String,
    },
    /// Nobody shall come.
    Cancel {
        /// Who says so.
        by: By,
    },
}

/// What can happen to a reservation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// It reached the company.
    Accepted {
        /// Until when it has to be confirmed.
        confirm_by: Option<Timestamp>,
    },
    /// Any taxi will do: the cheapest has to be looked up.
    TaxiSought {
        /// Among which taxis.
        among: Among,
    },
    /// This taxi is to be assigned.
    TaxiChosen {
        /// The taxi.
        taxi: Id<Taxi>,
        /// By whose choice.
        choice: Choice,
    },
    /// No taxi could be assigned; it waits for the dispatcher again.
    AssigningFailed {
        /// The reason, as a sentence.
        because: String,
    },
    /// The dispatcher's confirmation took effect.
    Confirmed {
        /// The taxi assigned, if there is one.
        taxi: Option<Id<Taxi>>,
    },
    /// Nobody is coming.
    Cancelled {
        /// Who said so.
        by: By,
    },
}

/// Why a reservation says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No paid order bears this number.
    #[error("there is no such reservation")]
    Unknown,
    /// Its taxi is settled.
    #[error("the reservation has been confirmed already")]
    IsConfirmed,
    /// Its taxi is about to be settled.
    #[error("another taxi is being assigned to the reservation")]
    IsAssigning,
    /// Nobody is coming.
    #[error("the reservation is cancelled")]
    IsCancelled,
    /// Nobody asked for this taxi.
    #[error("no taxi is wanted for the reservation")]
    NotWanted,
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

    fn speaker(command: &Command) -> Speaker {
        match command {
            Confirm { .. } | Cancel { by: By::Dispatcher } => Speaker::Staff(DISPATCHER),
            Accept
            | Offer { .. }
            | FindNone
            | DoWithout
            | Assign { .. }
            | Fail { .. }
            | Cancel { by: By::Order } => Speaker::Inside,
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
                Ok(vec![AssigningFailed { because: OUT_OF_STOCK.into() }])
            }
            (R::Seeking { .. }, DoWithout) => Ok(vec![Confirmed { taxi: None }]),
            (R::Assigning { taxi, .. }, Assign { taxi: assigned }) if *taxi == assigned => {
                Ok(vec![Confirmed { taxi: Some(assigned) }])
            }
            // Each round means that somebody else took a taxi, so the rounds come to an end.
            (R::Assigning { choice: Choice::Cheapest, .. }, Fail { .. }) => sought(Among::InStock),
            (R::Assigning { choice: Choice::Dispatcher, .. }, Fail { because }) => {
                Ok(vec![AssigningFailed { because }])
            }
            (R::Blank, _) => Err(Rejection::Unknown),
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
            AssigningFailed { because } => Self::Accepted { failed: Some(because) },
            Confirmed { taxi } => Self::Confirmed { taxi },
            Cancelled { .. } => Self::Cancelled,
        }
    }

    fn standing(&self) -> Standing {
        match self {
            Self::Seeking { .. } | Self::Assigning { .. } => Standing::Pending,
            Self::Accepted { failed: Some(because) } => {
                Standing::Fell { how: Fall::Refused, because: because.clone() }
            }
            Self::Blank
            | Self::Accepted { failed: None }
            | Self::Confirmed { .. }
            | Self::Cancelled => Standing::Stands,
        }
    }

    fn show(&self, number: u64) -> impl Serialize {
        let taxi_id = match self {
            Self::Confirmed { taxi } => *taxi,
            _ => None,
        };
        Shown { id: number, order_id: number, taxi_id, status: self.name() }
    }

    fn possible(&self) -> &'static [&'static str] {
        match self {
            Self::Accepted { .. } => &["confirm", "cancel"],
            Self::Seeking { .. } | Self::Assigning { .. } | Self::Confirmed { .. } => &["cancel"],
            Self::Blank | Self::Cancelled => &[],
        }
    }

    fn vocabulary() -> Vocabulary<Self> {
        Vocabulary::new()
            .ignoring(&["id", "orderId"])
            .refers("confirm by status", ReferBody::means)
            .command("confirm", TaxiBody::means)
            .command("cancel", |Nothing {}| Ok(Cancel { by: By::Dispatcher }))
            .word("confirm or cancel by status", Method::Patch, StatusBody::means)
            .word("confirm or cancel by status", Method::Put, StatusBody::means)
    }
}

impl Reservation {
    /// The lower half of the table: what is already so, and what is refused.
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

    /// As clients of the original know it.
    const fn name(&self) -> &'static str {
        match self {
            Self::Blank => "",
            Self::Accepted { .. } => "Reservation Complete",
            Self::Seeking { .. } | Self::Assigning { .. } => "Assigning",
            Self::Confirmed { .. } => "Confirmed",
            Self::Cancelled => "Cancelled",
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
