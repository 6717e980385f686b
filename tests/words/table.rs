//! The table of commands: requests and their expected answers.

use super::{
    programs::{Heard, Program},
    support::process::Server,
};
use serde_json::Value;
use std::time::{Duration, Instant};

/// The longest time until the effects of a command are visible.
const SOON: Duration = Duration::from_secs(30);

/// The commands of one business, each submitted once, in this order, from number 1.
pub struct Story {
    pub business: &'static str,
    pub words: &'static [Word],
}

/// One request and its answer. Paths omit the prefix of the business.
#[derive(Clone, Copy)]
pub struct Word {
    send: &'static str,
    body: &'static str,
    status: u16,
    location: Option<&'static str>,
    shown: &'static [(&'static str, &'static str)],
    mentioned: &'static str,
    soon: bool,
}

/// A request with this JSON object as body, or without a body. The default status is 200.
pub const fn word(send: &'static str, body: &'static str) -> Word {
    Word { send, body, status: 200, location: None, shown: &[], mentioned: "", soon: false }
}

impl Word {
    /// Expects this status.
    pub const fn answers(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// Expects 201 with this location.
    pub const fn creates(self, location: &'static str) -> Self {
        Self { status: 201, location: Some(location), ..self }
    }

    /// Expects these fields (`page.size`, `_embedded.orders.0.id`) with these values. Numbers are
    /// JSON numbers; `null` also matches a missing field.
    pub const fn shows(self, shown: &'static [(&'static str, &'static str)]) -> Self {
        Self { shown, ..self }
    }

    /// Expects this text in the answer.
    pub const fn mentions(self, mentioned: &'static str) -> Self {
        Self { mentioned, ..self }
    }

    /// Repeats the request until the answer is as expected, because other components finish first.
    pub const fn soon(self) -> Self {
        Self { soon: true, ..self }
    }

    /// The method of the request.
    pub fn method(&self) -> &'static str {
        self.send.split_once(' ').expect("a method and a path").0
    }

    /// The path of the request, without the business.
    pub fn path(&self) -> &'static str {
        self.send.split_once(' ').expect("a method and a path").1
    }

    /// The body of the request.
    pub const fn body(&self) -> &'static str {
        self.body
    }

    /// Whether the answer can still become as expected.
    pub fn may_wait(&self, begun: Instant) -> bool {
        self.soon && begun.elapsed() < SOON
    }

    /// The first difference from the expected answer, as an error.
    pub fn check(&self, root: &str, heard: &Heard) -> Result<(), String> {
        if heard.status != self.status {
            return Err(format!("status {}, not {}", heard.status, self.status));
        }
        if let Some(location) = self.location {
            let line = format!("\nlocation: {root}{location}\n").to_lowercase();
            if !heard.head.contains(&line) {
                return Err(format!("no location {root}{location}"));
            }
        }
        if !heard.body.contains(self.mentioned) {
            return Err(format!("no `{}`", self.mentioned));
        }
        let body = serde_json::from_str(&heard.body).unwrap_or(Value::Null);
        self.shown.iter().try_for_each(|(path, expected)| {
            let found = text_at(&body, path);
            if found == *expected { Ok(()) } else { Err(format!("{path} is {found}")) }
        })
    }
}

impl Story {
    /// Submits every command to a server that mounts the business at `root`.
    ///
    /// # Panics
    /// When an answer differs from the table.
    pub fn tell(&self, server: &Server, root: &str, program: Program) {
        for word in self.words {
            let (method, path) = (word.method(), word.path());
            let begun = Instant::now();
            loop {
                let heard = program(method, &server.url(&format!("{root}{path}")), word.body);
                let Err(why) = word.check(root, &heard) else { break };
                assert!(
                    word.may_wait(begun),
                    "{}: {} {}: {why}\n{}{}",
                    self.business,
                    word.send,
                    word.body,
                    heard.head,
                    heard.body
                );
            }
        }
    }
}

/// The field at the end of a path, as text.
fn text_at(body: &Value, path: &str) -> String {
    let found = path.split('.').fold(body, |value, step| {
        step.parse().map_or_else(|_| &value[step], |nth: usize| &value[nth])
    });
    found.as_str().map_or_else(|| found.to_string(), ToOwned::to_owned)
}
