//! The journal that shows every value in today's shape and in clear, on top of any other journal.

use super::Upcasting;
use crate::store::{
    backup::Part,
    faults::Faults,
    journal::{
        AvailabilityObserver, Checkpoint, Done, Journal, JournalFigures, Listener, Loss, Positions,
        ReadLevel, Selection, Snapshot, StoreError, Submission, SubmitError,
    },
    types::{KindId, KindSet, Lease, Record, StoreId, StoredAnswer, Stream},
};
use std::{ops::RangeInclusive, sync::Arc, time::Duration};

/// A journal with the conversion of values of earlier shapes. It names the shapes of what it
/// writes, and encrypts personal texts. Everything else is left to the journal below.
pub(super) struct UpcastingJournal {
    below: Arc<dyn Journal>,
    upcasting: Arc<Upcasting>,
}

impl UpcastingJournal {
    pub(super) const fn new(below: Arc<dyn Journal>, upcasting: Arc<Upcasting>) -> Self {
        Self { below, upcasting }
    }
}

/// Methods that are left to the journal below.
macro_rules! left_below {
    ($(fn $method:ident(&self $(, $name:ident: $type:ty)*) $(-> $returned:ty)?;)+) => {
        $(fn $method(&self $(, $name: $type)*) $(-> $returned)? {
            self.below.$method($($name),*)
        })+
    };
}

impl Journal for UpcastingJournal {
    left_below! {
        fn id(&self) -> Option<StoreId>;
        fn accepted_loss(&self) -> Option<&Loss>;
        fn kind(&self, name: &str) -> Result<KindId, StoreError>;
        fn kinds(&self) -> Vec<(KindId, String)>;
        fn submitted(&self) -> u64;
        fn durable(&self) -> u64;
        fn generation(&self) -> u64;
        fn when_durable(&self, position: u64, done: Done);
        fn end(&self, lease: &Lease);
        fn settle(&self, within: Duration) -> bool;
        fn check_accepting(&self) -> Result<(), SubmitError>;
        fn is_kept(&self) -> Result<(), SubmitError>;
        fn is_in_doubt(&self) -> bool;
        fn committing(&self) -> Option<Duration>;
        fn on_availability(&self, observer: AvailabilityObserver);
        fn close(&self);
        fn subscribe(&self, level: ReadLevel, listener: Listener);
        fn last_version(&self, stream: Stream) -> Result<u32, StoreError>;
        fn count(&self, kind: KindId) -> u64;
        fn last_number(&self, kind: KindId) -> u64;
        fn last_born(&self, kind: KindId, last: u64) -> Result<u64, StoreError>;
        fn numbers(
            &self,
            kind: KindId,
            skip: u64,
            take: usize,
            descending: bool
        ) -> Result<Vec<u64>, StoreError>;
        fn owned(&self, kind: KindId, owner: &str) -> Result<Vec<u64>, StoreError>;
        fn records_read(&self) -> u64;
        fn cursor_of(&self, subscriber: KindId) -> Result<u64, StoreError>;
        fn last_conversation(&self, subscriber: KindId, below: u64) -> Result<u64, StoreError>;
        fn backup_page(&self, part: Part) -> Result<Vec<u8>, StoreError>;
        fn figures(&self) -> Option<&JournalFigures>;
        fn faults(&self) -> Option<&Faults>;
    }

    fn submit(&self, mut submission: Submission) -> Result<Positions, SubmitError> {
        let stream = submission.stream;
        for entry in &mut submission.entries {
            self.upcasting.name_shapes(stream, &mut entry.payload);
        }
        if let Some(snapshot) = &mut submission.snapshot {
            self.upcasting.name_shape_of(stream, snapshot);
        }
        self.upcasting
            .seal(&mut submission)
            .map_err(|reason| SubmitError::Closed(reason.into()))?;
        self.below.submit(submission)
    }

    fn read(
        &self,
        after: u64,
        records_max: usize,
        level: ReadLevel,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        self.upcasting.records(self.below.read(after, records_max, level)?)
    }

    fn read_of(
        &self,
        kinds: &KindSet,
        after: u64,
        records_max: usize,
        level: ReadLevel,
    ) -> Result<Selection, StoreError> {
        let Selection { records, read, last } =
            self.below.read_of(kinds, after, records_max, level)?;
        Ok(Selection { records: self.upcasting.records(records)?, read, last })
    }

    fn each_record(
        &self,
        stream: Stream,
        after: u32,
        each: &mut dyn FnMut(Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.below.each_record(stream, after, &mut |record| {
            each(self.upcasting.record(&record)?.into_owned())
        })
    }

    fn some_records(
        &self,
        stream: Stream,
        after: u32,
        records_max: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let records = self.below.some_records(stream, after, records_max)?;
        let today = |record| Ok(self.upcasting.record(record)?.into_owned());
        records.iter().map(today).collect()
    }

    fn snapshot(&self, stream: Stream) -> Result<Option<Snapshot>, StoreError> {
        let snapshot = self.below.snapshot(stream)?;
        snapshot.map_or(Ok(None), |snapshot| self.upcasting.snapshot(stream, snapshot))
    }

    fn answer(&self, key: u128) -> Result<Option<StoredAnswer>, StoreError> {
        let answer = self.below.answer(key)?;
        answer.map(|answer| self.upcasting.answer(answer)).transpose()
    }

    fn checkpoint(&self, mut checkpoint: Checkpoint) -> Result<(), (SubmitError, Checkpoint)> {
        let subscriber = checkpoint.subscriber;
        for (key, state) in &mut checkpoint.conversations {
            let Some(state) = state else { continue };
            let written = self.upcasting.write_conversation(subscriber, *key, state);
            if let Err(reason) = written {
                return Err((SubmitError::Closed(reason.into()), checkpoint));
            }
        }
        self.below.checkpoint(checkpoint)
    }

    fn conversation(&self, subscriber: KindId, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let state = self.below.conversation(subscriber, number)?;
        let today = state.map(|state| self.upcasting.conversation(subscriber, number, state));
        today.transpose()
    }

    fn conversations(
        &self,
        subscriber: KindId,
        numbers: RangeInclusive<u64>,
        each: &mut dyn FnMut(u64, Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.below.conversations(subscriber, numbers, &mut |number, state| {
            each(number, self.upcasting.conversation(subscriber, number, state)?)
        })
    }
}
