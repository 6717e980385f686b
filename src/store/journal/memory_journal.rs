//! The journal in memory, for tests and simulations: nothing outlives the process.

use super::{
    commit_queue::{CommitBatch, CommitQueue, Intake, SideWrite, tell},
    contract::Journal,
    feed::{Listener, Subscribers},
    submission::{Checkpoint, CommitError, Done, Positions, ReadLevel, Submission, SubmitError},
};
use crate::{
    store::{
        disk::Head,
        types::{
            KindId, KindSet, Lease, Payload, Record, Snapshot, StoreError, StoredAnswer, Stream,
            Subject,
        },
    },
    sync,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::RangeInclusive,
    sync::{Arc, Mutex, MutexGuard},
};

/// The number of kinds has two bytes.
const KINDS_MAX: usize = u16::MAX as usize;

/// A journal that keeps everything in memory. A submission is durable at once, so nothing is ever
/// in doubt, and the generation changes only when it is closed.
///
/// Answers under idempotency keys never expire.
pub struct MemoryJournal {
    state: Mutex<State>,
    subscribers: Subscribers,
    /// Held from the assignment of positions until the subscribers are woken, so that they are woken
    /// in the order of the positions.
    publishing: Mutex<()>,
}

struct State {
    front: CommitQueue,
    kinds: Vec<String>,
    /// All records, by position from 1.
    records: Vec<Arc<Record>>,
    /// The positions of the records of each stream, by version from 1.
    streams: BTreeMap<Stream, Vec<u64>>,
    snapshots: HashMap<Stream, Snapshot>,
    /// The streams of each owner.
    owned: BTreeMap<(KindId, Subject), BTreeSet<u64>>,
    answers: HashMap<u128, StoredAnswer>,
    cursors: HashMap<KindId, u64>,
    conversations: BTreeMap<Stream, Vec<u8>>,
}

impl MemoryJournal {
    /// Creates an empty journal.
    #[must_use]
    pub fn new() -> Arc<Self> {
        let state = State {
            front: CommitQueue::new(Head::default()),
            kinds: Vec::new(),
            records: Vec::new(),
            streams: BTreeMap::new(),
            snapshots: HashMap::new(),
            owned: BTreeMap::new(),
            answers: HashMap::new(),
            cursors: HashMap::new(),
            conversations: BTreeMap::new(),
        };
        let (state, subscribers) = (Mutex::new(state), Subscribers::default());
        Arc::new(Self { state, subscribers, publishing: Mutex::default() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }
}

impl State {
    /// Keeps everything that is queued, and moves the watermark. Returns the callbacks to be called
    /// outside of the lock.
    fn commit(&mut self) -> Vec<Done> {
        let CommitBatch { records, created, extras, mut callbacks } = self.front.take(usize::MAX);
        for (stream, owner) in created {
            self.owned.entry((stream.kind, owner)).or_default().insert(stream.number);
        }
        for record in records {
            self.front.durable_totals.add(record.stream, record.version);
            self.streams.entry(record.stream).or_default().push(record.position);
            self.records.push(record);
        }
        for extra in extras {
            self.keep(extra);
        }
        callbacks.extend(self.front.advance(self.records.len() as u64, 0));
        callbacks
    }

    fn keep(&mut self, extra: SideWrite) {
        match extra {
            SideWrite::Submitted { stream, answer, snapshot } => {
                let answers = answer.into_iter().flat_map(|answers| answers.all);
                self.answers.extend(answers.map(|kept| (kept.key, kept.answer)));
                self.snapshots.extend(snapshot.map(|snapshot| (stream, snapshot)));
            }
            SideWrite::Checkpoint(Checkpoint { subscriber, position, conversations, .. }) => {
                self.cursors.insert(subscriber, position);
                for (number, state) in conversations {
                    let stream = Stream { kind: subscriber, number };
                    match state {
                        Some(state) => drop(self.conversations.insert(stream, state)),
                        None => drop(self.conversations.remove(&stream)),
                    }
                }
            }
            SideWrite::Kind(_, name) => self.kinds.push(name),
        }
    }

    /// The records of a stream after a version.
    fn records_after(&self, stream: Stream, after: u32) -> impl Iterator<Item = &Arc<Record>> {
        let positions = self.streams.get(&stream).map_or(&[][..], Vec::as_slice);
        positions.iter().skip(after as usize).filter_map(|position| self.at(*position))
    }

    fn at(&self, position: u64) -> Option<&Arc<Record>> {
        self.records.get(usize::try_from(position.checked_sub(1)?).ok()?)
    }

    /// The streams of a kind, by number.
    fn streams(&self, kind: KindId) -> impl DoubleEndedIterator<Item = (u64, &Vec<u64>)> {
        let stream = |number| Stream { kind, number };
        let streams = self.streams.range(stream(0)..=stream(u64::MAX));
        streams.map(|(stream, positions)| (stream.number, positions))
    }
}

impl Journal for MemoryJournal {
    fn kind(&self, name: &str) -> Result<KindId, StoreError> {
        let mut state = self.state();
        let known = state.kinds.iter().position(|kind| kind == name);
        if known.is_none() {
            state.front.intake.pass().map_err(|error| StoreError::Failed(error.to_string()))?;
        }
        let index = known.unwrap_or(state.kinds.len());
        let too_many = || StoreError::Failed("there are too many kinds".to_owned());
        let kind = u16::try_from(index).ok().filter(|_| index < KINDS_MAX).ok_or_else(too_many)?;
        if known.is_none() {
            state.kinds.push(name.to_owned());
        }
        Ok(KindId(kind))
    }

    fn kinds(&self) -> Vec<(KindId, String)> {
        (0..).map(KindId).zip(self.state().kinds.iter().cloned()).collect()
    }

    fn submit(&self, submission: Submission) -> Result<Positions, SubmitError> {
        let first = submission.concerned().next();
        let concerned: KindSet = submission.concerned().collect();
        let publishing = sync::lock(&self.publishing);
        let (placed, callbacks, before) = {
            let mut state = self.state();
            let before = state.front.durable;
            let placed = state.front.place(submission, usize::MAX)?;
            (placed, state.commit(), before)
        };
        if let Some(kind) = first {
            self.subscribers.wake_submitted(kind, placed.last_position);
            self.subscribers.wake_durable(&concerned, before, placed.last_position);
        }
        drop(publishing);
        tell(callbacks, &Ok(()));
        Ok(placed)
    }

    fn submitted(&self) -> u64 {
        self.state().front.head
    }

    fn durable(&self) -> u64 {
        self.state().front.durable
    }

    fn generation(&self) -> u64 {
        self.state().front.generation
    }

    fn when_durable(&self, position: u64, done: Done) {
        let refused = self.state().front.wait_for(position, done);
        if let Err((done, outcome)) = refused {
            done(outcome);
        }
    }

    fn end(&self, lease: &Lease) {
        lease.end();
        // Taking the lock waits for any submission that checked the lease before this.
        drop(self.state());
    }

    fn check_accepting(&self) -> Result<(), SubmitError> {
        self.state().front.intake.pass()
    }

    fn is_kept(&self) -> Result<(), SubmitError> {
        self.check_accepting()
    }

    fn close(&self) {
        let waiting = {
            let mut state = self.state();
            if matches!(state.front.intake, Intake::Closed) {
                return;
            }
            state.front.fail(Intake::Closed)
        };
        tell(waiting, &Err(CommitError::InDoubt(Arc::from("the journal is closed"))));
    }

    fn read(
        &self,
        after: u64,
        records_max: usize,
        _level: ReadLevel,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        let skipped = usize::try_from(after).unwrap_or(usize::MAX);
        Ok(self.state().records.iter().skip(skipped).take(records_max).cloned().collect())
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
        // The callback runs outside of the lock: it may use the journal.
        let records: Vec<_> = self.state().records_after(stream, after).cloned().collect();
        records.into_iter().try_for_each(|record| each((*record).clone()))
    }

    fn some_records(
        &self,
        stream: Stream,
        after: u32,
        records_max: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let state = self.state();
        let records = state.records_after(stream, after).take(records_max as usize);
        Ok(records.map(|record| (**record).clone()).collect())
    }

    fn last_version(&self, stream: Stream) -> Result<u32, StoreError> {
        let versions = self.state().streams.get(&stream).map_or(0, Vec::len);
        Ok(u32::try_from(versions).unwrap_or(u32::MAX))
    }

    fn snapshot(&self, stream: Stream) -> Result<Option<Snapshot>, StoreError> {
        Ok(self.state().snapshots.get(&stream).cloned())
    }

    fn answer(&self, key: u128) -> Result<Option<StoredAnswer>, StoreError> {
        Ok(self.state().answers.get(&key).cloned())
    }

    fn count(&self, kind: KindId) -> u64 {
        self.state().front.durable_totals.of(kind).streams
    }

    fn last_number(&self, kind: KindId) -> u64 {
        self.state().front.submitted_totals.of(kind).last_number
    }

    fn last_born(&self, kind: KindId, last: u64) -> Result<u64, StoreError> {
        let state = self.state();
        let is_event = |position: &u64| {
            state.at(*position).is_some_and(|record| matches!(record.payload, Payload::Event(_)))
        };
        let mut newest = state.streams(kind).rev().skip_while(|(number, _)| *number > last);
        let born = newest.find(|(_, positions)| positions.iter().any(is_event));
        Ok(born.map_or(0, |(number, _)| number))
    }

    fn numbers(
        &self,
        kind: KindId,
        skip: u64,
        take: usize,
        descending: bool,
    ) -> Result<Vec<u64>, StoreError> {
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        let state = self.state();
        let numbers = state.streams(kind).map(|(number, _)| number);
        Ok(if descending {
            numbers.rev().skip(skip).take(take).collect()
        } else {
            numbers.skip(skip).take(take).collect()
        })
    }

    fn owned(&self, kind: KindId, owner: &str) -> Result<Vec<u64>, StoreError> {
        let state = self.state();
        let numbers = state.owned.get(&(kind, owner.into()));
        Ok(numbers.into_iter().flatten().copied().collect())
    }

    fn checkpoint(&self, checkpoint: Checkpoint) -> Result<(), (SubmitError, Checkpoint)> {
        let mut state = self.state();
        match state.front.admit(checkpoint.generation, usize::MAX) {
            Ok(()) => {
                state.keep(SideWrite::Checkpoint(checkpoint));
                Ok(())
            }
            Err(error) => Err((error, checkpoint)),
        }
    }

    fn cursor_of(&self, subscriber: KindId) -> Result<u64, StoreError> {
        Ok(self.state().cursors.get(&subscriber).copied().unwrap_or_default())
    }

    fn conversation(&self, subscriber: KindId, number: u64) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().conversations.get(&Stream { kind: subscriber, number }).cloned())
    }

    fn conversations(
        &self,
        subscriber: KindId,
        numbers: RangeInclusive<u64>,
        each: &mut dyn FnMut(u64, Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if numbers.is_empty() {
            return Ok(());
        }
        let stream = |number| Stream { kind: subscriber, number };
        let range = stream(*numbers.start())..=stream(*numbers.end());
        let found = self
            .state()
            .conversations
            .range(range)
            .map(|(stream, state)| (stream.number, state.clone()))
            .collect::<Vec<_>>();
        found.into_iter().try_for_each(|(number, state)| each(number, state))
    }

    fn last_conversation(&self, subscriber: KindId, below: u64) -> Result<u64, StoreError> {
        let stream = |number| Stream { kind: subscriber, number };
        let state = self.state();
        let last = state.conversations.range(stream(0)..stream(below)).next_back();
        Ok(last.map_or(0, |(stream, _)| stream.number))
    }
}

impl Drop for MemoryJournal {
    fn drop(&mut self) {
        self.close();
    }
}
