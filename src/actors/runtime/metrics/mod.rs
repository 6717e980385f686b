//! The figures of the runtime for a scrape: what it counts, and what it knows anyway.

mod aggregates;
mod gates;
mod journal;
mod operations;
mod sagas;
mod subscribers;

pub use sagas::SagaCensus;

use super::{
    Runtime,
    measured::{CLASSES, Operation},
};
use crate::metrics::Families;

impl Runtime {
    /// Adds the figures of all parts. It reads files and waits for the disk, so it must run where a
    /// thread may block.
    pub fn add_figures(&self, families: &mut Families) {
        self.add_commands(families);
        self.add_queries(families);
        self.add_journal(families);
        self.add_aggregates(families);
        self.add_gates(families);
        self.add_ports(families);
        self.add_subscribers(families);
        self.add_subscriptions(families);
        self.add_sagas(families);
        self.add_operations(families);
        self.add_traces(families);
    }

    /// Counts and durations by the names that the businesses declare. A command without a request
    /// has no sample.
    fn add_commands(&self, families: &mut Families) {
        let kinds = self.parts.resources.iter().zip(self.parts.measured.commands());
        let commands = || {
            kinds.clone().flat_map(|(kind, operations)| {
                let commands = kind.command_routes.iter().zip(operations);
                commands.map(move |(command, operation)| (kind, command.name, operation))
            })
        };
        let family = families.counter("madang_commands", "Commands of clients by their outcome");
        for (kind, command, operation) in commands() {
            for (outcome, count) in outcomes(operation) {
                let labels = [
                    ("business", kind.business),
                    ("kind", kind.name),
                    ("command", command),
                    ("outcome", outcome),
                ];
                family.add(labels, count);
            }
        }
        let family = families.histogram(
            "madang_command_duration_seconds",
            "Time from the submission of a command to its answer",
        );
        for (kind, command, operation) in commands() {
            let (seconds, _) = operation.figures();
            if seconds.count() > 0 {
                let labels =
                    [("business", kind.business), ("kind", kind.name), ("command", command)];
                family.add(labels, seconds);
            }
        }
    }

    fn add_queries(&self, families: &mut Families) {
        let views = self.parts.views.iter().zip(self.parts.measured.views());
        let family = families.counter("madang_view_queries", "Queries of views by their outcome");
        for (view, operation) in views.clone() {
            for (outcome, count) in outcomes(operation) {
                let labels =
                    [("business", view.business), ("view", view.name), ("outcome", outcome)];
                family.add(labels, count);
            }
        }
        let family = families.histogram(
            "madang_view_query_duration_seconds",
            "Time from a query of a view to its answer",
        );
        for (view, operation) in views {
            let (seconds, _) = operation.figures();
            if seconds.count() > 0 {
                family.add([("business", view.business), ("view", view.name)], seconds);
            }
        }
    }
}

/// The outcomes of an operation. A series begins when its operation has been used: the others of it
/// are then 0, so that a first failure is a rise.
fn outcomes(operation: &Operation) -> impl Iterator<Item = (&'static str, u64)> {
    let (_, counts) = operation.figures();
    let is_used = counts.iter().any(|count| *count > 0);
    CLASSES.into_iter().zip(counts).filter(move |_| is_used)
}
