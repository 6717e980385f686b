//! What the tests of views share: a journal in memory with records of one kind.

use crate::{
    domain::kernel::Timestamp,
    store::{
        KindId, Payload, Stream,
        journal::{Entry, Journal, MemoryJournal, Submission},
    },
};
use std::sync::Arc;

/// A journal, and the kind of its records.
pub(super) struct Filled {
    pub journal: Arc<dyn Journal>,
    pub kind: KindId,
}

impl Filled {
    /// A journal without records.
    pub fn empty() -> Self {
        let journal: Arc<dyn Journal> = MemoryJournal::new();
        let kind = journal.kind("test/counters").expect("a kind");
        Self { journal, kind }
    }

    /// A journal with this number of records, all of the stream with number 1.
    pub fn with(records: usize) -> Self {
        let filled = Self::empty();
        filled.add(1, records);
        filled
    }

    /// Adds records to the stream of this number.
    pub fn add(&self, number: u64, records: usize) {
        let stream = Stream { kind: self.kind, number };
        let entry = |_| Entry { payload: Payload::Event(Vec::new()), typed: None };
        let submission = Submission {
            after_version: self.journal.last_version(stream).expect("a version"),
            entries: (0..records).map(entry).collect(),
            ..Submission::of(stream, self.journal.generation(), Timestamp(0))
        };
        assert!(self.journal.submit(submission).is_ok());
    }
}
