//! The event-storming board of one business, as plain data.

use super::shape::{Definition, Types, Variant};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The board of one business.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Board {
    /// `taxi`
    pub business: String,
    /// The kinds of aggregate, as they were declared.
    pub aggregates: Vec<Aggregate>,
    /// The sagas.
    pub policies: Vec<Policy>,
    /// The outside services.
    pub services: Vec<Service>,
    /// The questions to views whose answers become commands.
    pub lookups: Vec<Lookup>,
    /// The read models.
    pub views: Vec<View>,
}

/// A kind of aggregate.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Aggregate {
    /// `taxi/orders`
    pub name: String,
    /// Further names of the resource.
    pub aliases: Vec<String>,
    /// How clients say its commands.
    pub sayings: Vec<Saying>,
    /// What it can be told.
    pub commands: Vec<Command>,
    /// What can happen to it.
    pub events: Vec<Variant>,
    /// Why it says no.
    pub rejections: Vec<Rejection>,
    /// The types that occur in commands and events.
    pub types: Types,
}

/// One way to say something over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Saying {
    /// `call`
    pub name: String,
    /// `POST /taxi/orders`
    pub request: String,
}

/// What an aggregate can be told, and what may come of it in a state that it can be in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// Its name and its details.
    #[serde(flatten)]
    pub what: Variant,
    /// Who may say it: `anyone`, `customer`, the role of staff; nobody outside when empty.
    pub speakers: BTreeSet<String>,
    /// The events that may follow.
    pub leads_to: BTreeSet<String>,
    /// The rejections that may follow.
    pub refused_as: BTreeSet<String>,
}

/// Why an aggregate says no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejection {
    /// Its name and its details.
    #[serde(flatten)]
    pub what: Variant,
    /// The sentence; details in it are called `<by their names>`.
    pub because: String,
    /// `conflict`, `unknown` or `invalid`.
    pub kind: String,
}

/// A saga: whenever something happens, then something is commanded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// `taxi/ride`
    pub name: String,
    /// The kinds of aggregate it listens to.
    pub hears: Vec<String>,
    /// What it says, and when.
    pub reactions: BTreeSet<Reaction>,
}

/// Whenever this happens, then that is commanded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reaction {
    /// What happened.
    pub whenever: Trigger,
    /// What is commanded.
    pub then: Told,
}

/// What makes a saga speak.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Trigger {
    /// An event.
    Event(Told),
    /// A command of its own was rejected.
    Refused(Told),
    /// A command of its own changed nothing, because it was so already.
    Unchanged(Told),
    /// The alarm it had set went off.
    Alarm,
}

/// An event or a command of a kind of aggregate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Told {
    /// `taxi/orders`
    pub aggregate: String,
    /// `Called`
    pub name: String,
}

/// An outside service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// `taxi/payment`
    pub name: String,
    /// What it is asked, and what its answers mean.
    pub asks: BTreeMap<Asked, BTreeMap<String, BTreeSet<Told>>>,
}

/// A question to an outside service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// Because of this event.
    pub whenever: Told,
    /// What the service shall do: `charge`.
    pub operation: String,
}

/// A question to a view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lookup {
    /// `taxi/cheapest`
    pub name: String,
    /// The view that is asked.
    pub view: String,
    /// What it is asked for, and what the rows found mean.
    pub reactions: BTreeSet<Reaction>,
}

/// A read model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// `taxi/mypages`
    pub name: String,
    /// Further names.
    pub aliases: Vec<String>,
    /// What a row consists of.
    pub row: Definition,
    /// The types that occur in a row.
    pub types: Types,
    /// The fields that can be searched and sorted by.
    pub searchable: Vec<String>,
    /// The events that change a row.
    pub shows: BTreeSet<Told>,
}

impl Told {
    pub(super) fn new(aggregate: &str, name: impl Into<String>) -> Self {
        Self { aggregate: aggregate.to_owned(), name: name.into() }
    }
}

impl Serialize for Asked {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { whenever: Told { aggregate, name }, operation } = self;
        serializer.collect_str(&format_args!("{aggregate} {name}: {operation}"))
    }
}
