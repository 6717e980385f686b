//! Typed identity: a number together with the type of what it identifies.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{any::type_name, cmp::Ordering, fmt, hash::Hash, hash::Hasher, marker::PhantomData};

/// The identity of one `A`, a number from 1. The compiler refuses it where the identity of another
/// type is expected.
pub struct Id<A> {
    number: u64,
    of: PhantomData<fn() -> A>,
}

impl<A> Id<A> {
    /// The `A` with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self { number, of: PhantomData }
    }

    /// The bare number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.number
    }

    /// The identity of the `B` with the same number: the payment *of* this order.
    #[must_use]
    pub const fn of<B>(self) -> Id<B> {
        Id::new(self.number)
    }
}

// The traits are implemented by hand: derived implementations would require them of `A` as well.

/// The number 0, which identifies no aggregate. A blank aggregate has it in place of a number.
impl<A> Default for Id<A> {
    fn default() -> Self {
        Self::new(0)
    }
}

impl<A> Clone for Id<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Id<A> {}

impl<A> PartialEq for Id<A> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<A> Eq for Id<A> {}

impl<A> PartialOrd for Id<A> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<A> Ord for Id<A> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number.cmp(&other.number)
    }
}

impl<A> Hash for Id<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl<A> fmt::Debug for Id<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.number)
    }
}

impl<A> fmt::Display for Id<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)
    }
}

impl<A> Serialize for Id<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number.serialize(serializer)
    }
}

impl<'de, A> Deserialize<'de> for Id<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return super::Number::deserialize(deserializer).map(|number| Self::new(number.0));
        }
        super::values::stored(deserializer, type_name::<Self>()).map(Self::new)
    }
}
