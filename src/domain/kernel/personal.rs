//! A personal text: stored encrypted with the key of the person, and erased with that key.

use super::{Text, values::stored};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, ops::Deref};

/// The text in the place of an erased one.
pub const ERASED: &str = "[erased]";

/// The name by which the store finds personal texts in the shape of a type.
pub const PERSONAL: &str = "Personal";

/// A text about a person: a name, a phone number, an address. It may be empty.
///
/// It is shown to clients and sent to outside services as it is. The journal, snapshots, stored
/// answers and backups hold it encrypted, with a key of the number to which it belongs. Once this
/// key is destroyed, every place shows [`ERASED`] instead. Debug output never shows it, so that it
/// comes into no log.
///
/// An empty text is not encrypted, because it says nothing.
///
/// ```
/// # use madang::domain::kernel::prelude::*;
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// enum Event {
///     Called { name: Personal, fare: Money },
/// }
///
/// let called = Event::Called { name: "Jung".into(), fare: Money(5_000) };
/// assert_eq!(format!("{called:?}"), r#"Called { name: "[personal]", fare: Money(5000) }"#);
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Personal(Text);

impl Personal {
    /// Whether the text was erased.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.0.0 == ERASED
    }

    /// Whether there is a text that can be used: it is neither empty nor erased.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.0.0.is_empty() && !self.is_erased()
    }
}

impl Deref for Personal {
    type Target = Text;

    fn deref(&self) -> &Text {
        &self.0
    }
}

impl From<Text> for Personal {
    fn from(text: Text) -> Self {
        Self(text)
    }
}

impl From<&str> for Personal {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = match self.0.0.as_str() {
            "" | ERASED => &self.0.0,
            _ => "[personal]",
        };
        fmt::Debug::fmt(shown, f)
    }
}

impl Serialize for Personal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(PERSONAL, &self.0)
    }
}

impl<'de> Deserialize<'de> for Personal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return Text::deserialize(deserializer).map(Self);
        }
        stored(deserializer, PERSONAL).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_personal_text_is_shown_to_clients_and_never_in_debug_output() {
        let name = Personal::from("Jung");
        assert_eq!(serde_json::to_value(&name).unwrap(), "Jung");
        assert_eq!(serde_json::from_str::<Personal>("7").unwrap(), "7".into());
        assert_eq!(format!("{name:?}"), r#""[personal]""#);
        assert_eq!(format!("{:?}", Personal::default()), r#""""#);
    }

    #[test]
    fn an_erased_text_is_no_known_one() {
        assert!(Personal::from("Jung").is_known());
        assert!(!Personal::default().is_known());
        let erased = Personal::from(ERASED);
        assert!(erased.is_erased() && !erased.is_known() && erased.is_name());
        assert_eq!(format!("{erased:?}"), r#""[erased]""#);
    }
}
