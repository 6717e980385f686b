//! The table of words: what is said, and what is answered.

use super::{
    programs::{Heard, Program},
    support::process::Server,
};
use serde_json::Value;
use std::time::{Duration, Instant};

/// What follows from a word may take its time, but not longer than this.
const SOON: Duration = Duration::from_secs(30);

/// The words of one business, each said once, in this order, from number 1.
pub struct Story {
    pub business: &'static str,
    pub words: &'static [Word],
}

/// One request and its answer. Paths are written without the business in front.
#[derive(Clone, Copy)]
pub struct Word {
    say: &'static str,
    body: &'static str,
    status: u16,
    location: Option<&'static str>,
    shown: &'static [(&'static str, &'static str)],
    mentioned: &'static str,
    soon: bool,
}

/// This request with this JSON object as body, or without one; answered 200 unless told otherwise.
pub const fn word(say: &'static str, body: &'static str) -> Word {
    Word { say, body, status: 200, location: None, shown: &[], mentioned: "", soon: false }
}

impl Word {
    /// It is answered with this status.
    pub const fn answers(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// It is answered 201, and this is where the new one is.
    pub const fn creates(self, location: &'static str) -> Self {
        Self { status: 201, location: Some(location), ..self }
    }

    /// The answer has these fields (`page.size`, `_embedded.orders.0.id`) with these values, numbers
    /// being numbers; `null` also when there is no such field.
    pub const fn shows(self, shown: &'static [(&'static str, &'static str)]) -> Self {
        Self { shown, ..self }
    }

    /// The answer has this text in it.
    pub const fn mentions(self, mentioned: &'static str) -> Self {
        Self { mentioned, ..self }
    }

    /// It is said again until the answer is so, as others have to finish first.
    pub const fn soon(self) -> Self {
        Self { soon: true, ..self }
    }

    /// What is not as promised, as a sentence.
    fn check(&self, root: &str, heard: &Heard) -> Result<(), String> {
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
    /// Says every word to a server that mounts the business at `root`.
    ///
    /// # Panics
    /// When an answer is not as the table promises.
    pub fn tell(&self, server: &Server, root: &str, program: Program) {
        for word in self.words {
            let (method, path) = word.say.split_once(' ').expect("a method and a path");
            let begun = Instant::now();
            loop {
                let heard = program(method, &server.url(&format!("{root}{path}")), word.body);
                let Err(why) = word.check(root, &heard) else { break };
                assert!(
                    word.soon && begun.elapsed() < SOON,
                    "{}: {} {}: {why}\n{}{}",
                    self.business,
                    word.say,
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
