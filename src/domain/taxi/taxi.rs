//! The taxis of one company and model, of which some are free.
//!
//! The stock is computed, never stored: the registered taxis less the assigned ones.

mod routes;
#[cfg(test)]
mod specs;

use super::{CallTaxi, DRIVER, grade::Grade, settings::Settings};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Id, Issuer, Method, Money, Quantity, RejectionKind, Text,
    Timestamp,
};
use routes::{RegisterBody, RestockBody, ReviseBody};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

use Command::{Assign, Register, Release, Revise};
use Event::{Assigned, Registered, Released, Restocked, Revised};

/// The taxis of one company and model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Taxi {
    /// No taxi of this number was registered.
    #[default]
    Blank,
    /// The taxis can be assigned while there is stock.
    Registered {
        /// The model and the price.
        model: Model,
        /// The number of taxis, free or not.
        registered: Quantity,
        /// The reservations that hold one taxi each.
        held: BTreeSet<Id<Reservation>>,
    },
}

/// The marker of a reservation's identity. The reservation itself imports taxis, so taxis do not
/// import it.
pub enum Reservation {}

/// The model and the price of a taxi.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// The kind of car.
    pub taxi_name: Text,
    /// The company that owns it.
    pub company_name: Text,
    /// The price, in won.
    pub item_price: Money,
    /// The grade: the taxi serves orders of this grade and lower ones.
    #[serde(default)]
    pub grade: Grade,
}

/// A change by a driver; fields that are `None` stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// The kind of car.
    pub taxi_name: Option<Text>,
    /// The company that owns it.
    pub company_name: Option<Text>,
    /// The price, in won.
    pub item_price: Option<Money>,
    /// The number of free taxis.
    pub stock: Option<Quantity>,
    /// The grade.
    pub grade: Option<Grade>,
}

/// The commands of taxis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// A driver registers this many taxis.
    Register {
        /// The model and the price.
        model: Model,
        /// The number of taxis.
        stock: Quantity,
    },
    /// A driver changes the description, the price or the stock.
    Revise(Revision),
    /// One taxi is to be assigned to this reservation.
    Assign {
        /// The reservation.
        reservation: Id<Reservation>,
        /// The grade of taxi that was paid for.
        grade: Grade,
    },
    /// The taxi of this reservation is free again.
    Release {
        /// The reservation.
        reservation: Id<Reservation>,
    },
}

/// The events of taxis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A driver registered taxis.
    Registered {
        /// The model and the price.
        model: Model,
        /// The number of taxis.
        stock: Quantity,
    },
    /// A driver changed the number of free taxis.
    Restocked {
        /// The number of taxis, free or not.
        registered: Quantity,
        /// The number of free taxis.
        stock: Quantity,
    },
    /// A driver changed the model or the price.
    Revised {
        /// The model and the price.
        model: Model,
    },
    /// One taxi was assigned to this reservation.
    Assigned {
        /// The reservation.
        reservation: Id<Reservation>,
        /// The number of taxis still free.
        stock: Quantity,
    },
    /// The taxi of this reservation is free again.
    Released {
        /// The reservation.
        reservation: Id<Reservation>,
        /// The number of taxis free now.
        stock: Quantity,
    },
}

/// The reasons why taxis reject a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No taxi of this number was registered.
    #[error("there is no such taxi")]
    Unknown,
    /// The number was registered before.
    #[error("the taxi has been registered already")]
    AlreadyRegistered,
    /// A name is blank or too long.
    #[error("the taxi and its company must have names of 1 to 100 characters")]
    BadName,
    /// The number of taxis is above the bound.
    #[error("a company has at most {} taxis of one kind", Quantity::MAX.0)]
    TooMany,
    /// No taxi is free.
    #[error("the taxi is out of stock")]
    OutOfStock,
    /// The price is above the bound.
    #[error("the price of a taxi must be at most {}", Money::MAX)]
    TooDear,
    /// The order was paid for a better taxi.
    #[error("the taxi is {grade}, and the order is paid for {paid}")]
    TooLow {
        /// The grade of the taxi.
        grade: Grade,
        /// The grade that was paid for.
        paid: Grade,
    },
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::BadName | Self::TooMany | Self::TooDear => RejectionKind::Invalid,
            Self::AlreadyRegistered | Self::OutOfStock | Self::TooLow { .. } => {
                RejectionKind::Conflict
            }
        }
    }
}

impl Aggregate for Taxi {
    const NAME: &'static str = "taxi/taxis";
    const SHAPE: u32 = 2;
    type Business = CallTaxi;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Register { .. } | Revise(_) => Issuer::Staff(&[DRIVER]),
            Assign { .. } | Release { .. } => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        match (self, command) {
            (Self::Blank, Register { model, stock }) => {
                model.check()?;
                check_count(stock)?;
                Ok(vec![Registered { model, stock }])
            }
            (Self::Registered { model, registered, held }, Revise(revision)) => {
                revised(model, *registered, held.len(), revision)
            }
            (Self::Registered { model, held, .. }, Assign { reservation, grade: paid }) => {
                match self.stock().0 {
                    _ if held.contains(&reservation) => Ok(vec![]),
                    _ if model.grade < paid => Err(Rejection::TooLow { grade: model.grade, paid }),
                    0 => Err(Rejection::OutOfStock),
                    stock => Ok(vec![Assigned { reservation, stock: Quantity(stock - 1) }]),
                }
            }
            (Self::Registered { held, .. }, Release { reservation })
                if held.contains(&reservation) =>
            {
                Ok(vec![Released { reservation, stock: self.stock().plus(Quantity(1)) }])
            }
            (Self::Registered { .. }, Release { .. }) => Ok(vec![]),

            (Self::Registered { .. }, Register { .. }) => Err(Rejection::AlreadyRegistered),
            (Self::Blank, Revise(_) | Assign { .. } | Release { .. }) => Err(Rejection::Unknown),
        }
    }

    fn evolve(self, event: Event) -> Self {
        let (mut model, mut registered, mut held) = match self {
            Self::Blank => Default::default(),
            Self::Registered { model, registered, held } => (model, registered, held),
        };
        match event {
            Registered { model: new, stock } => (model, registered) = (new, stock),
            Restocked { registered: new, .. } => registered = new,
            Revised { model: new } => model = new,
            Assigned { reservation, .. } => _ = held.insert(reservation),
            Released { reservation, .. } => _ = held.remove(&reservation),
        }
        Self::Registered { model, registered, held }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let (model, registered) = match self {
            Self::Blank => Default::default(),
            Self::Registered { model, registered, .. } => (model.clone(), *registered),
        };
        Shown {
            id: number,
            taxi_name: model.taxi_name,
            company_name: model.company_name,
            stock_cnt: self.stock(),
            registered_cnt: registered,
            item_price: model.item_price,
            grade: model.grade,
        }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self {
            Self::Blank => &[],
            Self::Registered { .. } => &["restock", "revise"],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(&["id", "status", "registeredCnt"])
            .creates("register", RegisterBody::means)
            .command("restock", RestockBody::means)
            .command("revise", ReviseBody::means)
            .on_item("revise by patch", [Method::Patch], ReviseBody::means)
            .on_item("revise by put", [Method::Put], ReviseBody::means)
    }
}

impl Taxi {
    /// The number of free taxis.
    #[must_use]
    pub fn stock(&self) -> Quantity {
        match self {
            Self::Blank => Quantity(0),
            Self::Registered { registered, held, .. } => {
                registered.less(Quantity(count(held.len())))
            }
        }
    }
}

impl Model {
    fn check(&self) -> Result<(), Rejection> {
        if !self.taxi_name.is_name() || !self.company_name.is_name() {
            return Err(Rejection::BadName);
        }
        if self.item_price.is_accepted() { Ok(()) } else { Err(Rejection::TooDear) }
    }
}

const fn check_count(taxis: Quantity) -> Result<(), Rejection> {
    if taxis.is_accepted() { Ok(()) } else { Err(Rejection::TooMany) }
}

/// Converts the number of held taxis. It fits, because it never exceeds the registered taxis.
fn count(held: usize) -> u32 {
    u32::try_from(held).unwrap_or(u32::MAX)
}

fn revised(
    model: &Model,
    registered: Quantity,
    held: usize,
    revision: Revision,
) -> Result<Vec<Event>, Rejection> {
    let new = Model {
        taxi_name: revision.taxi_name.unwrap_or_else(|| model.taxi_name.clone()),
        company_name: revision.company_name.unwrap_or_else(|| model.company_name.clone()),
        item_price: revision.item_price.unwrap_or(model.item_price),
        grade: revision.grade.unwrap_or(model.grade),
    };
    new.check()?;
    let mut events = vec![];
    if new != *model {
        events.push(Revised { model: new });
    }
    if let Some(stock) = revision.stock {
        let total = stock.plus(Quantity(count(held)));
        check_count(total)?;
        if total != registered {
            events.push(Restocked { registered: total, stock });
        }
    }
    Ok(events)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: u64,
    taxi_name: Text,
    company_name: Text,
    stock_cnt: Quantity,
    registered_cnt: Quantity,
    item_price: Money,
    grade: Grade,
}
