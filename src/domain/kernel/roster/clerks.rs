//! The clerks of an office: a configured list that is never empty.

use crate::domain::kernel::Number;
use serde::{Deserialize, Serialize};
use std::iter;

/// The clerks of an office by number, in the order in which they get work at equal load. The list
/// has at least one clerk and no duplicate; any other configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Number>", into = "Vec<Number>")]
pub struct Clerks {
    first: Number,
    others: Vec<Number>,
}

impl Clerks {
    /// An office with one clerk.
    #[must_use]
    pub const fn one(clerk: u64) -> Self {
        Self { first: Number(clerk), others: Vec::new() }
    }

    /// All clerks, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Number> {
        iter::once(self.first).chain(self.others.iter().copied())
    }

    /// The clerk with the least load; the first one when several have the same.
    #[must_use]
    pub fn least_loaded(&self, load: impl Fn(Number) -> u64) -> Number {
        self.others
            .iter()
            .copied()
            .fold(self.first, |least, clerk| if load(clerk) < load(least) { clerk } else { least })
    }
}

impl TryFrom<Vec<Number>> for Clerks {
    type Error = String;

    fn try_from(clerks: Vec<Number>) -> Result<Self, String> {
        let twice = clerks.iter().enumerate().find(|(nth, clerk)| clerks[..*nth].contains(clerk));
        if let Some((_, clerk)) = twice {
            return Err(format!("the roster lists the clerk {} twice", clerk.0));
        }
        let mut clerks = clerks.into_iter();
        let Some(first) = clerks.next() else {
            return Err("a roster has at least one clerk".into());
        };
        Ok(Self { first, others: clerks.collect() })
    }
}

impl From<Clerks> for Vec<Number> {
    fn from(clerks: Clerks) -> Self {
        clerks.iter().collect()
    }
}
