//! The story of a world: one line for each request with its answer, and for what follows from it.

use super::{Cause, World, installed::Verdict};
use crate::domain::kernel::{Dispatch, Issuer, PortReply};
use std::fmt::Display;

/// The lines so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Story(Vec<String>);

impl World {
    /// Tells the story of this world from now on.
    pub(super) fn begin_story(&mut self) {
        self.story = Some(Story::default());
    }

    /// The story, a line each.
    pub(super) fn end_story(&mut self) -> String {
        let Story(lines) = self.story.take().unwrap_or_default();
        format!("  {}\n", lines.join("\n  "))
    }

    /// Adds a line to the story when it is written.
    pub(super) fn narrate(&mut self, line: impl FnOnce() -> String) {
        if let Some(Story(lines)) = &mut self.story {
            lines.push(line());
        }
    }

    pub(super) fn narrate_refusal(&mut self, dispatch: &Dispatch, reason: &str) {
        let who = self.client(dispatch);
        self.narrate(|| format!("{who}: {dispatch:?} -> refused: {reason}"));
    }

    pub(super) fn narrate_verdict(&mut self, dispatch: &Dispatch, cause: Cause, verdict: &Verdict) {
        if self.story.is_none() {
            return;
        }
        let who = match cause {
            Cause::Request(_) => self.client(dispatch),
            Cause::Dispatch(origin) => format!("  {} {}", origin.by, origin.conversation),
            Cause::Timer => "  a timer".to_owned(),
        };
        let aggregate_kind = self.aggregates.get(dispatch.aggregate());
        let came = match (verdict, aggregate_kind) {
            (Verdict::Refused(refused), _) => format!("refused: {}", refused().reason),
            (Verdict::Events(events), Some(aggregate_kind)) if !events.is_empty() => {
                let names = events.iter().map(|event| aggregate_kind.event_name(event.as_ref()));
                names.collect::<Vec<_>>().join(", ")
            }
            (Verdict::Events(_), _) => "no change".to_owned(),
        };
        self.narrate(|| format!("{who}: {dispatch:?} -> {came}"));
    }

    pub(super) fn narrate_crash(&mut self) {
        let lost = self.journal.len() - self.durable;
        self.narrate(|| format!("the process is killed, and {lost} records are lost"));
    }

    pub(super) fn narrate_time(&mut self, ms: u64, due: &[(&'static str, u64)]) {
        self.narrate(|| {
            let timers = due.iter().map(|(saga, number)| format!(", the timer of {saga} {number}"));
            format!("{} pass{}", Seconds(ms), timers.collect::<String>())
        });
    }

    /// The role that submits this command.
    fn client(&self, dispatch: &Dispatch) -> String {
        match self.issuer_of(dispatch) {
            Some(Issuer::Staff(roles)) => roles.join(" or "),
            Some(Issuer::Customer) => "customer".to_owned(),
            Some(Issuer::Anyone) | None => "anyone".to_owned(),
            Some(Issuer::Internal) => "a client".to_owned(),
        }
    }
}

/// Adds the reply of an outside service to the story.
pub(super) fn narrate_reply(
    story: &mut Option<Story>,
    port: &str,
    key: &str,
    answer: Option<&PortReply>,
) {
    let Some(Story(lines)) = story else { return };
    let answer = match answer {
        Some(PortReply::Declined(reason)) => format!("declined: {reason}"),
        Some(PortReply::Unreachable(reason)) => format!("unreachable: {reason}"),
        Some(PortReply::TurnedAway(reason)) => format!("turned away: {reason}"),
        Some(_) => "approved".to_owned(),
        None => "no answer yet".to_owned(),
    };
    lines.push(format!("  {port}: {key} -> {answer}"));
}

/// A number of milliseconds, shown in seconds.
struct Seconds(u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03} s", self.0 / 1_000, self.0 % 1_000)
    }
}
