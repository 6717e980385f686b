//! What a verification found.

use super::BATCH_MAX;
use crate::{
    actors::support::catch_panic,
    store::{KindId, journal::Journal},
};

/// Told how far the audit is: what is being read, how much of it is done, how much there is.
pub type Progressing<'a> = &'a mut dyn FnMut(&str, u64, u64);

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What is wrong, one sentence each; none when all is well.
    pub flaws: Vec<String>,
    /// What is on its way and therefore need not add up yet, one sentence each.
    pub open: Vec<String>,
    /// The parts that were checked to their end.
    pub checked: Vec<String>,
    /// The parts that could not be; each of them is a flaw as well.
    pub unchecked: Vec<String>,
}

impl Findings {
    /// Checks one part: gives what is wrong with it. What keeps it from being checked, even a
    /// panic, is a flaw, and the next part is checked all the same.
    pub(super) fn part(&mut self, name: &str, check: impl FnOnce() -> Result<Vec<String>, String>) {
        match catch_panic(check).and_then(|checked| checked) {
            Ok(flaws) => {
                self.checked.push(name.to_owned());
                self.flaws.extend(flaws);
            }
            Err(because) => {
                self.unchecked.push(name.to_owned());
                self.flaws.push(format!("{name} cannot be checked: {because}"));
            }
        }
    }
}

/// Goes through the numbers of one kind of aggregate, and tells how far it is: so many of so many.
pub(in crate::actors) fn each_number(
    journal: &Journal,
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
