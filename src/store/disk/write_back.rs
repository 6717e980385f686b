//! Commits go to the write-ahead log, and a thread writes them back to sled in bulk.
//!
//! ```text
//! commit ──▶ write-ahead log, synced ──▶ memtable ──▶ acknowledged
//!                                          │ every second, or when there are many
//!                                          ▼
//!            frozen ──▶ sled in order of key, in parts, each synced ──▶ forgotten
//! ```
//! Each part is as large as one commit was before there was a write-ahead log. A power loss between
//! two parts leaves sled with some keys of later commits. The next opening writes all of them again.

use super::{
    batch::Batch,
    failure::Failure,
    keys,
    sled_files::SledFiles,
    space::Space,
    tree::{Layer, Tree},
    write_ahead::WriteAheadLog,
};
use crate::store::{codec, faults::Faults, types::JournalFigures};
use crate::sync;
use sled::IVec;
use std::{
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Growth of sled's log, as commits estimate it, that begins a write-back; in bytes.
const PENDING_BYTES_MAX: u64 = 16 << 20;

/// The same growth at which a commit waits for the write-back in progress.
const WAITING_BYTES_MAX: u64 = 4 * PENDING_BYTES_MAX;

/// Longest time that a write stays in memory alone.
const PENDING_TIME_MAX: Duration = Duration::from_secs(1);

/// Keys that sled gets at once. Then other threads may run, so that none waits long for a processor.
const PORTION_KEYS: usize = 128;

/// Most keys that are synced at once.
const PART_KEYS_MAX: usize = 512;

/// Most bytes of keys and values that are synced at once.
const PART_BYTES_MAX: usize = 256 * 1024;

/// The tree and its log. Dropping it writes everything back.
pub(super) struct WriteBack {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

struct State {
    tree: Arc<Tree>,
    files: SledFiles,
    faults: Faults,
    figures: Arc<JournalFigures>,
    log: Mutex<Log>,
    /// Notified when there is something to write back, and when that is done.
    changed: Condvar,
}

struct Log {
    ahead: WriteAheadLog,
    /// Growth of sled's log by the writes that are not frozen, at most, in bytes.
    pending_bytes: u64,
    /// When the oldest of these writes was added.
    pending_since: Option<Instant>,
    is_writing_back: bool,
    is_closing: bool,
    /// Why the last write-back failed.
    failed: Option<Failure>,
}

impl WriteBack {
    /// Writes the commits that sled does not hold into it, and starts the thread.
    pub(super) fn start(
        (tree, files): (Arc<Tree>, SledFiles),
        (ahead, writes): (WriteAheadLog, Layer),
        (faults, figures): (Faults, Arc<JournalFigures>),
    ) -> Result<Self, String> {
        let last = ahead.last();
        let log = Log {
            ahead,
            pending_bytes: 0,
            pending_since: None,
            is_writing_back: false,
            is_closing: false,
            failed: None,
        };
        let (log, changed) = (Mutex::new(log), Condvar::new());
        let state = Arc::new(State { tree, files, faults, figures, log, changed });
        if !writes.is_empty() {
            tracing::info!(
                keys = writes.len(),
                last,
                "the journal continues after its write-ahead log"
            );
            state.write(&writes, last).map_err(|failure| failure.to_string())?;
        }
        let of_thread = Arc::clone(&state);
        let thread = thread::Builder::new()
            .name("write-back".to_owned())
            .spawn(move || of_thread.run())
            .map_err(|error| error.to_string())?;
        Ok(Self { state, thread: Some(thread) })
    }

    /// Makes a batch durable and visible, whole or not at all.
    pub(super) fn commit(&self, batch: Batch, space: &Space) -> Result<(), Failure> {
        let mut log = self.state.lock();
        while log.is_writing_back && log.pending_bytes > WAITING_BYTES_MAX {
            log = self.state.wait(log);
        }
        if let Some(failed) = &log.failed {
            return Err(failed.clone());
        }
        let (writes, bytes) = batch.into_writes();
        space.prepare(log.pending_bytes + bytes).map_err(Failure::Refused)?;
        let State { faults, figures, .. } = &*self.state;
        let committed = log.ahead.commit(&writes, faults, figures);
        if let Err(Failure::Refused(refusal)) = committed {
            return Err(Failure::Refused(refusal));
        }
        self.state.tree.add(writes);
        if let Err(failure) = committed {
            // Readers know that the last commit is in doubt, and have to see it.
            log.failed = Some(failure.clone());
            return Err(failure);
        }
        log.pending_bytes += bytes;
        log.pending_since.get_or_insert_with(Instant::now);
        if log.is_due() {
            self.state.changed.notify_all();
        }
        Ok(())
    }

    /// Writes everything back now.
    pub(super) fn finish(&self) -> Result<(), Failure> {
        self.state.write_back(self.idle()).map_or(Ok(()), Err)
    }

    /// Does this work while nothing is committed or written back.
    pub(super) fn while_idle<T>(&self, work: impl FnOnce() -> T) -> T {
        let _idle = self.idle();
        work()
    }

    /// Waits until no write-back is in progress.
    fn idle(&self) -> MutexGuard<'_, Log> {
        let mut log = self.state.lock();
        while log.is_writing_back {
            log = self.state.wait(log);
        }
        log
    }
}

impl Drop for WriteBack {
    fn drop(&mut self) {
        self.state.lock().is_closing = true;
        self.state.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // The thread returns its errors in the log.
            let _ = thread.join();
        }
        if self.state.tree.is_abandoned() {
            return;
        }
        if let Err(failure) = self.finish() {
            tracing::warn!(%failure, "the next start writes the write-ahead log back");
        }
    }
}

impl Log {
    const fn is_due(&self) -> bool {
        self.pending_bytes >= PENDING_BYTES_MAX || self.ahead.is_full()
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Log> {
        sync::lock(&self.log)
    }

    fn wait<'a>(&self, log: MutexGuard<'a, Log>) -> MutexGuard<'a, Log> {
        self.changed.wait(log).unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        loop {
            let mut log = self.lock();
            while !log.is_closing && !log.is_due() {
                let age = log.pending_since.map(|since| since.elapsed());
                let Some(left) = PENDING_TIME_MAX.checked_sub(age.unwrap_or_default()) else {
                    break;
                };
                let waited = self.changed.wait_timeout(log, left);
                (log, _) = waited.unwrap_or_else(PoisonError::into_inner);
            }
            if log.is_closing {
                return;
            }
            if self.write_back(log).is_some() {
                return;
            }
        }
    }

    /// Freezes the recent writes and gives them to sled. Commits go on meanwhile. Returns the
    /// failure, which also fails each later commit.
    fn write_back(&self, mut log: MutexGuard<'_, Log>) -> Option<Failure> {
        if log.failed.is_some() || log.pending_since.is_none() {
            return log.failed.clone();
        }
        let (last, frozen) = (log.ahead.last(), self.tree.freeze());
        log.ahead.rotate();
        (log.pending_bytes, log.pending_since, log.is_writing_back) = (0, None, true);
        drop(log);
        let begun = Instant::now();
        let failed = self.write(&frozen, last).err();
        self.figures.write_backs.observe_time(begun.elapsed());
        let mut log = self.lock();
        if failed.is_none() {
            self.tree.forget_frozen();
        }
        log.is_writing_back = false;
        log.failed.clone_from(&failed);
        drop(log);
        self.changed.notify_all();
        failed
    }

    /// Writes to sled, durably, all of these writes and the sequence of the last commit among them.
    fn write(&self, writes: &Layer, last: u64) -> Result<(), Failure> {
        let mut part = Part::default();
        for write in writes {
            part.add(write);
            if part.is_full() {
                self.end(mem::take(&mut part))?;
            } else if part.keys.is_multiple_of(PORTION_KEYS) {
                self.apply(mem::take(&mut part.portion))?;
            }
        }
        part.add((&IVec::from(keys::WRITTEN_BACK), &Some(codec::frame(&last).into())));
        self.end(part)
    }

    /// Makes a part durable.
    fn end(&self, part: Part) -> Result<(), Failure> {
        self.apply(part.portion)?;
        self.tree.flush()?;
        let synced = self.faults.before_write_back().and_then(|()| self.files.sync());
        synced.map_err(|error| Failure::Broken(error.to_string()))
    }

    fn apply(&self, portion: sled::Batch) -> Result<(), Failure> {
        self.tree.apply(portion)?;
        thread::yield_now();
        Ok(())
    }
}

/// Writes that become durable together.
#[derive(Default)]
struct Part {
    /// Those that sled does not have yet.
    portion: sled::Batch,
    keys: usize,
    bytes: usize,
}

impl Part {
    fn add(&mut self, (key, value): (&IVec, &Option<IVec>)) {
        self.keys += 1;
        self.bytes += key.len() + value.as_ref().map_or(0, |value| value.len());
        match value {
            Some(value) => self.portion.insert(key, value),
            None => self.portion.remove(key),
        }
    }

    const fn is_full(&self) -> bool {
        self.keys >= PART_KEYS_MAX || self.bytes >= PART_BYTES_MAX
    }
}
