//! The preferences of a client in `Prefer` (RFC 7240).

use std::time::Duration;

/// The name of what a client prefers.
pub const PREFER: &str = "prefer";

/// The name of the preferences that were honoured, in answers.
pub const PREFERENCE_APPLIED: &str = "preference-applied";

/// What a client prefers. A preference that cannot be read is ignored, as the specification
/// requires; the first of several with the same name counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// The time in `wait=…`, in whole seconds.
    pub wait: Option<Duration>,
    /// Whether `respond-async` is named.
    responds_async: bool,
}

impl Preferences {
    /// Reads all values of this name. Those that are no text are ignored.
    pub fn of<'a>(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut read = Self::default();
        let texts = values.filter_map(|value| std::str::from_utf8(value).ok());
        for preference in texts.flat_map(|value| unquoted_parts(value, b',')) {
            // Parameters come after the semicolon. Neither preference has any.
            let preference = unquoted_parts(preference, b';').next().unwrap_or_default();
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            if name.eq_ignore_ascii_case("respond-async") {
                read.responds_async = true;
            } else if name.eq_ignore_ascii_case("wait") && read.wait.is_none() {
                read.wait = value.parse().ok().map(Duration::from_secs);
            }
        }
        read
    }

    /// Whether a pending outcome is not waited for at all. With both preferences, the client waits
    /// for the time in `wait` first.
    #[must_use]
    pub fn is_async(&self) -> bool {
        match self.wait {
            Some(wait) => wait.is_zero(),
            None => self.responds_async,
        }
    }

    /// The longest wait for a pending outcome, when the server waits for at most `wait_max`.
    #[must_use]
    pub fn wait_within(&self, wait_max: Duration) -> Duration {
        self.wait.filter(|wait| !wait.is_zero()).map_or(wait_max, |wait| wait.min(wait_max))
    }

    /// The value of `Preference-Applied` in an answer that was sent before the outcome was final.
    #[must_use]
    pub fn applied(&self, wait_max: Duration) -> Option<String> {
        match self.wait {
            Some(wait) if wait <= wait_max => Some(format!("wait={}", wait.as_secs())),
            _ => self.responds_async.then(|| "respond-async".to_owned()),
        }
    }
}

/// The parts of a text between separators that are not within a quoted string.
fn unquoted_parts(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |character: char| {
        let is_plain = !std::mem::take(&mut is_escaped);
        match character {
            '\\' if is_quoted && is_plain => is_escaped = true,
            '"' if is_plain => is_quoted = !is_quoted,
            _ => {}
        }
        character == char::from(separator) && !is_quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&'static str]) -> Preferences {
        Preferences::of(values.iter().map(|value| value.as_bytes()))
    }

    #[test]
    fn a_client_says_how_long_it_waits() {
        for (value, seconds) in [
            ("wait=10", Some(10)),
            ("respond-async, Wait = 2", Some(2)),
            ("wait=\"3\"; x=1", Some(3)),
            ("wait=1, wait=9", Some(1)),
            ("wait=86400", Some(86_400)),
            ("wait=-1", None),
            ("wait", None),
            ("return=minimal", None),
            ("return=minimal; wait=3", None),
            ("x=\"a, wait=3\"", None),
            ("x=\"a\\\", wait=3\", wait=4", Some(4)),
        ] {
            assert_eq!(of(&[value]).wait, seconds.map(Duration::from_secs), "{value}");
        }
        assert_eq!(of(&["respond-async", "wait=4"]).wait, Some(Duration::from_secs(4)));
    }

    #[test]
    fn a_client_that_prefers_an_asynchronous_answer_does_not_wait() {
        for value in ["respond-async", "Respond-Async", "respond-async; x=1", "wait=0"] {
            assert!(of(&[value]).is_async(), "{value}");
        }
        for value in ["respond-async, wait=4", "wait=4", "respond", "x=respond-async", ""] {
            assert!(!of(&[value]).is_async(), "{value}");
        }
    }

    #[test]
    fn the_wait_of_the_server_is_an_upper_bound() {
        let (three, wait_max) = (Duration::from_secs(3), Duration::from_secs(3));
        for (value, wait, applied) in [
            ("wait=1", Duration::from_secs(1), Some("wait=1")),
            ("wait=3", three, Some("wait=3")),
            ("wait=10", three, None),
            ("wait=10, respond-async", three, Some("respond-async")),
            ("respond-async", three, Some("respond-async")),
            ("wait=0", three, Some("wait=0")),
            ("", three, None),
        ] {
            let preferences = of(&[value]);
            assert_eq!(preferences.wait_within(wait_max), wait, "{value}");
            assert_eq!(preferences.applied(wait_max).as_deref(), applied, "{value}");
        }
    }
}
