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
    /// The aggregate kinds, in the order of their declaration.
    pub aggregates: Vec<Aggregate>,
    /// The sagas.
    pub policies: Vec<Policy>,
    /// The outside services.
    pub services: Vec<Service>,
    /// The lookups: queries of views whose results become commands.
    pub lookups: Vec<Lookup>,
    /// The views.
    pub views: Vec<View>,
}

/// An aggregate kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Aggregate {
    /// `taxi/orders`
    pub name: String,
    /// Other names of the resource.
    pub aliases: Vec<String>,
    /// The HTTP requests that carry its commands.
    pub requests: Vec<CommandRequest>,
    /// The commands.
    pub commands: Vec<Command>,
    /// The events.
    pub events: Vec<Variant>,
    /// The rejections.
    pub rejections: Vec<Rejection>,
    /// The types that occur in commands and events.
    pub types: Types,
    /// The events between which clients wait for the outcome of a command.
    pub clients_wait: ClientsWait,
    /// The extent of the exploration that found the outcomes of the commands.
    pub exploration: Exploration,
}

/// The events of an aggregate at which the wait of a client begins and ends. What happens in between
/// is synchronous for the client; everything else follows later.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClientsWait {
    /// The events after which the outcome of the command is pending.
    pub from: BTreeSet<String>,
    /// The events that decide a pending outcome.
    pub until: BTreeSet<String>,
}

/// The extent of an exploration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exploration {
    /// The number of states in which every sample was tried.
    pub states: usize,
    /// Whether states were left when the limit was reached, so that outcomes may be missing.
    pub is_cut_short: bool,
    /// The commands of which no sample value could be generated, so that none was tried.
    pub untried: BTreeSet<String>,
}

/// An HTTP request that carries a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandRequest {
    /// `call`
    pub name: String,
    /// `POST /taxi/orders`
    pub request: String,
}

/// A command of an aggregate, and its possible outcomes in the reachable states.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// Its name and its details.
    #[serde(flatten)]
    pub what: Variant,
    /// The roles that may submit the command: `anyone`, `customer` or a role of staff. The set is
    /// empty when the command is internal.
    pub issuers: BTreeSet<String>,
    /// The event after which the command is accepted in the shortest story; `None` when an
    /// aggregate without events accepts it.
    pub after: Option<String>,
    /// The ports and steps whose answer a client of the command waits for.
    pub waits_for: BTreeSet<String>,
    /// The events that the command may lead to.
    pub leads_to: BTreeSet<String>,
    /// Whether the command may be accepted without any event.
    pub may_change_nothing: bool,
    /// The rejections with which the command may be refused.
    pub refused_as: BTreeSet<String>,
}

/// A rejection of an aggregate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejection {
    /// Its name and its details.
    #[serde(flatten)]
    pub what: Variant,
    /// The message; its details are placeholders such as `<reason>`.
    pub reason: String,
    /// `conflict`, `unknown` or `invalid`.
    pub kind: String,
}

/// A saga as a policy: the commands it dispatches on its triggers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// `taxi/ride`
    pub name: String,
    /// The aggregate kinds it subscribes to.
    pub hears: Vec<String>,
    /// What it decides on each trigger.
    pub decisions: Vec<Decision>,
    /// The extent of the exploration that found the decisions.
    pub exploration: Exploration,
}

/// A trigger of a saga, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The trigger.
    pub whenever: Trigger,
    /// The alternatives, by the state of the saga. Each is the commands dispatched together, in this
    /// order.
    pub then: BTreeSet<Vec<MessageName>>,
}

impl Policy {
    /// The pairs of a trigger and a command that may follow from it.
    #[must_use]
    pub fn reactions(&self) -> BTreeSet<Reaction> {
        let of = |decision: &Decision| {
            let whenever = decision.whenever.clone();
            let commands = decision.then.iter().flatten().cloned();
            commands.map(|then| Reaction { whenever: whenever.clone(), then }).collect::<Vec<_>>()
        };
        self.decisions.iter().flat_map(of).collect()
    }
}

/// A trigger and a command that follows from it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reaction {
    /// The trigger.
    pub whenever: Trigger,
    /// The command.
    pub then: MessageName,
}

/// A trigger of a saga.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Trigger {
    /// An event.
    Event(MessageName),
    /// A command of the saga was rejected.
    Refused(MessageName),
    /// A command of the saga changed nothing, because the state was already as commanded.
    Unchanged(MessageName),
    /// The timer of the saga fired.
    Timer,
}

/// An event or a command of an aggregate kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct MessageName {
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
    /// The calls, and for each answer the commands that follow from it.
    pub asks: BTreeMap<Asked, BTreeMap<String, BTreeSet<MessageName>>>,
}

/// A call to an outside service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The event that causes the call.
    pub whenever: MessageName,
    /// The operation of the service: `charge`.
    pub operation: String,
}

/// A lookup in a view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lookup {
    /// `taxi/cheapest`
    pub name: String,
    /// The view that is searched.
    pub view: String,
    /// The events that cause the lookup, with the commands that follow from its rows.
    pub reactions: BTreeSet<Reaction>,
}

/// A view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// `taxi/mypages`
    pub name: String,
    /// Other names of the view.
    pub aliases: Vec<String>,
    /// The fields of a row.
    pub row: Definition,
    /// The types that occur in a row.
    pub types: Types,
    /// The fields that can be searched and sorted by.
    pub searchable: Vec<String>,
    /// The events that change a row.
    pub shows: BTreeSet<MessageName>,
}

impl Board {
    /// Sentences about the outcomes that may be missing: the parts whose exploration was cut short,
    /// and the commands without any outcome. `None` when there are none.
    #[must_use]
    pub fn missing_outcomes(&self) -> Option<String> {
        let aggregates = self.aggregates.iter().map(|part| (&part.name, &part.exploration));
        let policies = self.policies.iter().map(|part| (&part.name, &part.exploration));
        let parts: Vec<_> = aggregates.chain(policies).collect();
        let cut = parts.iter().filter(|(_, exploration)| exploration.is_cut_short);
        let cut: Vec<String> = cut
            .map(|(name, exploration)| format!("{name} ({} states)", exploration.states))
            .collect();
        let untried = parts.iter().flat_map(|(name, exploration)| {
            exploration.untried.iter().map(move |command| format!("{name} {command}"))
        });
        let untried: Vec<String> = untried.collect();
        let mut sentences = vec![];
        if !cut.is_empty() {
            sentences.push(format!(
                "The exploration was cut short; longer stories may have more outcomes: {}.",
                cut.join(", ")
            ));
        }
        if !untried.is_empty() {
            let untried = untried.join(", ");
            sentences
                .push(format!("No value could be generated, so these were not tried: {untried}."));
        }
        let refused = self.always_refused();
        if !refused.is_empty() {
            let refused = refused.join(", ");
            sentences.push(format!(
                "No outcome was found in the states, at the times and with the values that were \
                 tried: {refused}."
            ));
        }
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }

    /// The commands that were tried and never accepted.
    fn always_refused(&self) -> Vec<String> {
        let of = |aggregate: &Aggregate| {
            let untried = &aggregate.exploration.untried;
            let tried = aggregate
                .commands
                .iter()
                .filter(|command| !untried.contains(&command.what.name) && !command.has_outcome());
            let named = tried.map(|command| format!("{} {}", aggregate.name, command.what.name));
            named.collect::<Vec<_>>()
        };
        self.aggregates.iter().flat_map(of).collect()
    }
}

impl Command {
    /// Whether the command was accepted in any state.
    #[must_use]
    pub fn has_outcome(&self) -> bool {
        self.may_change_nothing || !self.leads_to.is_empty()
    }
}

impl MessageName {
    pub(super) fn new(aggregate: &str, name: impl Into<String>) -> Self {
        Self { aggregate: aggregate.to_owned(), name: name.into() }
    }
}

impl Serialize for Asked {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { whenever: MessageName { aggregate, name }, operation } = self;
        serializer.collect_str(&format_args!("{aggregate} {name}: {operation}"))
    }
}
