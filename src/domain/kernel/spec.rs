//! Given a past, when a command comes, then these events follow: how aggregates are specified.

use super::{Aggregate, Decision, SettingsOf, Timestamp, command_name};

/// Opens a specification on every aggregate: `Order::given([..]).when(..).then([..])`.
pub trait Spec: Aggregate {
    /// An aggregate with this past, under the default settings, at time 0.
    fn given(past: impl IntoIterator<Item = Self::Event>) -> Given<Self> {
        let state = past.into_iter().fold(Self::default(), Self::evolve);
        Given { state, now: Timestamp(0), settings: SettingsOf::<Self>::default() }
    }
}

impl<A: Aggregate> Spec for A {}

/// An aggregate with a past.
#[must_use]
pub struct Given<A: Aggregate> {
    state: A,
    now: Timestamp,
    settings: SettingsOf<A>,
}

/// What it answered to a command.
#[must_use]
pub struct When<A: Aggregate>(Decision<A>);

impl<A: Aggregate> Given<A> {
    /// At this time.
    pub fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// Under these settings.
    pub fn under(self, settings: SettingsOf<A>) -> Self {
        Self { settings, ..self }
    }

    /// It is told this.
    pub fn when(self, command: A::Command) -> When<A> {
        When(self.state.decide(command, self.now, &self.settings))
    }
}

impl<A: Aggregate> When<A> {
    /// # Panics
    /// When the command was rejected, or led to other events.
    #[track_caller]
    pub fn then(self, events: impl IntoIterator<Item = A::Event>) {
        assert_eq!(self.0, Ok(events.into_iter().collect()));
    }

    /// # Panics
    /// When the command was accepted, or rejected for another reason.
    #[track_caller]
    pub fn rejected(self, why: A::Rejection) {
        assert_eq!(self.0, Err(why));
    }
}

/// Compares a whole transition table with what is promised: a line for each past, with its name
/// and then what each command leads to, under a line with the names of the commands.
///
/// A cell has the events joined by `+`, `-` for what is already so, or `!` and the rejection.
///
/// # Panics
/// When a cell differs; the message is the whole table as it is.
#[track_caller]
pub fn table<A: Aggregate>(
    pasts: &[(&str, Vec<A::Event>)],
    commands: &[A::Command],
    promised: &str,
) {
    let mut rows = vec![commands.iter().map(command_name).collect::<Vec<_>>()];
    rows[0].insert(0, "past".into());
    for (name, past) in pasts {
        let mut row = vec![(*name).to_owned()];
        let cells = commands.iter().map(|command| {
            let When(decision) = A::given(past.clone()).when(command.clone());
            match decision {
                Ok(events) if events.is_empty() => "-".to_owned(),
                Ok(events) => events.iter().map(command_name).collect::<Vec<_>>().join("+"),
                Err(rejection) => format!("!{}", command_name(&rejection)),
            }
        });
        row.extend(cells);
        rows.push(row);
    }
    let promised = promised.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let promised: Vec<_> = promised.filter(|row| !row.is_empty()).collect();
    assert!(rows == promised, "the table is\n{}", aligned(&rows));
}

fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().enumerate();
        let line: Vec<_> =
            cells.map(|(column, cell)| format!("{cell:width$}", width = width(column))).collect();
        line.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}
