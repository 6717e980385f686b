//! Reason why a cancellation failed. A claim and its review record it.

use crate::domain::kernel::FailureKind;
use serde::{Deserialize, Serialize};

/// Why a claim was not cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Kind of the refusal, which selects the HTTP status.
    pub how: FailureKind,
    /// The reason, as a sentence.
    pub reason: String,
}
