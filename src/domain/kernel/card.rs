//! The number of a payment card: stored whole and encrypted, shown masked.

use super::{ERASED, Personal, values::stored};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The number of digits at the end that are shown, as on receipts.
const SHOWN_DIGITS: usize = 4;

/// The least number of digits of a card number whose last digits are shown. Of a shorter number
/// four digits would be too large a part.
const SHOWN_FROM_DIGITS: usize = 8;

/// The text that replaces the digits that are not shown.
const MASK: &str = "****";

/// The number of a payment card, given by a client; it may be empty.
///
/// The journal stores the full number, encrypted as every [`Personal`] text, because the outside
/// service that charges the card needs it. Everywhere else it is masked, as `**** 5656`: in JSON,
/// as text, and in debug output. So no client, operator or log gets the number. Only
/// [`CardNumber::reveal`] returns it, for the request to the outside service.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CardNumber(Personal);

impl CardNumber {
    /// The full number. Only the request to the outside service that charges the card may use it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0.0
    }

    /// Whether the number has at most 100 characters, the limit of card numbers; it may be empty.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.0.is_short()
    }

    /// Whether there is no number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.0.trim().is_empty()
    }

    /// Whether both are the same number. Separators are ignored, and the masked form of this number
    /// counts as well, so that a client can send back what it was shown.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let bare = |card: &Self| card.0.0.replace([' ', '-'], "");
        bare(self) == bare(other) || other.0.0.trim() == self.masked()
    }

    /// The masked number: the last four digits of a number of eight or more. A number that is
    /// already masked stays as it is, and an empty one stays empty.
    #[must_use]
    pub fn masked(&self) -> String {
        let number = self.0.0.trim();
        if self.0.is_erased() {
            return ERASED.to_owned();
        }
        let shown = number.strip_prefix(MASK).map(str::trim_start);
        let is_masked = |shown: &str| shown.len() <= SHOWN_DIGITS && digits(shown) == shown.len();
        if number.is_empty() || shown.is_some_and(is_masked) {
            return number.to_owned();
        }
        if digits(number) < SHOWN_FROM_DIGITS {
            return MASK.to_owned();
        }
        let all: String = number.chars().filter(char::is_ascii_digit).collect();
        format!("{MASK} {}", &all[all.len() - SHOWN_DIGITS..])
    }
}

fn digits(text: &str) -> usize {
    text.chars().filter(char::is_ascii_digit).count()
}

impl From<&str> for CardNumber {
    fn from(number: &str) -> Self {
        Self(number.into())
    }
}

impl fmt::Display for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.masked())
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.masked(), f)
    }
}

impl Serialize for CardNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.serialize_str(&self.masked());
        }
        serializer.serialize_newtype_struct("CardNumber", &self.0)
    }
}

impl<'de> Deserialize<'de> for CardNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return stored(deserializer, "CardNumber").map(Self);
        }
        Personal::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_number_is_shown_masked_and_never_more_than_its_last_four_digits() {
        for (number, shown) in [
            ("383824245656", "**** 5656"),
            ("3838-2424-5656", "**** 5656"),
            (" 3838 2424 5656 ", "**** 5656"),
            ("1234567", "****"),
            ("none", "****"),
            ("", ""),
            ("**** 5656", "**** 5656"),
            ("****", "****"),
            ("****1234567890123456", "**** 3456"),
            (ERASED, ERASED),
        ] {
            let card = CardNumber::from(number);
            assert_eq!(card.masked(), shown, "{number}");
            assert_eq!(card.to_string(), shown);
            assert_eq!(format!("{card:?}"), format!("{shown:?}"));
            assert_eq!(serde_json::to_value(&card).unwrap(), shown);
            assert_eq!(CardNumber::from(shown).masked(), shown, "masked twice is masked once");
            assert_eq!(card.reveal(), number);
        }
    }

    #[test]
    fn a_card_number_is_read_from_a_text_or_a_number() {
        for body in ["383824245656", r#""383824245656""#] {
            let card: CardNumber = serde_json::from_str(body).unwrap();
            assert_eq!(card.reveal(), "383824245656");
        }
    }
}
