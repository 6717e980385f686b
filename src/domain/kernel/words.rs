//! What texts sent by clients mean: names, and the status words of clients that existed before.

use super::{Malformed, Text};

/// How many characters a name, a card number or a phone number may have.
const SHORT_CHARS_MAX: usize = 100;

/// The statuses that say: call it off.
pub const CANCELLED: &[&str] = &["cancelled", "canceled", "cancel"];

impl Text {
    /// The same without white space around it.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        Self(self.0.trim().to_owned())
    }

    /// Whether it says anything, and not too much for a name (100 characters).
    #[must_use]
    pub fn is_name(&self) -> bool {
        !self.0.trim().is_empty() && self.is_short()
    }

    /// Whether it is this name, whatever white space is around either and whichever ASCII letters
    /// are capitals: a price that is listed for a name holds for every spelling of it.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.0.trim().eq_ignore_ascii_case(name.trim())
    }

    /// Whether it is not longer than a name may be (100 characters); it may be empty.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.0.chars().count() <= SHORT_CHARS_MAX
    }

    /// What this status stands for, however it is capitalised: each meaning with its words.
    ///
    /// # Errors
    /// That none of them was said, with the words that can be.
    pub fn means<T: Clone>(&self, meanings: &[(&[&str], T)]) -> Result<T, Malformed> {
        let said = self.0.trim();
        let is_said = |words: &[&str]| words.iter().any(|word| said.eq_ignore_ascii_case(word));
        let meaning = meanings.iter().find(|(words, _)| is_said(words));
        meaning.map(|(_, meaning)| meaning.clone()).ok_or_else(|| {
            let words: Vec<&str> = meanings.iter().flat_map(|(words, _)| *words).copied().collect();
            Malformed::Content(format!("unknown status `{said}`, expected {}", words.join(" or ")))
        })
    }
}
