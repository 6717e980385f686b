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
    const WORDS: [(&[&str], Self); 3] =
        [(&["basic"], Self::Basic), (&["prime"], Self::Prime), (&["platinum"], Self::Platinum)];

    /// The grade that a client names in this field; case is ignored.
    pub(super) fn read(field: &str, word: &Text) -> Result<Self, Malformed> {
        word.means(field, &Self::WORDS)
    }

    pub(super) fn or_better(self) -> impl Iterator<Item = Self> {
        Self::WORDS.into_iter().map(|(_, grade)| grade).filter(move |grade| *grade >= self)
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}
