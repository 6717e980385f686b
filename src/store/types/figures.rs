//! The figures of a journal on disk: how long its commits take, and how large they are.

use crate::metrics::{Histogram, RECORDS, SHORT_DURATIONS};

/// The figures of a journal on disk since its opening.
#[derive(Debug)]
pub struct JournalFigures {
    /// The time of each commit, in nanoseconds.
    pub commits: Histogram,
    /// The time of each sync of the write-ahead log, in nanoseconds.
    pub syncs: Histogram,
    /// The time of each write-back into the store, in nanoseconds.
    pub write_backs: Histogram,
    /// The records of each commit that has some.
    pub records: Histogram,
}

impl Default for JournalFigures {
    fn default() -> Self {
        let [commits, syncs, write_backs] = [(); 3].map(|()| Histogram::new(SHORT_DURATIONS));
        Self { commits, syncs, write_backs, records: Histogram::new(RECORDS) }
    }
}
