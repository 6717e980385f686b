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

#[cfg(test)]
mod specs;

use super::{CallTaxi, DISPATCHER, grade::Grade, settings::Settings, taxi::Taxi};
use crate::domain::kernel::prelude::*;

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    /// The grade that was paid for.
    grade: Grade,
    pub status: Status,
}

statuses! {
    pub enum Status {
        /// The order has not reached the company.
        Blank;
        /// The reservation waits for the dispatcher. The last attempt to confirm it may have failed.
        Accepted { failed: Option<String> }: "Reservation Complete", "Reservation Complete"
            => "confirm", "cancel";
        /// Any taxi is accepted, and the cheapest is being looked up.
        Seeking { among: Among }: "Assigning", "Reservation Complete" => "cancel";
        Assigning { taxi: Id<Taxi>, choice: Choice }: "Assigning", "Reservation Complete"
            => "cancel";
        /// Without a taxi when none was registered at all.
        Confirmed { taxi: Option<Id<Taxi>> }, "confirmed" => "cancel";
        Cancelled, "cancelled";
        Completed;
    }
}

/// The taxis among which the cheapest is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Among {
    InStock,
    /// All registered taxis: none had stock, and it matters whether any is registered at all.
    Registered,
}

/// The origin of the choice of a taxi.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    /// If the taxi is out of stock, the dispatcher is notified.
    Dispatcher,
    /// The lookup chose the cheapest taxi. If it is out of stock by now, the next one is taken.
    Cheapest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum By {
    Order,
    Dispatcher,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    Accept { grade: Grade },
    // With this taxi, or with the cheapest that has stock.
    Confirm { taxi: Option<Id<Taxi>> },
    // The cheapest taxi among those that were looked up.
    Find { taxi: Option<Id<Taxi>> },
    Assign { taxi: Id<Taxi> },
    Fail { reason: String },
    Cancel { by: By },
    Complete,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Accepted { confirm_by: Option<Timestamp>, grade: Grade },
    TaxiSought { among: Among, grade: Grade },
    TaxiChosen { taxi: Id<Taxi>, choice: Choice, grade: Grade },
    AssigningFailed { reason: String },
    Confirmed { taxi: Option<Id<Taxi>> },
    Cancelled { by: By },
    Completed,
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such reservation";
        IsConfirmed: "the reservation has been confirmed already";
        IsAssigning: "another taxi is being assigned to the reservation";
        IsCancelled: "the reservation is cancelled";
        NotWanted: "no taxi is wanted for the reservation";
        IsCompleted: "the ride is over";
    }
}

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
    aggregate_types!(CallTaxi, status);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Confirm { .. } | Cancel { by: By::Dispatcher } => Issuer::Staff(&[DISPATCHER]),
            _ => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Status as S;
        let grade = self.grade;
        let sought = |among| Ok(vec![TaxiSought { among, grade }]);
        let chosen = |taxi, choice| Ok(vec![TaxiChosen { taxi, choice, grade }]);
        let failed = |reason| Ok(vec![AssigningFailed { reason }]);
        let confirmed = |taxi| Ok(vec![Confirmed { taxi }]);
        match (&self.status, command) {
            (S::Blank, Accept { grade }) => {
                Ok(vec![Accepted { confirm_by: settings.confirm_by(now), grade }])
            }
            (S::Accepted { .. }, Confirm { taxi: Some(taxi) }) => chosen(taxi, Choice::Dispatcher),
            // When the cheapest was taken, the next one is looked up. In each round another
            // reservation has taken a taxi, so the rounds are bounded.
            (S::Accepted { .. }, Confirm { taxi: None })
            | (S::Assigning { choice: Choice::Cheapest, .. }, Fail { .. }) => {
                sought(Among::InStock)
            }
            (S::Seeking { among: Among::InStock }, Find { taxi }) => taxi
                .map_or_else(|| sought(Among::Registered), |taxi| chosen(taxi, Choice::Cheapest)),
            (S::Seeking { .. }, Find { taxi: Some(_) }) => failed(none_left(grade)),
            (S::Seeking { .. }, Find { taxi: None }) => confirmed(None),
            (&S::Assigning { taxi, .. }, Assign { taxi: assigned }) if taxi == assigned => {
                confirmed(Some(taxi))
            }
            (S::Assigning { choice: Choice::Dispatcher, .. }, Fail { reason }) => failed(reason),
            // A dispatcher may cancel before the reservation learns that the ride is over.
            (S::Confirmed { .. } | S::Cancelled, Complete) => Ok(vec![Completed]),
            (S::Completed, Complete) | (S::Cancelled, Cancel { .. }) => Ok(vec![]),
            (S::Blank, _) => Err(Rejection::Unknown),
            (S::Completed, _) => Err(Rejection::IsCompleted),
            (S::Cancelled, _) => Err(Rejection::IsCancelled),

            (_, Cancel { by }) => Ok(vec![Cancelled { by }]),
            (_, Accept { .. } | Confirm { taxi: None }) => Ok(vec![]),
            (
                S::Assigning { taxi: mine, .. } | S::Confirmed { taxi: Some(mine) },
                Confirm { taxi },
            ) if taxi == Some(*mine) => Ok(vec![]),
            (&S::Confirmed { taxi: Some(mine) }, Assign { taxi }) if taxi == mine => Ok(vec![]),
            (S::Confirmed { .. }, _) => Err(Rejection::IsConfirmed),
            (_, Confirm { .. }) => Err(Rejection::IsAssigning),
            (_, _) => Err(Rejection::NotWanted),
        }
    }

    fn evolve(self, event: Event) -> Self {
        let status = match event {
            Accepted { grade, .. } => {
                return Self { grade, status: Status::Accepted { failed: None } };
            }
            TaxiSought { among, .. } => Status::Seeking { among },
            TaxiChosen { taxi, choice, .. } => Status::Assigning { taxi, choice },
            AssigningFailed { reason } => Status::Accepted { failed: Some(reason) },
            Confirmed { taxi } => Status::Confirmed { taxi },
            Cancelled { .. } => Status::Cancelled,
            Completed => Status::Completed,
        };
        Self { status, ..self }
    }

    /// Events of reservations that were accepted before taxis had grades name no grade.
    fn upcasters() -> Upcasters {
        let with_grades = ["Event::Accepted", "Event::TaxiSought", "Event::TaxiChosen"];
        with_grades.into_iter().fold(Upcasters::none(), |upcasters, event| {
            upcasters.fill(event, "grade", |_| json!(Grade::Basic))
        })
    }

    fn progress(&self) -> Progress {
        match &self.status {
            Status::Seeking { .. } | Status::Assigning { .. } => Progress::Pending,
            Status::Accepted { failed: Some(reason) } => {
                Progress::Failed { how: FailureKind::Refused, reason: reason.clone() }
            }
            _ => Progress::Established,
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let taxi_id = match self.status {
            Status::Confirmed { taxi } => taxi,
            _ => None,
        };
        object! {
            "id": number, "orderId": number, "taxiId": taxi_id, "status": self.status.word(),
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring("id orderId")
            .on_referenced(
                "confirm by status",
                body!(|order_id: Number, status: Text, taxi_id: Option<Id<Taxi>>| {
                    changed(&status, taxi_id).map(|command| (order_id, command))
                }),
            )
            .command("confirm", body!(|taxi_id: Option<Id<Taxi>>| Confirm { taxi: taxi_id }))
            .command("cancel", |Empty {}| Cancel { by: By::Dispatcher })
            .on_item(
                "confirm or cancel by status",
                [Patch, Put],
                body!(|status: Text, taxi_id: Option<Id<Taxi>>| changed(&status, taxi_id)),
            )
    }
}

fn changed(status: &Text, taxi: Option<Id<Taxi>>) -> Result<Command, Malformed> {
    let (confirm, cancel) = (Confirm { taxi }, Cancel { by: By::Dispatcher });
    status.means("status", &[(&["confirmed", "confirm"], confirm), (CANCELLED, cancel)])
}
