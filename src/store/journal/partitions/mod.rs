//! A set of journals, one for each partition, that is used as one journal.
//!
//! A stream belongs to the partition `number modulo count`. The set merges the records of its
//! partitions into one order, and its watermark follows that order. Subscribers therefore need one
//! position, as with one journal.

mod merged_order;
mod reads;

use super::{
    availability::AvailabilityObserver,
    commit_queue::{Intake, tell},
    contract::Journal,
    feed::{Listener, Subscribers},
    submission::{Checkpoint, CommitError, Done, Positions, ReadLevel, Submission, SubmitError},
};
use crate::{
    store::types::{KindId, Lease, Record, Snapshot, StoreError, StoredAnswer, Stream},
    sync,
};
use merged_order::MergedOrder;
use std::{
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard, Weak, mpsc},
    time::{Duration, Instant},
};

/// A set of journals, indexed by partition.
///
/// The merged order is in memory only, so a set can be made of empty journals alone and ends with
/// the process. When a journal of the set fails, the whole set stops.
pub struct Partitions {
    journals: Vec<Arc<dyn Journal>>,
    /// The generation of each journal at the start. A later one means that it lost records.
    generations: Vec<u64>,
    order: Mutex<MergedOrder>,
    subscribers: Subscribers,
    /// Held from the move of the watermark until the subscribers are woken, so that they are woken
    /// in the order of the positions.
    publishing: Mutex<()>,
    me: Weak<Self>,
}

impl Partitions {
    /// Makes a set of these journals. The index of a journal is its partition.
    ///
    /// # Errors
    /// When there is no journal, there are more than 65,535, or one of them holds records.
    pub fn of(journals: Vec<Arc<dyn Journal>>) -> Result<Arc<Self>, StoreError> {
        let refused = |reason: &str| Err(StoreError::Failed(reason.to_owned()));
        if journals.is_empty() || u16::try_from(journals.len()).is_err() {
            return refused("a set has 1 to 65,535 partitions");
        }
        if journals.iter().any(|journal| journal.submitted() > 0) {
            return refused("a journal with records cannot become a partition");
        }
        let generations = journals.iter().map(|journal| journal.generation()).collect();
        let order = Mutex::new(MergedOrder::new(journals.len()));
        let (subscribers, publishing) = (Subscribers::default(), Mutex::default());
        Ok(Arc::new_cyclic(|me| {
            let me = Weak::clone(me);
            Self { journals, generations, order, subscribers, publishing, me }
        }))
    }

    fn order(&self) -> MutexGuard<'_, MergedOrder> {
        sync::lock(&self.order)
    }

    /// The partition of a stream or of a subscriber's checkpoints, by number.
    fn partition(&self, number: u64) -> usize {
        // The count fits into 16 bits, so the remainder fits, too.
        usize::try_from(number % self.journals.len() as u64).unwrap_or_default()
    }

    fn of_stream(&self, stream: Stream) -> &dyn Journal {
        &*self.journals[self.partition(stream.number)]
    }

    /// The journal of all checkpoints of a subscriber: its cursor and its conversations are written
    /// in one commit.
    fn of_subscriber(&self, subscriber: KindId) -> &dyn Journal {
        &*self.journals[self.partition(u64::from(subscriber.0))]
    }

    /// Submits what has no position of its own: answers and snapshots. No lock is held, because
    /// the callback may run before this returns.
    fn submit_without_records(
        &self,
        partition: usize,
        mut submission: Submission,
    ) -> Result<Positions, SubmitError> {
        let last_position = {
            let order = self.order();
            order.admit(submission.generation)?;
            order.place_answers(&mut submission, 0)
        };
        submission.generation = self.generations[partition];
        self.journals[partition].submit(submission).inspect_err(|error| self.on_refused(error))?;
        Ok(Positions { first_position: last_position + 1, last_position })
    }

    /// Stops the set when one of its journals has lost records or accepts none any more.
    fn on_refused(&self, error: &SubmitError) {
        if matches!(error, SubmitError::Stale | SubmitError::Closed(_)) {
            self.fail(Intake::Stopped(Arc::from(error.to_string())));
        }
    }

    /// Handles the end of a commit in one of the partitions.
    fn on_committed(&self, outcome: Result<(), CommitError>) {
        match outcome {
            Ok(()) => self.publish(),
            Err(error) => self.fail(Intake::Stopped(Arc::from(error.to_string()))),
        }
    }

    /// Moves the watermark as far as all partitions allow, and wakes those who wait for it.
    fn publish(&self) {
        let publishing = sync::lock(&self.publishing);
        let durable: Vec<u64> = self.journals.iter().map(|journal| journal.durable()).collect();
        let (advance, callbacks) = self.order().advance(&durable);
        if let Some((before, after, concerned)) = advance {
            self.subscribers.wake_durable(&concerned, before, after);
        }
        drop(publishing);
        tell(callbacks, &Ok(()));
    }

    /// Stops the set and discards everything above the watermark.
    fn fail(&self, intake: Intake) {
        let reason = match &intake {
            Intake::Stopped(reason) => Arc::clone(reason),
            _ => Arc::from("the journal is closed"),
        };
        let Some(waiting) = self.order().fail(intake) else { return };
        tell(waiting, &Err(CommitError::InDoubt(reason)));
    }
}

impl Journal for Partitions {
    fn kind(&self, name: &str) -> Result<KindId, StoreError> {
        // Under the lock, so that each journal gives two new names the same two numbers.
        let _order = self.order();
        let first = self.journals[0].kind(name)?;
        for journal in &self.journals[1..] {
            if journal.kind(name)? != first {
                let reason = format!("the partitions have different numbers for {name}");
                return Err(StoreError::Failed(reason));
            }
        }
        Ok(first)
    }

    fn kinds(&self) -> Vec<(KindId, String)> {
        self.journals[0].kinds()
    }

    fn submit(&self, mut submission: Submission) -> Result<Positions, SubmitError> {
        let partition = self.partition(submission.stream.number);
        let concerned: Vec<KindId> = submission.concerned().collect();
        let Some(first) = concerned.first().copied() else {
            return self.submit_without_records(partition, submission);
        };
        let journal = &self.journals[partition];
        let (positions, own) = {
            let mut order = self.order();
            order.admit(submission.generation)?;
            order.place_answers(&mut submission, concerned.len());
            let done = submission.done.take();
            submission.generation = self.generations[partition];
            journal.submit(submission).map(|own| (order.push(partition, own, concerned, done), own))
        }
        .inspect_err(|error| self.on_refused(error))?;
        self.subscribers.wake_submitted(first, positions.last_position);
        let me = Weak::clone(&self.me);
        let committed = move |outcome| {
            if let Some(me) = me.upgrade() {
                me.on_committed(outcome);
            }
        };
        journal.when_durable(own.last_position, Box::new(committed));
        Ok(positions)
    }

    fn submitted(&self) -> u64 {
        self.order().submitted()
    }

    fn durable(&self) -> u64 {
        self.order().durable()
    }

    fn generation(&self) -> u64 {
        self.order().generation()
    }

    fn when_durable(&self, position: u64, done: Done) {
        let refused = self.order().wait_for(position, done);
        if let Err((done, outcome)) = refused {
            done(outcome);
        }
    }

    fn end(&self, lease: &Lease) {
        for journal in &self.journals {
            journal.end(lease);
        }
        // Taking the lock waits for any submission that checked the lease before this.
        drop(self.order());
    }

    fn settle(&self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        let left = || deadline.saturating_duration_since(Instant::now());
        let submitted = self.submitted();
        let (sender, settled) = mpsc::sync_channel(1);
        let done = Box::new(move |_| {
            let _ = sender.send(());
        });
        self.journals.iter().all(|journal| journal.settle(left())) && {
            self.when_durable(submitted, done);
            settled.recv_timeout(left()).is_ok()
        }
    }

    fn check_accepting(&self) -> Result<(), SubmitError> {
        self.order().check_accepting()?;
        self.journals.iter().try_for_each(|journal| journal.check_accepting())
    }

    fn is_kept(&self) -> Result<(), SubmitError> {
        self.order().check_accepting()?;
        self.journals.iter().try_for_each(|journal| journal.is_kept())
    }

    fn is_in_doubt(&self) -> bool {
        self.journals.iter().any(|journal| journal.is_in_doubt())
    }

    fn committing(&self) -> Option<Duration> {
        self.journals.iter().filter_map(|journal| journal.committing()).max()
    }

    fn on_availability(&self, observer: AvailabilityObserver) {
        for journal in &self.journals {
            journal.on_availability(Arc::clone(&observer));
        }
    }

    fn close(&self) {
        for journal in &self.journals {
            journal.close();
        }
        self.publish();
        self.fail(Intake::Closed);
    }

    fn read(
        &self,
        after: u64,
        records_max: usize,
        level: ReadLevel,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        let places = self.order().places(after, records_max, level);
        self.read_places(after, &places, level)
    }

    fn subscribe(&self, level: ReadLevel, listener: Listener) {
        self.subscribers.add(level, listener);
    }

    fn each_record(
        &self,
        stream: Stream,
        after: u32,
        each: &mut dyn FnMut(Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let partition = self.partition(stream.number);
        self.journals[partition]
            .each_record(stream, after, &mut |record| each(self.merged(partition, record)?))
    }

    fn some_records(
        &self,
        stream: Stream,
        after: u32,
        records_max: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let partition = self.partition(stream.number);
        let records = self.journals[partition].some_records(stream, after, records_max)?;
        records.into_iter().map(|record| self.merged(partition, record)).collect()
    }

    fn last_version(&self, stream: Stream) -> Result<u32, StoreError> {
        self.of_stream(stream).last_version(stream)
    }

    fn snapshot(&self, stream: Stream) -> Result<Option<Snapshot>, StoreError> {
        self.of_stream(stream).snapshot(stream)
    }

    fn answer(&self, key: u128) -> Result<Option<StoredAnswer>, StoreError> {
        for journal in &self.journals {
            if let Some(answer) = journal.answer(key)? {
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    fn count(&self, kind: KindId) -> u64 {
        self.journals.iter().map(|journal| journal.count(kind)).sum()
    }

    fn last_number(&self, kind: KindId) -> u64 {
        self.journals.iter().map(|journal| journal.last_number(kind)).max().unwrap_or_default()
    }

    fn last_born(&self, kind: KindId, last: u64) -> Result<u64, StoreError> {
        let mut born = self.journals.iter().map(|journal| journal.last_born(kind, last));
        born.try_fold(0, |greatest, number| Ok(number?.max(greatest)))
    }

    fn numbers(
        &self,
        kind: KindId,
        skip: u64,
        take: usize,
        descending: bool,
    ) -> Result<Vec<u64>, StoreError> {
        self.list_numbers(kind, skip, take, descending)
    }

    fn owned(&self, kind: KindId, owner: &str) -> Result<Vec<u64>, StoreError> {
        let mut numbers = Vec::new();
        for journal in &self.journals {
            numbers.extend(journal.owned(kind, owner)?);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn records_read(&self) -> u64 {
        self.journals.iter().map(|journal| journal.records_read()).sum()
    }

    fn checkpoint(&self, mut checkpoint: Checkpoint) -> Result<(), (SubmitError, Checkpoint)> {
        let generation = checkpoint.generation;
        let admitted = self.order().admit(generation);
        if let Err(error) = admitted {
            return Err((error, checkpoint));
        }
        let partition = self.partition(u64::from(checkpoint.subscriber.0));
        checkpoint.generation = self.generations[partition];
        let refused = self.journals[partition].checkpoint(checkpoint);
        refused.map_err(|(error, checkpoint)| (error, Checkpoint { generation, ..checkpoint }))
    }

    fn cursor_of(&self, subscriber: KindId) -> Result<u64, StoreError> {
        self.of_subscriber(subscriber).cursor_of(subscriber)
    }

    fn conversation(&self, subscriber: KindId, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        self.of_subscriber(subscriber).conversation(subscriber, number)
    }

    fn conversations(
        &self,
        subscriber: KindId,
        numbers: RangeInclusive<u64>,
        each: &mut dyn FnMut(u64, Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.of_subscriber(subscriber).conversations(subscriber, numbers, each)
    }

    fn last_conversation(&self, subscriber: KindId, below: u64) -> Result<u64, StoreError> {
        self.of_subscriber(subscriber).last_conversation(subscriber, below)
    }
}

impl Drop for Partitions {
    fn drop(&mut self) {
        self.close();
    }
}
