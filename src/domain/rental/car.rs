//! The cars of one kind, of which some can be rented.
//!
//! The rentable cars are the registered ones less the rented ones: never below 0, never more than
//! are registered. Each order rents cars of one kind at most once.

#[cfg(test)]
mod specs;

use super::{CARS_MAX, CarRental, FLEET_MANAGER, settings::Settings};
use crate::domain::kernel::prelude::*;
use std::collections::BTreeMap;

use Command::*;
use Event::*;

/// The cars of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Car {
    /// No car of this number was registered.
    #[default]
    Blank,
    /// The cars can be rented while any are rentable.
    Registered {
        name: Text,
        registered: Quantity,
        rentable: Quantity,
        rented: BTreeMap<Id<Order>, Quantity>,
    },
}

/// The marker of an order's identity. The order itself imports cars, so cars do not import it.
pub enum Order {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    Register { name: Text, count: Quantity },
    // The fleet manager changes the name or the stock; fields that are `None` stay as they are.
    Revise { name: Option<Text>, rentable: Option<Quantity> },
    Rent { order: Id<Order>, quantity: Quantity },
    Return { order: Id<Order> },
}

/// The events of cars. Those that change the stock have the number of cars that can be rented then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Registered { name: Text, count: Quantity },
    Renamed { name: Text },
    Restocked { registered: Quantity, rentable: Quantity },
    Rented { order: Id<Order>, quantity: Quantity, rentable: Quantity },
    Returned { order: Id<Order>, quantity: Quantity, rentable: Quantity },
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such car";
        AlreadyRegistered: "the car has been registered already";
        BadName: invalid "the name of a car has at most 100 characters";
        TooMany: invalid "there are at most {CARS_MAX} cars of one kind";
        Short { rentable: u32 }: "only {rentable} of these cars can be rented";
    }
}

impl Aggregate for Car {
    const NAME: &'static str = "rental/cars";
    const READERS: Readers = Readers::Anyone;
    aggregate_types!(CarRental);

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
        object! {
            "id": number, "name": name, "status": self.status(), "cnt": cnt,
            "registeredCnt": registered_cnt,
        }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self {
            Self::Blank => &[],
            Self::Registered { .. } => &["restock", "revise"],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        let revise = body!(|name: Option<Text>, cnt: Option<Quantity>| {
            if name.is_none() && cnt.is_none() {
                return Err(Malformed::content("expected `name` or `cnt`"));
            }
            Ok(Revise { name, rentable: cnt })
        });
        CommandRoutes::new()
            .ignoring("id status registeredCnt")
            .creates(
                "register",
                body!(|name: Option<Text>, cnt: Quantity| Register {
                    name: name.unwrap_or_default(),
                    count: cnt,
                }),
            )
            .command("restock", body!(|cnt: Quantity| Revise { name: None, rentable: Some(cnt) }))
            .command("revise", revise)
            .on_item("restock in place", [Post, Patch, Put], revise)
    }
}

impl Car {
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
