//! Given a past, when a command comes, then these events follow: how aggregates are specified.

use super::{Aggregate, Decision, SettingsOf, Timestamp, command_name};
use std::fmt::Write;

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

/// What aggregates with these pasts answer to these commands, everything against everything: for
/// each past its name, then a line for each answer with the commands that get it. An answer is the
/// names of the events, `already so`, or the name of the rejection behind a `!`.
#[must_use]
pub fn table<A: Aggregate>(
    pasts: &[(&str, Vec<A::Event>)],
    commands: &[(&str, A::Command)],
) -> String {
    let mut table = String::new();
    for (name, past) in pasts {
        let state = past.iter().cloned().fold(A::default(), A::evolve);
        let mut answers: Vec<(String, Vec<&str>)> = Vec::new();
        for (command_name, command) in commands {
            let decision = state.decide(command.clone(), Timestamp(0), &SettingsOf::<A>::default());
            let answer = answer::<A>(&decision);
            match answers.iter_mut().find(|(known, _)| *known == answer) {
                Some((_, said)) => said.push(command_name),
                None => answers.push((answer, vec![command_name])),
            }
        }
        let _ = writeln!(table, "{name}");
        for (answer, said) in answers {
            let _ = writeln!(table, "  {answer}: {}", said.join(", "));
        }
    }
    table
}

fn answer<A: Aggregate>(decision: &Decision<A>) -> String {
    match decision {
        Ok(events) if events.is_empty() => "already so".to_owned(),
        Ok(events) => events.iter().map(command_name).collect::<Vec<_>>().join(" + "),
        Err(rejection) => format!("!{}", command_name(rejection)),
    }
}
