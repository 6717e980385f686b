//! The cars of one kind, of which some can be rented.
//!
//! The rentable cars are the registered ones less the rented ones: never below 0, never more than
//! are registered. Each order rents cars of one kind at most once.

mod routes;
#[cfg(test)]
mod specs;

use super::{CARS_MAX, CarRental, FLEET_MANAGER, settings::Settings};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Id, Issuer, Method, Quantity, RejectionKind, Text,
    Timestamp,
};
use routes::{RegisterBody, RestockBody, ReviseBody};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

use Command::{Register, Rent, Return, Revise};
use Event::{Registered, Renamed, Rented, Restocked, Returned};

/// The cars of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Car {
    /// No car of this number was registered.
    #[default]
    Blank,
    /// The cars can be rented while any are rentable.
    Registered {
        /// The name of the cars; may be empty.
        name: Text,
        /// The number of cars, rented or not.
        registered: Quantity,
        /// The number of cars that can be rented.
        rentable: Quantity,
        /// The number of cars that each order has.
        rented: BTreeMap<Id<Order>, Quantity>,
    },
}

/// The marker of an order's identity. The order itself imports cars, so cars do not import it.
pub enum Order {}

/// The commands of cars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The fleet manager registers this many cars.
    Register {
        /// The name of the cars; may be empty.
        name: Text,
        /// The number of cars.
        count: Quantity,
    },
    /// The fleet manager changes the name or the stock; fields that are `None` stay as they are.
    Revise {
        /// The name of the cars.
        name: Option<Text>,
        /// The number of cars that can be rented.
        rentable: Option<Quantity>,
    },
    /// This many cars are to be rented to this order.
    Rent {
        /// The order.
        order: Id<Order>,
        /// The number of cars.
        quantity: Quantity,
    },
    /// The cars of this order are returned.
    Return {
        /// The order.
        order: Id<Order>,
    },
}

/// The events of cars.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The fleet manager registered cars.
    Registered {
        /// The name of the cars.
        name: Text,
        /// The number of cars.
        count: Quantity,
    },
    /// The fleet manager renamed the cars.
    Renamed {
        /// The name of the cars.
        name: Text,
    },
    /// The fleet manager changed the number of cars that can be rented.
    Restocked {
        /// The number of cars, rented or not.
        registered: Quantity,
        /// The number of cars that can be rented.
        rentable: Quantity,
    },
    /// This many cars were rented to this order.
    Rented {
        /// The order.
        order: Id<Order>,
        /// The number of cars.
        quantity: Quantity,
        /// The number of cars that can still be rented.
        rentable: Quantity,
    },
    /// The cars of this order are returned.
    Returned {
        /// The order.
        order: Id<Order>,
        /// The number of cars.
        quantity: Quantity,
        /// The number of cars that can be rented now.
        rentable: Quantity,
    },
}

/// The reasons why cars reject a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No car of this number was registered.
    #[error("there is no such car")]
    Unknown,
    /// The number was registered before.
    #[error("the car has been registered already")]
    AlreadyRegistered,
    /// The name is too long.
    #[error("the name of a car has at most 100 characters")]
    BadName,
    /// The number of cars is above the bound.
    #[error("there are at most {CARS_MAX} cars of one kind")]
    TooMany,
    /// Fewer cars can be rented than requested.
    #[error("only {rentable} of these cars can be rented")]
    Short {
        /// The number of cars that can be rented.
        rentable: u32,
    },
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::BadName | Self::TooMany => RejectionKind::Invalid,
            Self::AlreadyRegistered | Self::Short { .. } => RejectionKind::Conflict,
        }
    }
}

impl Aggregate for Car {
    const NAME: &'static str = "rental/cars";
    type Business = CarRental;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Register { .. } | Revise { .. } => Issuer::Staff(&[FLEET_MANAGER]),
            Rent { .. } | Return { .. } => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        match (self, command) {
            (Self::Blank, Register { name, count }) => {
                check_name(&name)?;
                check_count(count.0)?;
                Ok(vec![Registered { name, count }])
            }
            (Self::Registered { .. }, Revise { name, rentable }) => self.revised(name, rentable),
            (Self::Registered { rentable, rented, .. }, Rent { order, quantity }) => {
                if rented.contains_key(&order) {
                    return Ok(vec![]);
                }
                let Some(left) = rentable.0.checked_sub(quantity.0) else {
                    return Err(Rejection::Short { rentable: rentable.0 });
                };
                Ok(vec![Rented { order, quantity, rentable: Quantity(left) }])
            }
            (Self::Registered { rentable, rented, .. }, Return { order }) => {
                let returned = rented.get(&order).map(|quantity| {
                    let rentable = rentable.plus(*quantity);
                    Returned { order, quantity: *quantity, rentable }
                });
                Ok(returned.into_iter().collect())
            }

            (Self::Registered { .. }, Register { .. }) => Err(Rejection::AlreadyRegistered),
            (Self::Blank, Revise { .. } | Rent { .. } | Return { .. }) => Err(Rejection::Unknown),
        }
    }

    fn evolve(self, event: Event) -> Self {
        let (mut name, mut registered, mut rentable, mut rented) = match self {
            Self::Blank => Default::default(),
            Self::Registered { name, registered, rentable, rented } => {
                (name, registered, rentable, rented)
            }
        };
        match event {
            Registered { name: new, count } => (name, registered, rentable) = (new, count, count),
            Renamed { name: new } => name = new,
            Restocked { registered: all, rentable: now } => (registered, rentable) = (all, now),
            Rented { order, quantity, rentable: left } => {
                rented.insert(order, quantity);
                rentable = left;
            }
            Returned { order, rentable: now, .. } => {
                rented.remove(&order);
                rentable = now;
            }
        }
        Self::Registered { name, registered, rentable, rented }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let (name, registered_cnt, cnt) = match self {
            Self::Blank => Default::default(),
            Self::Registered { name, registered, rentable, .. } => {
                (name.clone(), *registered, *rentable)
            }
        };
        Shown { id: number, name, status: self.status(), cnt, registered_cnt }
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
            .on_item("restock by post", [Method::Post], ReviseBody::means)
            .on_item("restock by patch", [Method::Patch], ReviseBody::means)
            .on_item("restock by put", [Method::Put], ReviseBody::means)
    }
}

impl Car {
    /// The name of the availability of the cars, as shown to clients.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Blank => "",
            Self::Registered { rentable, .. } => status(*rentable),
        }
    }

    fn revised(&self, name: Option<Text>, rentable: Option<Quantity>) -> Decision<Self> {
        let Self::Registered { name: old, registered, rentable: now, .. } = self else {
            return Err(Rejection::Unknown);
        };
        let mut events = vec![];
        if let Some(name) = name.filter(|name| name != old) {
            check_name(&name)?;
            events.push(Renamed { name });
        }
        if let Some(rentable) = rentable.filter(|rentable| rentable != now) {
            let registered = rentable.plus(registered.less(*now));
            check_count(registered.0)?;
            events.push(Restocked { registered, rentable });
        }
        Ok(events)
    }
}

/// The name of the availability for this many rentable cars, as shown to clients.
pub(super) const fn status(rentable: Quantity) -> &'static str {
    if rentable.0 > 0 { "Available" } else { "Rented Out" }
}

fn check_name(name: &Text) -> Result<(), Rejection> {
    if name.is_short() { Ok(()) } else { Err(Rejection::BadName) }
}

const fn check_count(cars: u32) -> Result<(), Rejection> {
    if cars > CARS_MAX { Err(Rejection::TooMany) } else { Ok(()) }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: u64,
    name: Text,
    status: &'static str,
    cnt: Quantity,
    registered_cnt: Quantity,
}
