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
    const ALL: [Self; 3] = [Self::Basic, Self::Prime, Self::Platinum];

    /// The grade that a client names in this field; case is ignored.
    pub(super) fn read(field: &str, word: &Text) -> Result<Self, Malformed> {
        let words: [(&[&str], Self); 3] =
            [(&["basic"], Self::Basic), (&["prime"], Self::Prime), (&["platinum"], Self::Platinum)];
        word.means(field, &words)
    }

    /// This grade and the better ones.
    pub(super) fn or_better(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |grade| *grade >= self)
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
