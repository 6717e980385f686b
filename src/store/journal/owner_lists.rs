//! The lists of the streams of owners. They are written behind the records, those of many commits
//! under one key for each owner.
//!
//! ```text
//! commit ──▶ recent ──▶ leaving ──▶ w | owner | position | part
//!            in memory  in memory   some owners with each later commit
//! ```
//!
//! The cost of sled is per key. An order creates four aggregates of one owner, and a key for each
//! of them would be most of the keys of the order. The records name the owner. So the streams that
//! are in memory only are found again at the opening, in the records after the position under `mo`.

use crate::store::{
    codec,
    disk::{Batch, Tree, Walk, keys, reading},
    types::{KindId, Payload, Record, StoreError, Stream, Subject},
};
use crate::sync;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Mutex,
};

/// Streams in memory at which they begin to leave it.
const RECENT_STREAMS: usize = 4_096;

/// Records after the position under `mo` at which the streams begin to leave. It bounds what the
/// next opening reads.
const RECORDS_BEHIND: u64 = 16_384;

/// Keys that a commit writes at least while streams leave. It writes one more for each stream that
/// the commit creates, so that they leave faster than others come.
const KEYS_PER_COMMIT: usize = 64;

/// Streams under one key.
const STREAMS_PER_KEY: usize = 512;

/// Records that are read at once at the opening.
const RECORDS_AT_ONCE: usize = 1_024;

/// The part of the lists that is in memory.
#[derive(Default)]
pub(in crate::store) struct OwnerLists(Mutex<Lists>);

#[derive(Default)]
struct Lists {
    recent: HashMap<Subject, Vec<Stream>>,
    recent_streams: usize,
    leaving: BTreeMap<Subject, Vec<Stream>>,
    /// The position up to which streams are leaving; `None` while none leaves.
    leaving_up_to: Option<u64>,
    /// The position up to which all streams are on disk.
    written_up_to: u64,
    /// Why the streams of the last records are unknown, if they are.
    unreadable: Option<String>,
}

/// What one commit writes of the leaving streams.
#[derive(Clone, Copy, Default)]
pub(in crate::store) struct Slice {
    owners: usize,
    is_last: bool,
}

impl OwnerLists {
    /// Reads what is not in the lists on disk from the records. When one of them cannot be read,
    /// the journal can be opened, and the lists cannot be read.
    pub(in crate::store) fn read(db: &Tree, head: u64) -> Self {
        let mut lists = Lists::default();
        if let Err(error) = lists.read(db, head) {
            tracing::warn!(%error, "the lists of the aggregates of customers cannot be read");
            lists.unreadable = Some(error.to_string());
        }
        Self(Mutex::new(lists))
    }

    /// Replaces the lists with those of a store that was opened again.
    pub(in crate::store) fn replace(&self, other: Self) {
        let other = other.0.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        *sync::lock(&self.0) = other;
    }

    /// Adds streams that are durable.
    pub(in crate::store) fn add(&self, created: Vec<(Stream, Subject)>) {
        if created.is_empty() {
            return;
        }
        let mut lists = sync::lock(&self.0);
        for (stream, owner) in created {
            lists.add(stream, owner);
        }
    }

    /// Writes a part of the leaving streams into a commit of records. The commit creates this
    /// number of streams with an owner, and everything up to `durable` was added before.
    pub(in crate::store) fn write(&self, batch: &mut Batch, created: usize, durable: u64) -> Slice {
        let mut lists = sync::lock(&self.0);
        lists.begin_to_leave(durable);
        let Some(up_to) = lists.leaving_up_to else { return Slice::default() };
        let (mut owners, mut written) = (0, 0);
        for (owner, streams) in &lists.leaving {
            if written >= KEYS_PER_COMMIT + created {
                break;
            }
            for (part, streams) in (0_u16..).zip(streams.chunks(STREAMS_PER_KEY)) {
                batch.insert(keys::owned(owner, up_to, part), codec::frame(streams));
                written += 1;
            }
            owners += 1;
        }
        let is_last = owners == lists.leaving.len();
        if is_last {
            batch.insert(keys::OWNED_UP_TO, codec::frame(&up_to));
        }
        Slice { owners, is_last }
    }

    /// Removes from memory what a commit has written.
    pub(in crate::store) fn written(&self, slice: Slice) {
        if slice.owners == 0 && !slice.is_last {
            return;
        }
        let mut lists = sync::lock(&self.0);
        for _ in 0..slice.owners {
            lists.leaving.pop_first();
        }
        if slice.is_last {
            lists.written_up_to = lists.leaving_up_to.take().unwrap_or(lists.written_up_to);
        }
    }

    /// Returns the numbers of this kind and owner that are in memory. Everything else is on disk
    /// by then.
    pub(in crate::store) fn of(&self, kind: KindId, owner: &str) -> Result<Vec<u64>, StoreError> {
        let owner = Subject::from(owner);
        let lists = sync::lock(&self.0);
        lists.check()?;
        let in_memory = [lists.recent.get(&owner), lists.leaving.get(&owner)];
        let streams = in_memory.into_iter().flatten().flatten();
        Ok(streams.filter(|stream| stream.kind == kind).map(|stream| stream.number).collect())
    }

    /// Passes every stream in memory to `each`, with its owner.
    pub(in crate::store) fn each(&self, each: &mut dyn FnMut(&str, Stream)) {
        let lists = sync::lock(&self.0);
        for (owner, streams) in lists.recent.iter().chain(&lists.leaving) {
            for stream in streams {
                each(owner, *stream);
            }
        }
    }
}

impl Lists {
    fn read(&mut self, db: &Tree, head: u64) -> Result<(), StoreError> {
        let what = "the end of the lists of owners";
        let written_up_to = reading::value(db, keys::OWNED_UP_TO, what)?.unwrap_or(0);
        self.written_up_to = written_up_to;
        let (mut after, mut seen) = (written_up_to, HashSet::new());
        while after < head {
            let records = reading::global(db, after, head, RECORDS_AT_ONCE)?;
            after = records.last().map_or(head, |last| last.position);
            for record in records {
                let owner = record.principals.as_ref().and_then(|all| all.owner.clone());
                let Some(owner) = owner.filter(|_| is_event(&record)) else { continue };
                if seen.insert(record.stream) && is_first_event(db, &record)? {
                    self.add(record.stream, owner);
                }
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), StoreError> {
        match &self.unreadable {
            Some(reason) => Err(StoreError::Failed(reason.clone())),
            None => Ok(()),
        }
    }

    fn add(&mut self, stream: Stream, owner: Subject) {
        self.recent.entry(owner).or_default().push(stream);
        self.recent_streams += 1;
    }

    fn begin_to_leave(&mut self, durable: u64) {
        let is_full = self.recent_streams >= RECENT_STREAMS;
        let is_behind = durable.saturating_sub(self.written_up_to) >= RECORDS_BEHIND;
        if self.leaving_up_to.is_none() && (is_full || is_behind) && self.unreadable.is_none() {
            self.leaving = self.recent.drain().collect();
            (self.recent_streams, self.leaving_up_to) = (0, Some(durable));
        }
    }
}

fn is_event(record: &Record) -> bool {
    matches!(record.payload, Payload::Event(_))
}

/// Whether an event is the first one of its stream. Only refused commands can be before it.
fn is_first_event(db: &Tree, event: &Record) -> Result<bool, StoreError> {
    if event.version == 1 {
        return Ok(true);
    }
    for earlier in Walk::after(db, event.stream, 0)? {
        let earlier = earlier?;
        if is_event(&earlier) {
            return Ok(earlier.version == event.version);
        }
    }
    Ok(true)
}
