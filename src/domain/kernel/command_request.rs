//! The parts of a request that carries a command: its method, its path, its target and its errors.

use super::Aggregate;
use serde::{Deserialize, Serialize};

/// The HTTP methods of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Method {
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
}

impl Method {
    /// The name of the method in a request.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
        }
    }
}

/// The paths of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Place {
    /// `/business/resource`
    Collection,
    /// `/business/resource/7`
    Item,
    /// `/business/resource/7/name`
    Action,
}

/// A parsed command and its target.
#[derive(Debug, PartialEq)]
pub struct ParsedCommand<A: Aggregate> {
    /// The target of the command.
    pub target: Target,
    /// The command.
    pub command: A::Command,
}

/// The target of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A new aggregate, which gets the next number.
    New,
    /// The aggregate of this number.
    Existing(u64),
}

/// The error for a request body that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The body is not JSON.
    #[error("{0}")]
    Syntax(String),
    /// The body is JSON, but lacks a required field or has an invalid one.
    #[error("{0}")]
    Content(String),
    /// One field of the body is missing, unknown or invalid.
    #[error("{reason}")]
    Field {
        /// The name of the field.
        field: String,
        /// The reason, as a sentence that names the field.
        reason: String,
    },
}

impl Malformed {
    /// The body is JSON, but lacks a required field or has an invalid one.
    pub fn content(reason: impl Into<String>) -> Self {
        Self::Content(reason.into())
    }
}

/// The body of a command without fields: `{}`, or an empty body. It is also the settings type of
/// a business without settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Empty {}
