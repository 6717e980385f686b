//! Interpretation of texts from clients: names, and the status words of existing clients.

use super::{Malformed, Text};

/// The largest number of characters of a name, a card number or a phone number.
const SHORT_CHARS_MAX: usize = 100;

/// The status words that request a cancellation.
pub const CANCELLED: &[&str] = &["cancelled", "canceled", "cancel"];

impl Text {
    /// The text without white space around it.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        Self(self.0.trim().to_owned())
    }

    /// Whether the text is a valid name: not blank, and at most 100 characters.
    #[must_use]
    pub fn is_name(&self) -> bool {
        !self.0.trim().is_empty() && self.is_short()
    }

    /// The name as names are compared: without white space around it, ASCII letters in lower case.
    #[must_use]
    pub fn as_compared(&self) -> Self {
        Self(self.0.trim().to_ascii_lowercase())
    }

    /// Whether the text equals this name. Surrounding white space and the case of ASCII letters are
    /// ignored, so that a price listed for a name holds for every spelling of it.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        self.0.trim().eq_ignore_ascii_case(name.trim())
    }

    /// Whether the text has at most 100 characters, the limit of names; it may be empty.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.0.chars().count() <= SHORT_CHARS_MAX
    }

    /// The meaning of this status text, which a client sent in this field; `meanings` has the words
    /// of each meaning. Case is ignored.
    ///
    /// # Errors
    /// When the text is none of the words; the message lists them.
    pub fn means<T: Clone>(&self, field: &str, meanings: &[(&[&str], T)]) -> Result<T, Malformed> {
        let text = self.0.trim();
        let is_among = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        let meaning = meanings.iter().find(|(words, _)| is_among(words));
        meaning.map(|(_, meaning)| meaning.clone()).ok_or_else(|| {
            let words: Vec<&str> = meanings.iter().flat_map(|(words, _)| *words).copied().collect();
            let reason = format!("unknown {field} `{text}`, expected {}", words.join(" or "));
            Malformed::Field { field: field.to_owned(), reason }
        })
    }
}
