//! Specifications of aggregates: given past events, when a command arrives, then events follow.

use super::{
    Aggregate, Decision, Malformed, ParsedCommand, SettingsOf, Target, Timestamp, command_name,
};

/// Starts a specification for any aggregate: `Order::given([..]).when(..).then([..])`.
pub trait Spec: Aggregate {
    /// An aggregate with these past events, under the default settings, at time 0.
    fn given(past: impl IntoIterator<Item = Self::Event>) -> Given<Self> {
        Given {
            state: Self::after(past),
            now: Timestamp(0),
            settings: SettingsOf::<Self>::default(),
        }
    }

    /// The aggregate after these events.
    #[must_use]
    fn after(past: impl IntoIterator<Item = Self::Event>) -> Self {
        past.into_iter().fold(Self::default(), Self::evolve)
    }

    /// The command that the route of this name reads from a request for a new aggregate.
    ///
    /// # Errors
    /// The part of the body that could not be parsed.
    fn read_new(route: &str, body: &str) -> Result<Self::Command, Malformed> {
        read::<Self>(route, None, body).map(|parsed| {
            assert_eq!(parsed.target, Target::New, "the route {route} does not create");
            parsed.command
        })
    }

    /// The command that the route of this name reads from a request for number 1, in the path or in
    /// the body.
    ///
    /// # Errors
    /// The part of the body that could not be parsed.
    fn read(route: &str, body: &str) -> Result<Self::Command, Malformed> {
        read::<Self>(route, Some(1), body).map(|parsed| {
            assert_eq!(parsed.target, Target::Existing(1), "the target of the route {route}");
            parsed.command
        })
    }
}

fn read<A: Aggregate>(
    route: &str,
    number: Option<u64>,
    body: &str,
) -> Result<ParsedCommand<A>, Malformed> {
    let routes = A::command_routes().into_routes();
    let found = routes.iter().find(|candidate| candidate.name == route);
    let Some(found) = found else { panic!("{} has no route {route}", A::NAME) };
    found.parse(number, body.as_bytes())
}

impl<A: Aggregate> Spec for A {}

/// An aggregate with past events.
#[must_use]
pub struct Given<A: Aggregate> {
    state: A,
    now: Timestamp,
    settings: SettingsOf<A>,
}

/// The answer of the aggregate to a command.
#[must_use]
pub struct When<A: Aggregate>(Decision<A>);

impl<A: Aggregate> Given<A> {
    /// Sets the time of the command.
    pub fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// Sets the settings of the business.
    pub fn under(self, settings: SettingsOf<A>) -> Self {
        Self { settings, ..self }
    }

    /// Lets the aggregate decide this command.
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

/// Compares a whole transition table with the expected one. The first line has the names of the
/// commands; then each past has a line with its name and the result of each command. Pasts with the
/// same results may share a line: their names stand with `|` between, and the line `others` is for
/// each past that no line names.
///
/// A cell has the events joined by `+`, `-` when nothing changes, or `!` and the rejection.
///
/// # Panics
/// When a cell differs; the message is the whole actual table.
#[track_caller]
pub fn table<A: Aggregate>(
    pasts: &[(&str, Vec<A::Event>)],
    commands: &[A::Command],
    expected: &str,
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
    let is_expected = each_past_alone(expected, &rows) == rows;
    assert!(is_expected, "the table is\n{}", aligned(&rows));
}

/// The expected table with a line for each past, in the sequence of the actual rows. A line for an
/// unknown past is at the end.
fn each_past_alone(expected: &str, rows: &[Vec<String>]) -> Vec<Vec<String>> {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let lines = expected.lines().map(words).filter(|line| !line.is_empty());
    let mut alone: Vec<_> = lines
        .flat_map(|line| {
            let pasts: Vec<_> = line[0].split('|').map(str::to_owned).collect();
            pasts.into_iter().map(move |past| [&[past], &line[1..]].concat())
        })
        .collect();
    let others = alone.iter().position(|line| line[0] == "others").map(|at| alone.remove(at));
    let mut sorted = vec![];
    for row in rows {
        let named = alone.iter().position(|line| line[0] == row[0]).map(|at| alone.remove(at));
        let other = || others.as_ref().map(|line| [&row[..1], &line[1..]].concat());
        sorted.extend(named.or_else(other));
    }
    [sorted, alone].concat()
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

#[test]
fn a_line_of_a_table_may_be_for_several_pasts() {
    let rows = [["past", "Pay"], ["a", "-"], ["b", "Paid"], ["c", "-"]];
    let rows = rows.map(|row| row.map(str::to_owned).to_vec());
    assert_eq!(each_past_alone("past Pay\n a|c -\n b Paid", &rows), rows);
    assert_eq!(each_past_alone("past Pay\n b Paid\n others -", &rows), rows);
    for wrong in ["past Pay\n a|c -", "past Pay\n a|b|c -", "past Pay\n a|c|d -\n b Paid"] {
        assert_ne!(each_past_alone(wrong, &rows), rows, "{wrong}");
    }
}
