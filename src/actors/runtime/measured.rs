//! The counts and durations of commands and view queries, by outcome.

use crate::{
    actors::api::{Outcome, Reply, RequestError, ResourceInfo, ViewInfo},
    metrics::{Buckets, Counters, DURATIONS, Histogram},
};
use std::time::Instant;

/// The classes of outcomes of a command or query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It was done.
    Ok,
    /// It was stored, and is finished later.
    Pending,
    /// The business refused it, or its process failed for a reason of the business.
    Refused,
    /// The request was wrong, or its client may not do this.
    Invalid,
    /// A limit was reached: a gate, a queue or the time of a query.
    Overloaded,
    /// A part that is needed is suspended, in quarantine, broken or without space.
    Unavailable,
    /// The server failed.
    Failed,
    /// The client went away before the outcome.
    Abandoned,
}

/// The names of the classes, in their order.
pub const CLASSES: [&str; 8] =
    ["ok", "pending", "refused", "invalid", "overloaded", "unavailable", "failed", "abandoned"];

/// The figures of all commands and view queries.
pub struct Measured {
    /// Whether anything is measured.
    is_on: bool,
    commands: Vec<Vec<Operation>>,
    views: Vec<Operation>,
}

/// The figures of one command, or of the queries of one view.
#[derive(Debug)]
pub struct Operation {
    seconds: Histogram,
    outcomes: Counters<{ CLASSES.len() }>,
}

impl Operation {
    fn new() -> Self {
        Self { seconds: Histogram::new(DURATIONS), outcomes: Counters::default() }
    }

    /// How long it took, and how often it had each outcome.
    #[must_use]
    pub fn figures(&self) -> (Buckets, [u64; CLASSES.len()]) {
        (self.seconds.buckets(), self.outcomes.values())
    }
}

/// One operation in progress. It counts as abandoned when it is dropped before its end.
pub struct Timing<'a>(Option<(&'a Operation, Instant)>);

impl Measured {
    /// The figures of these commands and views.
    #[must_use]
    pub fn of(is_on: bool, resources: &[ResourceInfo], views: &[ViewInfo]) -> Self {
        let commands = resources.iter().map(|resource| {
            resource.command_routes.iter().map(|_| Operation::new()).collect::<Vec<_>>()
        });
        let (commands, views) = (commands.collect(), views.iter().map(|_| Operation::new()));
        Self { is_on, commands, views: views.collect() }
    }

    /// Begins a command, by the index of its aggregate kind and its own.
    pub fn command(&self, resource: usize, command: usize) -> Timing<'_> {
        self.begin(self.commands.get(resource).and_then(|of| of.get(command)))
    }

    /// Begins a query of the view of this index.
    pub fn view(&self, view: usize) -> Timing<'_> {
        self.begin(self.views.get(view))
    }

    fn begin<'a>(&self, operation: Option<&'a Operation>) -> Timing<'a> {
        Timing(operation.filter(|_| self.is_on).map(|operation| (operation, Instant::now())))
    }

    /// The figures of the commands of each aggregate kind.
    #[must_use]
    pub fn commands(&self) -> &[Vec<Operation>] {
        &self.commands
    }

    /// The figures of the queries of each view.
    #[must_use]
    pub fn views(&self) -> &[Operation] {
        &self.views
    }
}

impl Timing<'_> {
    /// Ends a command with this outcome.
    pub fn end_command(self, outcome: &Result<Reply, RequestError>) {
        self.end(match outcome {
            Ok(reply) if reply.outcome == Outcome::Pending => Class::Pending,
            Ok(_) => Class::Ok,
            Err(error) => class_of(error),
        });
    }

    /// Ends a query with this outcome.
    pub fn end_query<T>(self, outcome: &Result<T, RequestError>) {
        self.end(outcome.as_ref().err().map_or(Class::Ok, class_of));
    }

    fn end(mut self, class: Class) {
        if let Some((operation, begun)) = self.0.take() {
            operation.seconds.observe_time(begun.elapsed());
            operation.outcomes.add(class as usize, 1);
        }
    }
}

impl Drop for Timing<'_> {
    fn drop(&mut self) {
        if let Some((operation, _)) = self.0.take() {
            operation.outcomes.add(Class::Abandoned as usize, 1);
        }
    }
}

/// The class of an error.
const fn class_of(error: &RequestError) -> Class {
    use RequestError as E;
    match error {
        E::Rejected { .. } | E::FailedLater { .. } => Class::Refused,
        E::Syntax(_)
        | E::Malformed { .. }
        | E::BadQuery(_)
        | E::Inside(_)
        | E::Unauthenticated
        | E::Forbidden(_)
        | E::NotFound { .. }
        | E::KeyReused
        | E::VersionDiffers { .. } => Class::Invalid,
        E::TurnedAway { .. } | E::Busy { .. } | E::QueryEnded(_) => Class::Overloaded,
        E::Unavailable { .. }
        | E::Quarantined { .. }
        | E::Suspended { .. }
        | E::NotYet(_)
        | E::Rebuilding { .. }
        | E::NoSpace(_)
        | E::ReadOnly(_) => Class::Unavailable,
        E::Crashed { .. } | E::Failed(_) => Class::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kernel::{FailureKind, Readers};

    fn views() -> [ViewInfo; 1] {
        let (business, name, readers) = ("house", "rooms", Readers::Owner);
        let (aliases, fields, links) = (&[][..], &[][..], &[][..]);
        [ViewInfo { business, name, aliases, fields, links, newest_first: false, readers }]
    }

    fn counted(measured: &Measured) -> [u64; CLASSES.len()] {
        measured.views()[0].figures().1
    }

    #[test]
    fn each_outcome_is_counted_in_its_class() {
        let measured = Measured::of(true, &[], &views());
        measured.view(0).end_query(&Ok(()));
        let text = || "why".to_owned();
        let refused =
            RequestError::FailedLater { how: FailureKind::Refused, reason: text(), number: 1 };
        for error in [
            refused,
            RequestError::KeyReused,
            RequestError::QueryEnded(text()),
            RequestError::NoSpace(text()),
            RequestError::Failed(text()),
        ] {
            measured.view(0).end_query(&Err::<(), _>(error));
        }
        drop(measured.view(0));
        assert_eq!(counted(&measured), [1, 0, 1, 1, 1, 1, 1, 1]);
        let (seconds, _) = measured.views()[0].figures();
        assert_eq!(seconds.count(), 6, "an abandoned query has no duration");
    }

    #[test]
    fn nothing_is_counted_while_metrics_are_off() {
        let measured = Measured::of(false, &[], &views());
        measured.view(0).end_query(&Ok(()));
        drop(measured.view(0));
        assert_eq!(counted(&measured), [0; CLASSES.len()]);
    }
}
