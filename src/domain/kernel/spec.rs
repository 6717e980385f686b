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

/// Proofreads a whole transition table under the default settings: each past with a line of what
/// each command leads to there, by bare names: the events joined by `+`, `=` when it is so already,
/// or `!` and the rejection.
///
/// # Panics
/// When a command leads to something else.
#[track_caller]
pub fn table<A: Aggregate>(commands: &[A::Command], rows: &[(Vec<A::Event>, &str)]) {
    for (past, line) in rows {
        let outcomes = commands.iter().map(|command| outcome(&A::given(past.clone()), command));
        let outcomes: Vec<String> = outcomes.collect();
        let expected: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(outcomes, expected, "after {past:?}");
    }
}

fn outcome<A: Aggregate>(given: &Given<A>, command: &A::Command) -> String {
    match given.state.decide(command.clone(), given.now, &given.settings) {
        Ok(events) if events.is_empty() => "=".into(),
        Ok(events) => events.iter().map(command_name).collect::<Vec<_>>().join("+"),
        Err(rejection) => format!("!{}", command_name(&rejection)),
    }
}
