//! The grade of a taxi. An order names it, and the settings have a fare for each.

use serde::{Deserialize, Serialize};

/// The grade of taxi that the customer wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// Any taxi.
    #[default]
    Basic,
    /// A better one.
    Prime,
    /// The best.
    Platinum,
}
