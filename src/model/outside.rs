//! Finds the calls to outside services, the lookups in views, and the events that views show.

use super::{
    attempt,
    board::{self, Asked, MessageName, Reaction, Service, Trigger},
    kinds::{Kind, sample_events},
    policies::META,
    sampling::traced,
    shape::Traced,
};
use crate::domain::kernel::{Dispatch, EventSet, Lookup, Port, PortReply, RetryPolicy, View};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn message_name(dispatch: &Dispatch) -> MessageName {
    MessageName::new(dispatch.aggregate(), dispatch.command_name())
}

/// Finds the events that cause calls to an outside service, and the commands that follow from its
/// answers.
pub(super) fn service<P: Port>(kinds: &[Box<dyn Kind>]) -> Service {
    let mut asks: BTreeMap<Asked, BTreeMap<String, BTreeSet<MessageName>>> = BTreeMap::new();
    for happening in sample_events(kinds, P::Events::KINDS) {
        let Some(heard) = P::Events::from_event(&happening) else { continue };
        let Some(ask) = attempt(|| P::ask(&heard, &META)).flatten() else { continue };
        let asked =
            Asked { whenever: happening.message_name(), operation: ask.operation.to_owned() };
        let meanings = asks.entry(asked).or_default();
        for (name, answer) in answers(ask.retry_policy) {
            let meaning = attempt(|| P::on_reply(&heard, &META, &answer));
            meanings.entry(name.to_owned()).or_default().extend(meaning.as_ref().map(message_name));
        }
    }
    Service { name: P::NAME.to_owned(), asks }
}

/// The possible answers of a port. A port that retries until there is an answer is never
/// unreachable, and its gate refuses no call.
fn answers(retry_policy: RetryPolicy) -> Vec<(&'static str, PortReply)> {
    let mut answers = vec![
        ("approved", PortReply::Approved(Value::Null)),
        ("declined", PortReply::Declined("<reason>".to_owned())),
    ];
    if retry_policy == RetryPolicy::UntilDeadline {
        answers.push(("unreachable", PortReply::Unreachable("<reason>".to_owned())));
        answers.push(("turned away", PortReply::TurnedAway("<reason>".to_owned())));
    }
    answers
}

/// Finds the events that cause a lookup in a view, and the commands that follow from its rows.
pub(super) fn lookup<L: Lookup>(kinds: &[Box<dyn Kind>]) -> board::Lookup {
    let mut reactions = BTreeSet::new();
    let rows = traced::<L::View>().samples;
    for happening in sample_events(kinds, L::Events::KINDS) {
        let Some(heard) = L::Events::from_event(&happening) else { continue };
        if attempt(|| L::query(&heard, &META)).flatten().is_none() {
            continue;
        }
        let found = rows.iter().map(|row| vec![(1, row.clone())]);
        for rows in std::iter::once(vec![]).chain(found) {
            let Some(dispatch) = attempt(|| L::on_rows(&heard, &META, &rows)) else { continue };
            let whenever = Trigger::Event(happening.message_name());
            reactions.insert(Reaction { whenever, then: message_name(&dispatch) });
        }
    }
    board::Lookup { name: L::NAME.to_owned(), view: L::View::NAME.to_owned(), reactions }
}

/// Finds the fields of a view and the events that change it.
pub(super) fn view<V: View>(kinds: &[Box<dyn Kind>]) -> board::View {
    let Traced { whole, types, samples } = traced::<V>();
    let before: Vec<Option<V>> =
        std::iter::once(None).chain(samples.first().cloned().map(Some)).collect();
    let mut shows = BTreeSet::new();
    for happening in sample_events(kinds, V::Events::KINDS) {
        let changes = |row: &Option<V>| {
            let heard = V::Events::from_event(&happening)?;
            let number = *V::keys(&heard, &META).first()?;
            Some(V::fold_row(number, row.clone(), heard, &META) != *row)
        };
        if before.iter().any(|row| attempt(|| changes(row)).flatten() == Some(true)) {
            shows.insert(happening.message_name());
        }
    }
    board::View {
        name: V::NAME.to_owned(),
        aliases: V::ALIASES.iter().map(|alias| (*alias).to_owned()).collect(),
        row: whole,
        types,
        searchable: V::FIELDS.iter().map(|field| field.name.to_owned()).collect(),
        shows,
    }
}
