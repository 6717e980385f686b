//! The principals of a record: who submitted the command, and to whom the aggregate belongs.

use serde::{Deserialize, Serialize};

/// The longest subject and the longest role, in bytes.
pub const PRINCIPAL_BYTES_MAX: usize = 255;

/// The principals of a record. Records have none while no identity is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principals {
    /// The client that submitted the command; `None` for a command of a saga, a port or a lookup.
    pub issuer: Option<Principal>,
    /// The subject of the customer to whom the aggregate belongs; `None` when it has no owner.
    pub owner: Option<Box<str>>,
}

/// A client whose identity was verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// The subject of its token.
    pub subject: Box<str>,
    /// The role that permitted the command; `customer` when it was the owner.
    pub role: Box<str>,
}
