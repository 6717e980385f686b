//! The number that a provider gives a charge.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The number of a charge at the provider. It is kept with the payment and sent with its refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionId(String);

/// The longest number that is kept, in characters.
const CHARS_MAX: usize = 255;

impl TransactionId {
    /// The number in the answer of a provider: `transactionId`, a string of 1 to 255 characters
    /// without control characters, or a whole number. `None` when the answer has no such field.
    #[must_use]
    pub fn in_answer(body: &Value) -> Option<Self> {
        let number = match body.get("transactionId")? {
            Value::String(text) => text.clone(),
            Value::Number(number) if !number.is_f64() => number.to_string(),
            _ => return None,
        };
        let is_usable = (1..=CHARS_MAX).contains(&number.chars().count());
        (is_usable && !number.contains(char::is_control)).then_some(Self(number))
    }
}

impl From<&str> for TransactionId {
    fn from(number: &str) -> Self {
        Self(number.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_number_of_a_charge_is_text_or_a_whole_number_of_a_bounded_length() {
        let read = |id: Value| TransactionId::in_answer(&json!({ "transactionId": id }));
        assert_eq!(read(json!("ch_1N")), Some("ch_1N".into()));
        assert_eq!(read(json!(8_812)), Some("8812".into()));
        assert_eq!(read(json!("x".repeat(255))).map(|id| id.0.len()), Some(255));
        for id in [json!(""), json!("x".repeat(256)), json!("a\nb"), json!(1.5), json!({})] {
            assert_eq!(read(id), None);
        }
        assert_eq!(TransactionId::in_answer(&Value::Null), None);
    }
}
