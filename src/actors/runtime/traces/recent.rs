//! When the newest commits and records became durable, and the traces of the records.

use crate::sync;
use std::{collections::VecDeque, sync::Mutex};

/// The most commits whose time is kept.
const COMMITS_MAX: usize = 8_192;

/// The most records that are kept. A reaction to an older record reads it again.
const RECORDS_MAX: usize = 65_536;

/// The times of the newest commits.
#[derive(Default)]
pub(super) struct Commits(Mutex<VecDeque<(u64, u64)>>);

impl Commits {
    /// Adds a commit up to this position, which is durable since this time.
    pub(super) fn add(&self, position: u64, at_ns: u64) {
        let mut commits = sync::lock(&self.0);
        if commits.len() == COMMITS_MAX {
            commits.pop_front();
        }
        commits.push_back((position, at_ns));
    }

    /// The time at which the record at this position became durable, if it is known. Records are
    /// asked for in order: the commits before it are forgotten.
    pub(super) fn durable_ns(&self, position: u64) -> Option<u64> {
        let mut commits = sync::lock(&self.0);
        while commits.front().is_some_and(|(last, _)| *last < position) {
            commits.pop_front();
        }
        commits.front().map(|(_, at_ns)| *at_ns)
    }
}

/// What is kept of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its trace; 0 when it is not recorded.
    pub(super) trace_id: u128,
    /// The time of the decision.
    pub(super) decided_ns: u64,
    /// The time at which it was durable.
    pub(super) durable_ns: u64,
}

/// The newest records, without a gap.
#[derive(Default)]
pub(super) struct Recent {
    first: u64,
    records: VecDeque<Seen>,
}

impl Recent {
    pub(super) fn add(&mut self, position: u64, seen: Seen) {
        if self.first + self.records.len() as u64 != position {
            self.records.clear();
            self.first = position;
        }
        if self.records.len() == RECORDS_MAX {
            self.records.pop_front();
            self.first += 1;
        }
        self.records.push_back(seen);
    }

    pub(super) fn get(&self, position: u64) -> Option<Seen> {
        let index = usize::try_from(position.checked_sub(self.first)?).ok()?;
        self.records.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_durable_since_the_commit_that_reached_it() {
        let commits = Commits::default();
        commits.add(3, 30);
        commits.add(5, 50);
        let times = [1, 3, 4, 5, 6].map(|position| commits.durable_ns(position));
        assert_eq!(times, [Some(30), Some(30), Some(50), Some(50), None]);
    }

    #[test]
    fn the_newest_records_are_kept_and_a_gap_forgets_the_others() {
        let seen = |trace_id| Seen { trace_id, decided_ns: 0, durable_ns: 0 };
        let mut recent = Recent::default();
        for position in 7..7 + RECORDS_MAX as u64 + 2 {
            recent.add(position, seen(u128::from(position)));
        }
        assert_eq!([recent.get(6), recent.get(8)], [None, None]);
        assert_eq!(recent.get(9), Some(seen(9)));
        recent.add(900_000, seen(1));
        assert_eq!([recent.get(10), recent.get(900_000)], [None, Some(seen(1))]);
    }
}
