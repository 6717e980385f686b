//! Time, money, counts and texts as values.
//!
//! In JSON (a human-readable format) numbers are also read from strings and texts from numbers,
//! as form clients send them. In the journal no such conversion takes place.

use serde::{Deserialize, Deserializer, Serialize, de};
use std::{fmt, marker::PhantomData};

/// The largest number read from JSON: exact in every JSON implementation, and far from overflow.
const NUMBER_MAX: u64 = 1_000_000_000_000_000;

/// The largest [`Money`] that a business accepts, in won; see [`Money::MAX`].
const MONEY_MAX: u64 = 1_000_000_000_000;

/// The largest [`Quantity`] that a business accepts; see [`Quantity::MAX`].
const QUANTITY_MAX: u32 = 1_000_000;

/// The longest text read from outside, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 4_096;

/// A point in time, in milliseconds since the Unix epoch. In JSON it is RFC 3339.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment this many milliseconds later.
    #[must_use]
    pub const fn after_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// A whole number given by a client: an identity or anything else that is counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Number(pub u64);

impl Number {
    /// The largest number that is read from a body, and the largest that a client can choose for a
    /// new aggregate: 10^15.
    pub const MAX: Self = Self(NUMBER_MAX);
}

/// An amount in won. Never a fraction, never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Money(pub u64);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// The largest single amount that a business accepts: 10^12 won. It is more than any order,
    /// premium or claim needs, and so small that a sum of nine million amounts still fits into the
    /// whole numbers of `SQLite` (see [`Total::MAX`](super::Total::MAX)). Events of older binaries
    /// hold up to 10^15 won, and are read as they are.
    pub const MAX: Self = Self(MONEY_MAX);

    /// Whether a business may accept this amount: at most [`Money::MAX`].
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        self.0 <= MONEY_MAX
    }

    /// This amount multiplied by `quantity`; `None` above [`Money::MAX`].
    #[must_use]
    pub fn times(self, quantity: Quantity) -> Option<Self> {
        self.0.checked_mul(u64::from(quantity.0)).map(Self).filter(|amount| amount.is_accepted())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} won", self.0)
    }
}

/// A count of things: cars, taxis, phones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Quantity(pub u32);

impl Quantity {
    /// The largest quantity that a business accepts: 10^6, so that no sum of a few quantities comes
    /// near the largest `u32`.
    pub const MAX: Self = Self(QUANTITY_MAX);

    /// Whether a business may accept this quantity: at most [`Quantity::MAX`].
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        self.0 <= QUANTITY_MAX
    }

    /// The sum of both quantities; it saturates at the largest `u32`.
    #[must_use]
    pub const fn plus(self, more: Self) -> Self {
        Self(self.0.saturating_add(more.0))
    }

    /// The difference of both quantities; it saturates at 0.
    #[must_use]
    pub const fn less(self, fewer: Self) -> Self {
        Self(self.0.saturating_sub(fewer.0))
    }
}

/// A short text given by a client: a name, a card number, an address.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Text(pub String);

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Reads a whole number up to `$max` from JSON. The error for a larger one names `$accepted`, the
/// bound of the business.
macro_rules! read_as_whole_number {
    ($name:ident, $inner:ty, $max:expr, $accepted:expr) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if !deserializer.is_human_readable() {
                    return stored(deserializer, stringify!($name)).map(Self);
                }
                let number =
                    deserializer.deserialize_any(WholeNumber { max: $max, accepted: $accepted })?;
                <$inner>::try_from(number).map(Self).map_err(de::Error::custom)
            }
        }
    };
}

read_as_whole_number!(Number, u64, NUMBER_MAX, NUMBER_MAX);
read_as_whole_number!(Money, u64, NUMBER_MAX, MONEY_MAX);
read_as_whole_number!(Quantity, u32, u64::from(u32::MAX), u64::from(QUANTITY_MAX));

/// Reads a stored value: the bare inner value, as a newtype struct of this name for formats that
/// use type names.
pub(super) fn stored<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
    name: &'static str,
) -> Result<T, D::Error> {
    deserializer.deserialize_newtype_struct(name, Stored(PhantomData))
}

/// Visitor that reads the only field of a newtype.
struct Stored<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Stored<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stored value")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<T, D::Error> {
        T::deserialize(inner)
    }
}

/// Reads `7`, `7.0` and `"7"`.
pub(super) struct WholeNumber {
    /// The largest number that is read.
    pub(super) max: u64,
    /// The bound that the error message for a larger number names.
    pub(super) accepted: u64,
}

impl WholeNumber {
    fn within<E: de::Error>(&self, number: u64) -> Result<u64, E> {
        if number <= self.max {
            return Ok(number);
        }
        Err(E::custom(format_args!("the number {number} is greater than {}", self.accepted)))
    }
}

impl de::Visitor<'_> for WholeNumber {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from 0 to {}", self.accepted)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        self.within(number)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<u64, E> {
        let number = u64::try_from(number)
            .map_err(|_| E::custom(format_args!("the number {number} is negative")))?;
        self.within(number)
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked just before
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<u64, E> {
        if number.fract() == 0.0 && (0.0..=1e15).contains(&number) {
            return self.within(number as u64);
        }
        Err(E::invalid_value(de::Unexpected::Float(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        let number =
            text.trim().parse().map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))?;
        self.within(number)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return stored(deserializer, "Text").map(Self);
        }
        deserializer.deserialize_any(ShortText).map(Self)
    }
}

/// Reads `"7"` and `7`.
struct ShortText;

impl de::Visitor<'_> for ShortText {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text of at most {TEXT_BYTES_MAX} bytes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(E::custom(format_args!("the text is longer than {TEXT_BYTES_MAX} bytes")));
        }
        Ok(text.to_owned())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }
}
