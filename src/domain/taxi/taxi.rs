//! The taxis of one company and model, of which some are free.
//!
//! The stock is computed, never stored: the registered taxis less the assigned ones.

#[cfg(test)]
mod specs;

use super::{CallTaxi, DRIVER, grade::Grade, settings::Settings};
use crate::domain::kernel::prelude::*;
use std::collections::BTreeSet;

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Taxi {
    /// `None` when no taxi was registered.
    model: Option<Model>,
    /// The number of taxis, free or not.
    pub registered: Quantity,
    /// The reservations that hold one taxi each.
    pub held: BTreeSet<Id<Reservation>>,
}

/// The marker of a reservation's identity. The reservation itself imports taxis, so taxis do not
/// import it.
pub enum Reservation {}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    pub taxi_name: Text,
    pub company_name: Text,
    pub item_price: Money,
    /// The taxi serves orders of this grade and lower ones.
    #[serde(default)]
    pub grade: Grade,
}

/// A change by a driver; fields that are `None` stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    pub taxi_name: Option<Text>,
    pub company_name: Option<Text>,
    pub item_price: Option<Money>,
    /// The number of free taxis.
    pub stock: Option<Quantity>,
    pub grade: Option<Grade>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    Register { model: Model, stock: Quantity },
    Revise(Revision),
    // The grade is the one that was paid for.
    Assign { reservation: Id<Reservation>, grade: Grade },
    Release { reservation: Id<Reservation> },
}

/// The events of taxis. The stock is the number of taxis that are free after the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Registered { model: Model, stock: Quantity },
    // A driver changed the number of free taxis, and so the number of all taxis.
    Restocked { registered: Quantity, stock: Quantity },
    Revised { model: Model },
    Assigned { reservation: Id<Reservation>, stock: Quantity },
    Released { reservation: Id<Reservation>, stock: Quantity },
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such taxi";
        AlreadyRegistered: "the taxi has been registered already";
        BadName: invalid "the taxi and its company must have names of 1 to 100 characters";
        TooMany: invalid "a company has at most {} taxis of one kind", Quantity::MAX.0;
        OutOfStock: "the taxi is out of stock";
        TooDear: invalid "the price of a taxi must be at most {}", Money::MAX;
        TooLow { grade: Grade, paid: Grade }:
            "the taxi is {grade}, and the order is paid for {paid}";
    }
}

impl Aggregate for Taxi {
    const NAME: &'static str = "taxi/taxis";
    const READERS: Readers = Readers::Anyone;
    const SHAPE: u32 = 2;
    aggregate_types!(CallTaxi);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Register { .. } | Revise(_) => Issuer::Staff(&[DRIVER]),
            Assign { .. } | Release { .. } => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        let (stock, held) = (self.stock(), &self.held);
        match (&self.model, command) {
            (None, Register { model, stock }) => {
                check(&model, stock)?;
                Ok(vec![Registered { model, stock }])
            }
            (None, _) => Err(Rejection::Unknown),
            (_, Register { .. }) => Err(Rejection::AlreadyRegistered),
            (Some(model), Revise(revision)) => self.revised(model, revision),
            (_, Assign { reservation, .. }) if held.contains(&reservation) => Ok(vec![]),
            (Some(Model { grade, .. }), Assign { grade: paid, .. }) if *grade < paid => {
                Err(Rejection::TooLow { grade: *grade, paid })
            }
            (_, Assign { .. }) if stock == Quantity(0) => Err(Rejection::OutOfStock),
            (_, Assign { reservation, .. }) => {
                Ok(vec![Assigned { reservation, stock: stock.less(Quantity(1)) }])
            }
            (_, Release { reservation }) if held.contains(&reservation) => {
                Ok(vec![Released { reservation, stock: stock.plus(Quantity(1)) }])
            }
            (_, Release { .. }) => Ok(vec![]),
        }
    }

    fn evolve(mut self, event: Event) -> Self {
        match event {
            Registered { model, stock } => (self.model, self.registered) = (Some(model), stock),
            Restocked { registered, .. } => self.registered = registered,
            Revised { model } => self.model = Some(model),
            Assigned { reservation, .. } => _ = self.held.insert(reservation),
            Released { reservation, .. } => _ = self.held.remove(&reservation),
        }
        self
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let model = self.model.clone().unwrap_or_default();
        object! {
            "id": number, "taxiName": model.taxi_name, "companyName": model.company_name,
            "stockCnt": self.stock(), "registeredCnt": self.registered,
            "itemPrice": model.item_price, "grade": model.grade,
        }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        if self.model.is_some() { &["restock", "revise"] } else { &[] }
    }

    fn command_routes() -> CommandRoutes<Self> {
        let register = body!(|taxi_name: Text,
                              company_name: Text,
                              stock_cnt: Quantity,
                              #[serde(alias = "taxiPrice")] item_price: Money,
                              grade: Option<Text>| {
            let grade = read(grade).map(Option::unwrap_or_default);
            let model = grade.map(|grade| Model { taxi_name, company_name, item_price, grade });
            model.map(|model| Register { model, stock: stock_cnt })
        });
        let revise = body!(|taxi_name: Option<Text>,
                            company_name: Option<Text>,
                            stock_cnt: Option<Quantity>,
                            #[serde(alias = "taxiPrice")] item_price: Option<Money>,
                            grade: Option<Text>| {
            let stock = stock_cnt;
            let revised = |grade| Revision { taxi_name, company_name, item_price, stock, grade };
            read(grade).map(revised).map(Revise)
        });
        CommandRoutes::new()
            .ignoring("id status registeredCnt")
            .creates("register", register)
            .command(
                "restock",
                body!(|stock_cnt: Quantity| {
                    Revise(Revision { stock: Some(stock_cnt), ..Revision::default() })
                }),
            )
            .command("revise", revise)
            .on_item("revise in place", [Patch, Put], revise)
    }
}

fn read(word: Option<Text>) -> Result<Option<Grade>, Malformed> {
    word.map(|word| Grade::read("grade", &word)).transpose()
}

impl Taxi {
    /// The number of free taxis.
    #[must_use]
    pub fn stock(&self) -> Quantity {
        self.registered.less(self.held_count())
    }

    /// The number of held taxis. It fits, because it never exceeds the registered taxis.
    fn held_count(&self) -> Quantity {
        Quantity(u32::try_from(self.held.len()).unwrap_or(u32::MAX))
    }

    fn revised(&self, model: &Model, revision: Revision) -> Decision<Self> {
        let new = Model {
            taxi_name: revision.taxi_name.unwrap_or_else(|| model.taxi_name.clone()),
            company_name: revision.company_name.unwrap_or_else(|| model.company_name.clone()),
            item_price: revision.item_price.unwrap_or(model.item_price),
            grade: revision.grade.unwrap_or(model.grade),
        };
        let held = self.held_count();
        let total = revision.stock.map(|stock| stock.plus(held));
        check(&new, total.unwrap_or_default())?;
        let revised = (new != *model).then_some(Revised { model: new });
        let total = total.filter(|total| *total != self.registered);
        let restocked = total.map(|total| Restocked { registered: total, stock: total.less(held) });
        Ok(revised.into_iter().chain(restocked).collect())
    }
}

fn check(model: &Model, taxis: Quantity) -> Result<(), Rejection> {
    if !model.taxi_name.is_name() || !model.company_name.is_name() {
        return Err(Rejection::BadName);
    }
    if !model.item_price.is_accepted() {
        return Err(Rejection::TooDear);
    }
    if taxis.is_accepted() { Ok(()) } else { Err(Rejection::TooMany) }
}
