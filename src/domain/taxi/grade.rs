//! The grade of a taxi. An order names it, and the settings have a fare for each.

use crate::domain::kernel::prelude::*;
use std::fmt;

/// The grade of taxi that the customer wants, or that a taxi has; a later one is better.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    #[default]
    Basic,
    Prime,
    Platinum,
}

impl Grade {
    /// The grade that a client names in this field; case is ignored.
    pub(super) fn read(field: &str, word: &Text) -> Result<Self, Malformed> {
        match word.as_compared().0.as_str() {
            "basic" => Ok(Self::Basic),
            "prime" => Ok(Self::Prime),
            "platinum" => Ok(Self::Platinum),
            other => Err(Malformed::content(format!(
                "unknown {field} `{other}`, expected basic or prime or platinum"
            ))),
        }
    }

    /// The grade as a number, 0 for basic; a better one is greater.
    #[must_use]
    pub const fn level(self) -> u64 {
        self as u64
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic => "basic",
            Self::Prime => "prime",
            Self::Platinum => "platinum",
        })
    }
}
