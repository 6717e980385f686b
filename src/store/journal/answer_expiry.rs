//! Answers under idempotency keys: how they are written, and how they expire.
//!
//! ```text
//! a | hash                    the answer and its expiry
//! x | expiry | nonce          the hashes of the keys of answers of one commit, oldest first
//! ```
//!
//! Each commit that stores answers adds entries to the index `x`; one entry lists up to
//! [`ENTRY_ANSWERS_MAX`]. Later commits remove the answers that the index lists as expired, a
//! bounded number at a time. While nothing is submitted, the writer thread makes commits only for
//! the removal.
//!
//! An answer that replaces another one under the same key is not entered into the index again.
//! Usually the two are at most [`REPLACED_WITHIN_MS`] apart, and the answer expires with the first
//! entry. When they are further apart, the entry is moved to the later time.

use super::shared::Shared;
use crate::store::{
    codec,
    disk::{Batch, Tree, keys, reading},
    faults::Faults,
    types::{Answer, Answers, JournalOptions, KeptAnswer, StoreError},
};
use std::{
    hash::{BuildHasher as _, RandomState},
    time::{Duration, Instant},
};

/// Time, in milliseconds, within which an answer usually replaces an earlier one under its key:
/// twice the longest time that a request waits.
const REPLACED_WITHIN_MS: u64 = 60_000;

/// At most this many answers per entry of the index.
const ENTRY_ANSWERS_MAX: usize = 128;

/// A commit examines at least this many expired answers, and at most four times as many as it
/// stores if that is more.
const SWEPT_ANSWERS_MIN: usize = 128;

/// A commit removes at most this many answers of older formats.
const SWEPT_OLD_ANSWERS_MAX: usize = 128;

/// Interval of checks for expired answers, unless further expired answers are known.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Writes answers and removes expired ones, commit by commit.
pub(in crate::store) struct Expiry {
    kept_ms: u64,
    faults: Faults,
    nonce: u64,
    now: u64,
    /// The keys of the answers of this commit.
    written: Vec<u128>,
    /// Those of the written keys that were not stored before.
    first: Vec<u128>,
    /// Time of the last check; `None` while expired answers are left.
    looked: Option<Instant>,
    /// Whether no answer of an older format is left.
    no_old_answers: bool,
}

impl Expiry {
    pub(in crate::store) fn new(options: &JournalOptions) -> Self {
        Self {
            kept_ms: options.answers_kept_s.saturating_mul(1_000),
            faults: options.faults.clone(),
            // Different in each process: no entry of an earlier one is overwritten.
            nonce: RandomState::new().hash_one(0),
            now: 0,
            written: Vec::new(),
            first: Vec::new(),
            looked: None,
            no_old_answers: false,
        }
    }

    /// Whether a commit would remove anything now.
    pub(in crate::store) fn is_due(&self, shared: &Shared) -> bool {
        if self.has_looked() {
            return false;
        }
        let Ok(disk) = shared.disk() else { return false };
        let has_expired = disk.db.range(expired(self.faults.clock_ms())).next().is_some();
        has_expired || !self.no_old_answers
    }

    /// Begins a commit.
    pub(in crate::store) fn begin(&mut self) {
        self.now = self.faults.clock_ms();
        self.written.clear();
        self.first.clear();
    }

    /// Adds answers to the commit.
    pub(in crate::store) fn write(&mut self, batch: &mut Batch, answers: &Answers) {
        let kept_until = self.now.saturating_add(self.kept_ms);
        for Answer { key, answer, is_first } in &answers.all {
            let (position, answer) = (answers.doubted_above, answer.clone());
            let kept = KeptAnswer { kept_until, position, answer };
            batch.insert(&keys::kept_answer(*key), codec::frame(&kept));
            self.written.push(*key);
            if *is_first {
                self.first.push(*key);
            }
        }
    }

    /// Adds the entries of the index to the commit, and the removal of expired answers.
    pub(in crate::store) fn finish(
        &mut self,
        db: &Tree,
        batch: &mut Batch,
    ) -> Result<(), StoreError> {
        let first = std::mem::take(&mut self.first);
        self.enter(batch, self.now.saturating_add(self.kept_ms), &first);
        let answers_max = SWEPT_ANSWERS_MIN.max(4 * first.len());
        self.first = first;
        if self.has_looked() {
            return Ok(());
        }
        let is_more_left = self.sweep(db, batch, answers_max)? | self.sweep_old(db, batch)?;
        self.looked = (!is_more_left).then(Instant::now);
        Ok(())
    }

    fn has_looked(&self) -> bool {
        self.looked.is_some_and(|looked| looked.elapsed() < LOOK_EVERY)
    }

    fn enter(&mut self, batch: &mut Batch, until: u64, keys: &[u128]) {
        for keys in keys.chunks(ENTRY_ANSWERS_MAX) {
            self.nonce = self.nonce.wrapping_add(1);
            batch.insert(&keys::expiry(until, self.nonce), codec::frame(keys));
        }
    }

    /// Removes expired answers; true when there may be more of them.
    fn sweep(
        &mut self,
        db: &Tree,
        batch: &mut Batch,
        answers_max: usize,
    ) -> Result<bool, StoreError> {
        let mut looked_at = 0;
        for entry in db.range(expired(self.now)) {
            if looked_at >= answers_max {
                return Ok(true);
            }
            let (entry, keys) = entry?;
            // An audit reports an unreadable entry. Here it is removed, so that it is not read
            // again.
            let keys: Vec<u128> = codec::unframe(&keys).unwrap_or_default();
            looked_at += keys.len().max(1);
            for key in keys {
                self.expire(db, batch, key);
            }
            batch.remove(&entry);
        }
        Ok(false)
    }

    fn expire(&mut self, db: &Tree, batch: &mut Batch, key: u128) {
        let stored = keys::kept_answer(key);
        let kept = reading::value::<KeptAnswer>(db, &stored, "an answer").ok().flatten();
        let kept_until = kept.map_or(0, |kept| kept.kept_until);
        let is_written = self.written.contains(&key);
        if is_written || kept_until > self.now.saturating_add(REPLACED_WITHIN_MS) {
            let until = if is_written { self.now.saturating_add(self.kept_ms) } else { kept_until };
            self.enter(batch, until, &[key]);
        } else {
            batch.remove(&stored);
        }
    }

    /// Removes answers of older formats; true when more are left. Such answers have no expiry. All
    /// of them are kept for the whole time from the first start of a binary that expires them.
    fn sweep_old(&mut self, db: &Tree, batch: &mut Batch) -> Result<bool, StoreError> {
        if self.no_old_answers {
            return Ok(false);
        }
        let mut old = db.scan_prefix([keys::ANSWER]).peekable();
        if old.peek().is_none() {
            self.no_old_answers = true;
            if db.contains_key(keys::OLD_ANSWERS_UNTIL)? {
                batch.remove(keys::OLD_ANSWERS_UNTIL);
            }
            return Ok(false);
        }
        let until: Option<u64> =
            reading::value(db, keys::OLD_ANSWERS_UNTIL, "the end of old answers")?;
        let Some(until) = until else {
            let until = self.now.saturating_add(self.kept_ms);
            batch.insert(keys::OLD_ANSWERS_UNTIL, codec::frame(&until));
            return Ok(false);
        };
        if self.now < until {
            return Ok(false);
        }
        for answer in old.by_ref().take(SWEPT_OLD_ANSWERS_MAX) {
            batch.remove(answer?.0);
        }
        Ok(true)
    }
}

/// The part of the index that has expired.
fn expired(now: u64) -> std::ops::RangeInclusive<[u8; 17]> {
    keys::expiry(0, 0)..=keys::expiry(now, u64::MAX)
}
