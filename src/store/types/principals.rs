//! The principals of a record: who submitted the command, and to whom the aggregate belongs.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{borrow::Cow, ops::Deref, sync::Arc};

/// The longest subject of a client, in bytes.
pub const SUBJECT_BYTES_MAX: usize = 255;

/// The subject of a client: the name of a user or of a service. A copy shares the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(Arc<str>);

impl Deref for Subject {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<T: Into<Arc<str>>> From<T> for Subject {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<str>::deserialize(deserializer).map(Self::from)
    }
}

/// The principals of a record. Records have none while no identity is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principals {
    /// The client that submitted the command; `None` for a command of a saga, a port or a lookup.
    pub issuer: Option<Principal>,
    /// The subject of the customer to whom the aggregate belongs; `None` when it has no owner.
    pub owner: Option<Subject>,
}

/// A client whose identity was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The subject of its token.
    pub subject: Subject,
    /// The role that permitted the command; `customer` when it was the owner.
    pub role: Cow<'static, str>,
}
