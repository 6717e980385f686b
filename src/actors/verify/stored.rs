//! The store that is verified: its journal, and its histories with every value in today's shape.

use crate::{
    actors::aggregate::EachRecord,
    store::{
        Stream,
        evolution::Upcasting,
        journal::{Histories, Journal, SledJournal, Snapshot, StoreError},
    },
};
use std::sync::Arc;

/// An opened store.
pub struct Stored {
    /// The journal on disk, whose records are audited as they are.
    pub(super) disk: Arc<SledJournal>,
    /// The same journal with every value in today's shape.
    pub(super) journal: Arc<dyn Journal>,
    pub(super) upcasting: Arc<Upcasting>,
}

/// A reader of the histories of aggregates for one thread. It is fast for numbers in order.
pub struct HistoryReader<'a> {
    stored: &'a Stored,
    histories: Histories,
}

impl Stored {
    /// Returns a reader of histories.
    ///
    /// # Errors
    /// When the journal is closed.
    pub fn histories(&self) -> Result<HistoryReader<'_>, StoreError> {
        Ok(HistoryReader { stored: self, histories: self.disk.histories()? })
    }
}

impl HistoryReader<'_> {
    /// Returns the snapshot of an aggregate.
    ///
    /// # Errors
    /// When the disk fails or the snapshot cannot be read.
    pub fn snapshot(&mut self, stream: Stream) -> Result<Option<Snapshot>, StoreError> {
        if !self.histories.has_snapshot(stream)? {
            return Ok(None);
        }
        self.stored.journal.snapshot(stream)
    }

    /// Passes all records of an aggregate to `each`, in order and in today's shape.
    ///
    /// # Errors
    /// When the disk fails or any part of the stream cannot be read: no record is skipped. Also any
    /// error that `each` returns.
    pub fn each_record(
        &mut self,
        stream: Stream,
        each: &mut EachRecord<'_>,
    ) -> Result<(), StoreError> {
        let upcasting = &self.stored.upcasting;
        self.histories.each_record(stream, &mut |record| each(&*upcasting.record(record)?))
    }
}
