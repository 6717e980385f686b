//! The reasons why a request about a subscription fails.

use super::machine::Refusal;
use crate::{actors::api::RequestError, store::journal::SubmitError};

/// The reason why a request about a subscription fails.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionError {
    /// There is no subscription of this name, or it belongs to another subject.
    #[error("there is no subscription `{0}`")]
    Unknown(String),
    /// The subscription exists with other terms.
    #[error("the subscription has another {0}; delete it first")]
    Differs(&'static str),
    /// There are as many subscriptions as there may be.
    #[error("there are {0} subscriptions already; delete one that is not used")]
    TooMany(usize),
    /// A value of the terms is invalid.
    #[error("{0}")]
    Invalid(String),
    /// The state of the subscription refuses it.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The server refuses it, or has failed.
    #[error("{0}")]
    Request(#[from] RequestError),
}

impl From<SubmitError> for SubscriptionError {
    fn from(error: SubmitError) -> Self {
        Self::Request(error.into())
    }
}
