//! The pages of a backup, read beside the commits.
//!
//! Records are read from the disk up to the watermark, and answers after that. The state beside
//! the records is read while nothing is committed, so that all of it is as of one position. It is
//! small: the shapes of types, and the subscriptions.

use super::{contract::Journal as _, sled_journal::SledJournal};
use crate::store::{
    backup::{ChunkBuilder, KEPT_KINDS, Part, State},
    codec::{self, CodecError},
    disk::{Disk, FORMAT, Tree, keys, reading},
    types::{KeptAnswer, KindId, Snapshot, StoreError, StoreId, Stream},
};
use std::{
    thread,
    time::{Duration, Instant},
};

/// The length at which a page is closed, in bytes.
const PAGE_BYTES: usize = 1 << 20;

/// The records that are read at once, before other threads may run: at least those of most commits.
const RECORDS_AT_ONCE: usize = 256;

/// The longest wait for the watermark, after a position was read from the disk.
const DURABLE_WITHIN: Duration = Duration::from_secs(5);

/// The interval of the checks of the watermark.
const LOOK_EVERY: Duration = Duration::from_millis(1);

impl SledJournal {
    /// Reads one page.
    pub(super) fn page_of(&self, part: Part) -> Result<Vec<u8>, StoreError> {
        let mut page = ChunkBuilder::default();
        let disk = self.disk()?;
        match part {
            Part::State => page.state(&state(&disk)?),
            Part::Records { after, to } => {
                let limit = self.settled_up_to(to);
                let mut after = after;
                while after < limit && page.len() < PAGE_BYTES {
                    let records = reading::global(&disk.db, after, limit, RECORDS_AT_ONCE)?;
                    after = records.last().map_or(limit, |last| last.position);
                    page.extend(records);
                    thread::yield_now();
                }
            }
            Part::Answers { after } => answers(&disk.db, after, &mut page)?,
            Part::Snapshots { after } => snapshots(&disk.db, after, &mut page)?,
        }
        Ok(page.finish())
    }

    /// The watermark, at most this position. Waits for the commit that is about to be
    /// acknowledged.
    fn settled_up_to(&self, to: u64) -> u64 {
        let begun = Instant::now();
        while self.durable() < to && begun.elapsed() < DURABLE_WITHIN {
            thread::park_timeout(LOOK_EVERY);
        }
        self.durable().min(to)
    }
}

fn state(disk: &Disk) -> Result<State, StoreError> {
    // What never changes while the store is open is read before, so that commits wait less.
    let db = &disk.db;
    let store: Option<StoreId> = reading::value(db, keys::STORE_ID, "the identity of the store")?;
    let taken = reading::value(db, keys::NUMBERS_TAKEN, "the numbers that are taken")?;
    let losses = db.get(keys::LOSSES)?.map_or_else(Vec::new, |losses| losses.to_vec());
    disk.while_idle(|| {
        let kinds = kinds(db)?;
        let mut conversations = Vec::new();
        for name in KEPT_KINDS {
            let Some(kind) = (0..).map(KindId).zip(&kinds).find(|(_, known)| *known == name) else {
                continue;
            };
            read_conversations(db, kind.0, &mut conversations)?;
        }
        let position = reading::head(db)?.position;
        let taken = taken.unwrap_or_default();
        Ok(State { format: FORMAT, store, position, kinds, taken, losses, conversations })
    })
}

/// The names of all kinds, by number.
fn kinds(db: &Tree) -> Result<Vec<String>, StoreError> {
    let mut kinds: Vec<String> = Vec::new();
    for entry in db.scan_prefix(keys::KIND_NAMES) {
        let (key, name) = entry?;
        let kind = keys::read_kind_name(&key).map_or(usize::MAX, |kind| usize::from(kind.0));
        if kind != kinds.len() {
            return Err(StoreError::Failed(format!("the name of kind {} is missing", kinds.len())));
        }
        kinds
            .push(codec::unframe(&name).map_err(|error| unreadable("the name of a kind", &error))?);
    }
    Ok(kinds)
}

fn read_conversations(
    db: &Tree,
    kind: KindId,
    into: &mut Vec<(KindId, u64, Vec<u8>)>,
) -> Result<(), StoreError> {
    let key = |number| keys::conversation(Stream { kind, number });
    for entry in db.range(key(0)..=key(u64::MAX)) {
        let (key, state) = entry?;
        let Some(stream) = keys::read_address(&key, keys::CONVERSATION) else { continue };
        let state = codec::unframe(&state)
            .map_err(|error| StoreError::Unreadable { stream, reason: error.to_string() })?;
        into.push((kind, stream.number, state));
    }
    Ok(())
}

/// Adds the answers after this key. Answers of formats 1 to 3, which expire within a day of the
/// first start of a later binary, are left out.
fn answers(db: &Tree, after: Option<u128>, page: &mut ChunkBuilder) -> Result<(), StoreError> {
    let first = after.map_or_else(
        || keys::kept_answer(0).to_vec(),
        |after| [&keys::kept_answer(after)[..], &[0]].concat(),
    );
    for entry in db.range(first..=keys::kept_answer(u128::MAX).to_vec()) {
        let (key, answer) = entry?;
        let Some(hash) = keys::read_kept_answer(&key) else { continue };
        let answer: KeptAnswer =
            codec::unframe(&answer).map_err(|error| unreadable("an answer", &error))?;
        page.answer(hash, &answer);
        if page.len() >= PAGE_BYTES {
            break;
        }
    }
    Ok(())
}

/// Adds the snapshots after this stream.
fn snapshots(db: &Tree, after: Option<Stream>, page: &mut ChunkBuilder) -> Result<(), StoreError> {
    let first = after
        .map_or_else(|| vec![keys::SNAPSHOT], |after| [&keys::snapshot(after)[..], &[0]].concat());
    for entry in db.range(first..vec![keys::SNAPSHOT + 1]) {
        let (key, snapshot) = entry?;
        let Some(stream) = keys::read_address(&key, keys::SNAPSHOT) else { continue };
        let snapshot: Snapshot =
            codec::unframe(&snapshot).map_err(|error| unreadable("a snapshot", &error))?;
        page.snapshot(stream, &snapshot);
        if page.len() >= PAGE_BYTES {
            break;
        }
    }
    Ok(())
}

fn unreadable(what: &str, error: &CodecError) -> StoreError {
    StoreError::Failed(format!("{what} cannot be read: {error}"))
}
