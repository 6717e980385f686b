//! The names of commands and events as a drawing shows them.

use crate::model::board::{Board, MessageName};
use std::collections::{BTreeMap, BTreeSet};

/// The names of commands and events; those that several aggregates use are shown with theirs.
pub(super) struct Names(BTreeMap<String, BTreeSet<String>>);

impl Names {
    pub(super) fn of(board: &Board) -> Self {
        let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for aggregate in &board.aggregates {
            let commands = aggregate.commands.iter().map(|command| &command.what.name);
            for name in commands.chain(aggregate.events.iter().map(|event| &event.name)) {
                names.entry(name.clone()).or_default().insert(aggregate.name.clone());
            }
        }
        Self(names)
    }

    /// `Accept`, or `payments Refund` when another aggregate has the name, too.
    pub(super) fn show(&self, message: &MessageName) -> String {
        let is_shared = self.0.get(&message.name).is_some_and(|aggregates| aggregates.len() > 1);
        let aggregate = message.aggregate.rsplit('/').next().unwrap_or_default();
        if is_shared { format!("{aggregate} {}", message.name) } else { message.name.clone() }
    }
}
