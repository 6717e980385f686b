//! What aggregate kinds and views declare to their clients, without their types.

use super::inferred::Inferred;
use crate::{
    actors::named_event,
    domain::kernel::{
        Aggregate, BodySchema, Business as _, CommandRoute, Field, Issuer, Link, Method, Place,
        Readers, RejectionKind, View, representation,
    },
    model::{attempt, rejections, traced},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// An aggregate kind as clients see it.
pub(super) struct DeclaredAggregate {
    /// `orders`
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) readers: Readers,
    pub(super) routes: Vec<DeclaredRoute>,
    /// The schema of the representation, without its links.
    pub(super) representation: Value,
    /// The names of the commands that the representation links to.
    pub(super) commands: BTreeSet<&'static str>,
    pub(super) rejections: Vec<DeclaredRejection>,
    pub(super) events: Vec<DeclaredEvent>,
}

/// A request that carries a command.
pub(super) struct DeclaredRoute {
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) place: Place,
    pub(super) body: BodySchema,
    /// The example bodies that the business declares, or else generated ones.
    pub(super) examples: Vec<Value>,
    /// Who may submit the commands of the route, also when they are for another kind.
    pub(super) issuers: Vec<Issuer>,
}

/// The reason why a command is rejected.
pub(super) struct DeclaredRejection {
    pub(super) kind: RejectionKind,
    /// The sentence; its details are placeholders.
    pub(super) sentence: String,
}

/// An event, as the feed shows it.
pub(super) struct DeclaredEvent {
    /// `Called`
    pub(super) name: String,
    /// The schema of the data; `None` when the event has none.
    pub(super) data: Option<Value>,
}

/// A view as clients see it.
pub(super) struct DeclaredView {
    /// `mypages`
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) readers: Readers,
    pub(super) fields: &'static [Field],
    pub(super) links: &'static [Link],
    /// The schema of a row, without its links.
    pub(super) row: Value,
}

impl DeclaredAggregate {
    pub(super) fn of<A: Aggregate>() -> Self {
        let states = traced::<A>().samples;
        let shown = states.iter().filter_map(|state| {
            attempt(|| serde_json::to_value(representation(state, 1)).ok()).flatten()
        });
        let commands = states.iter().filter_map(|state| attempt(|| state.available_commands()));
        let events = traced::<A::Event>().samples;
        let events = events.iter().filter_map(|event| serde_json::to_value(event).ok());
        Self {
            name: last(A::NAME),
            aliases: A::ALIASES,
            readers: A::READERS,
            routes: routes::<A>(),
            representation: Inferred::of(shown).schema(),
            commands: commands.flatten().copied().collect(),
            rejections: reasons::<A>(),
            events: described_events(events),
        }
    }
}

impl DeclaredView {
    pub(super) fn of<V: View>() -> Self {
        let rows = traced::<V>().samples;
        let rows = rows.iter().filter_map(|row| serde_json::to_value(row).ok());
        Self {
            name: last(V::NAME),
            aliases: V::ALIASES,
            readers: V::READERS,
            fields: V::FIELDS,
            links: V::LINKS,
            row: Inferred::of(rows).schema(),
        }
    }
}

/// The name without the business.
fn last(name: &'static str) -> &'static str {
    name.rsplit('/').next().unwrap_or(name)
}

fn routes<A: Aggregate>() -> Vec<DeclaredRoute> {
    A::command_routes().into_routes().into_iter().map(|route| described_route(&route)).collect()
}

fn described_route<A: Aggregate>(route: &CommandRoute<A>) -> DeclaredRoute {
    let body = route.body();
    let examples = examples::<A>(route);
    let parsed = |body: &Value| route.parse(Some(1), body.to_string().as_bytes()).ok();
    let here = body.samples.iter().chain(&examples).filter_map(|sample| {
        parsed(sample).and_then(|parsed| attempt(|| A::issuer(&parsed.command)))
    });
    let mut issuers = Vec::new();
    for issuer in here.chain(route.issuers_elsewhere().iter().copied()) {
        if !issuers.contains(&issuer) {
            issuers.push(issuer);
        }
    }
    let examples = if examples.is_empty() { body.samples.clone() } else { examples };
    let CommandRoute { name, method, place, .. } = *route;
    DeclaredRoute { name, method, place, body, examples, issuers }
}

/// The example bodies that the business declares for this route.
fn examples<A: Aggregate>(route: &CommandRoute<A>) -> Vec<Value> {
    let path = match route.place {
        Place::Collection => last(A::NAME).to_owned(),
        Place::Action => format!("{}/{}", last(A::NAME), route.name),
        Place::Item => format!("{}/{{number}}", last(A::NAME)),
    };
    let declared = A::Business::EXAMPLES.iter().filter(|(of, _)| *of == path);
    declared.filter_map(|(_, body)| serde_json::from_str(body).ok()).collect()
}

fn reasons<A: Aggregate>() -> Vec<DeclaredRejection> {
    let described = rejections::<A>().into_iter().map(|rejection| DeclaredRejection {
        kind: match rejection.kind.as_str() {
            "unknown" => RejectionKind::Unknown,
            "invalid" => RejectionKind::Invalid,
            _ => RejectionKind::Conflict,
        },
        sentence: rejection.reason,
    });
    described.collect()
}

fn described_events(samples: impl Iterator<Item = Value>) -> Vec<DeclaredEvent> {
    let mut events: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for sample in samples {
        let (name, data) = named_event(sample);
        events.entry(name).or_default().push(data);
    }
    let described = events.into_iter().map(|(name, samples)| {
        let schema = Inferred::of(samples).schema();
        DeclaredEvent {
            name,
            data: Some(schema).filter(|schema| *schema != json!({"type": "null"})),
        }
    });
    described.collect()
}
