//! The findings of a verification.

use super::BATCH_MAX;
use crate::{
    actors::support::catch_panic,
    store::{KindId, Stream, journal::Journal},
};
use std::{fmt, path::PathBuf};

/// The function that is called with the progress of a verification: what is being read, how much is
/// done, and how much there is.
pub type Progressing<'a> = &'a mut dyn FnMut(&str, u64, u64);

/// A part of the store that can be removed, because it is made again from the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// The file of a view.
    View {
        /// The name of the view.
        name: &'static str,
        /// Its file.
        file: PathBuf,
    },
    /// The snapshot of an aggregate.
    Snapshot {
        /// The name of its kind.
        name: &'static str,
        /// Its stream.
        stream: Stream,
    },
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::View { name, file } => write!(
                f,
                "remove the file {}: the next start builds {name} from the records",
                file.display()
            ),
            Self::Snapshot { name, stream } => write!(
                f,
                "remove the snapshot of {name} {}: it is rebuilt from its events",
                stream.number
            ),
        }
    }
}

/// The findings of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The flaws, one sentence each; empty when everything is correct.
    pub flaws: Vec<String>,
    /// What can be removed to repair some of the flaws.
    pub repairs: Vec<Repair>,
    /// The pending work, one sentence each. Invariants need not hold for it yet.
    pub open: Vec<String>,
    /// The parts that were checked completely.
    pub checked: Vec<String>,
    /// The parts that could not be checked; each of them is a flaw as well.
    pub unchecked: Vec<String>,
}

impl Findings {
    /// Checks one part and records its flaws. An error or a panic of the check is a flaw too. Later
    /// parts are checked nevertheless.
    pub(super) fn part(&mut self, name: &str, check: impl FnOnce() -> Result<Vec<String>, String>) {
        match catch_panic(check).and_then(|checked| checked) {
            Ok(flaws) => {
                self.checked.push(name.to_owned());
                self.flaws.extend(flaws);
            }
            Err(reason) => {
                self.unchecked.push(name.to_owned());
                self.flaws.push(format!("{name} cannot be checked: {reason}"));
            }
        }
    }

    /// Checks one part like [`Self::part`]. Flaws in it are repaired by removing it, unless it cannot
    /// be checked.
    pub(super) fn removable_part(
        &mut self,
        name: &str,
        repair: Repair,
        check: impl FnOnce() -> Result<Vec<String>, String>,
    ) {
        let (flaws, unchecked) = (self.flaws.len(), self.unchecked.len());
        self.part(name, check);
        if self.flaws.len() > flaws && self.unchecked.len() == unchecked {
            self.repairs.push(repair);
        }
    }
}

/// Calls `each` for the numbers of one aggregate kind, and reports the progress: done and total.
pub(in crate::actors) fn each_number(
    journal: &dyn Journal,
    kind: KindId,
    tell: &mut dyn FnMut(u64, u64),
    each: &mut dyn FnMut(u64) -> Result<(), String>,
) -> Result<(), String> {
    let total = journal.count(kind);
    let mut done = 0;
    loop {
        let numbers = journal.numbers(kind, done, BATCH_MAX, false);
        let numbers = numbers.map_err(|error| error.to_string())?;
        numbers.iter().try_for_each(|number| each(*number))?;
        done += numbers.len() as u64;
        tell(done, total);
        if numbers.len() < BATCH_MAX {
            return Ok(());
        }
    }
}
