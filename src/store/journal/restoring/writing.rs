//! Writing a restored journal: commits as those of the writer thread, without its queue.

use super::{Fit, accepted, numbers::FreeNumbers};
use crate::store::{
    backup::{BackupError, State},
    codec::{self, Frame},
    disk::{Batch, Totals, keys},
    journal::{commit_batch, integrity, open::Opened, owner_lists::OwnerLists},
    types::{Cause, KeptAnswer, KindId, Payload, Record, Snapshot, Stream, Subject},
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

/// The records of one commit, as many as a busy server writes.
const COMMIT_RECORDS: usize = 512;

/// The answers of one commit.
const COMMIT_ANSWERS: usize = 512;

/// The unit of the expiry of restored answers, in milliseconds: those of one minute expire
/// together.
const EXPIRY_MS: u64 = 60_000;

/// A journal that is being restored.
pub(super) struct Writing {
    opened: Opened,
    frame: Frame,
    totals: Totals,
    chain: Option<u64>,
    owners: OwnerLists,
    records: Vec<Arc<Record>>,
    /// The streams that begin with these records, and have an owner.
    created: Vec<(Stream, Subject)>,
    /// The streams that have refused commands and no event so far.
    refused: HashSet<Stream>,
    /// The greatest numbers with an event, by kind.
    heads: Vec<u64>,
    position: u64,
    /// The keys of answers that were stored after the cut.
    late: HashSet<u128>,
    /// The versions after their commands, for those that were carried out before the cut.
    carried_out: HashMap<u128, u32>,
    nonce: u64,
}

impl Writing {
    /// Begins with the names of kinds and the identity of the store.
    pub(super) fn begin(
        opened: Opened,
        state: &State,
        late: HashSet<u128>,
    ) -> Result<Self, BackupError> {
        let owners = OwnerLists::read(&opened.disk.db, 0);
        let writing = Self {
            opened,
            frame: Frame::default(),
            totals: Totals::default(),
            chain: None,
            owners,
            records: Vec::with_capacity(COMMIT_RECORDS),
            created: Vec::new(),
            refused: HashSet::new(),
            heads: Vec::new(),
            position: 0,
            late,
            carried_out: HashMap::new(),
            nonce: 0,
        };
        let mut batch = Batch::default();
        match state.store {
            Some(store) => batch.insert(keys::STORE_ID, codec::frame(&store)),
            None => batch.remove(keys::STORE_ID),
        }
        for (kind, name) in (0..).map(KindId).zip(&state.kinds) {
            batch.insert(&keys::kind_name(kind), codec::frame(name));
        }
        if !state.losses.is_empty() {
            batch.insert(keys::LOSSES, state.losses.as_slice());
        }
        writing.commit(batch)?;
        Ok(writing)
    }

    /// Writes the states of conversations, as they fit the end of the journal.
    pub(super) fn conversations(
        &mut self,
        state: &State,
        position: u64,
        fit: Fit<'_>,
    ) -> Result<(), BackupError> {
        for some in state.conversations.chunks(COMMIT_ANSWERS) {
            let mut batch = Batch::default();
            for (kind, number, value) in some {
                let fitting = fit(state.name_of(*kind), *number, value.clone(), position);
                if let Some(value) = fitting {
                    let key = keys::conversation(Stream { kind: *kind, number: *number });
                    batch.insert(&key, codec::frame(&value));
                }
            }
            self.commit(batch)?;
        }
        Ok(())
    }

    /// The position of the last record that was passed.
    pub(super) const fn position(&self) -> u64 {
        self.position
    }

    /// Whether all records that were passed are committed.
    pub(super) const fn is_at_commit(&self) -> bool {
        self.records.is_empty()
    }

    /// Adds the next record.
    pub(super) fn record(&mut self, record: Record) -> Result<(), BackupError> {
        self.position = record.position;
        if let Cause::Request(Some(key)) = record.cause
            && self.late.contains(&key)
        {
            self.carried_out.insert(key, record.version);
        }
        if matches!(record.payload, Payload::Event(_)) {
            self.event(&record);
        } else if record.version == 1 {
            self.refused.insert(record.stream);
        }
        self.records.push(Arc::new(record));
        if self.records.len() >= COMMIT_RECORDS { self.commit_records() } else { Ok(()) }
    }

    fn event(&mut self, record: &Record) {
        let kind = usize::from(record.stream.kind.0);
        if self.heads.len() <= kind {
            self.heads.resize(kind + 1, 0);
        }
        self.heads[kind] = self.heads[kind].max(record.stream.number);
        let begins = record.version == 1 || self.refused.remove(&record.stream);
        let owner = record.principals.as_ref().and_then(|all| all.owner.clone());
        if let Some(owner) = owner.filter(|_| begins) {
            self.created.push((record.stream, owner));
        }
    }

    fn commit_records(&mut self) -> Result<(), BackupError> {
        let durable = self.records.first().map_or(0, |first| first.position - 1);
        let mut batch = Batch::default();
        let owners = self.owners.write(&mut batch, self.created.len(), durable);
        commit_batch::write_records(
            &mut batch,
            &mut self.frame,
            &self.records,
            &mut self.totals,
            &mut self.chain,
        );
        self.commit(batch)?;
        self.owners.written(owners);
        self.owners.add(std::mem::take(&mut self.created));
        self.records.clear();
        Ok(())
    }

    /// Writes the answers that belong to the journal up to the cut. Those after `known` were stored
    /// later. Returns their number.
    pub(super) fn answers(
        &mut self,
        answers: Vec<(u128, KeptAnswer)>,
        (cut, known): (u64, u64),
    ) -> Result<u64, BackupError> {
        let kept = answers.into_iter().filter_map(|(key, mut kept)| {
            if kept.position > known {
                // Only that the command was carried out is known at the cut.
                kept.answer.outcome = accepted(*self.carried_out.get(&key)?);
                kept.position = cut;
            }
            Some((key, kept))
        });
        let kept: Vec<_> = kept.collect();
        let number = kept.len() as u64;
        for some in kept.chunks(COMMIT_ANSWERS) {
            let mut batch = Batch::default();
            let mut expiring: BTreeMap<u64, Vec<u128>> = BTreeMap::new();
            for (key, kept) in some {
                batch.insert(&keys::kept_answer(*key), codec::frame(kept));
                let until = kept.kept_until.div_ceil(EXPIRY_MS).saturating_mul(EXPIRY_MS);
                expiring.entry(until).or_default().push(*key);
            }
            for (until, hashes) in expiring {
                self.nonce += 1;
                batch.insert(&keys::expiry(until, self.nonce), codec::frame(&hashes));
            }
            self.commit(batch)?;
        }
        Ok(number)
    }

    /// Writes snapshots.
    pub(super) fn snapshots(&self, snapshots: &[(Stream, Snapshot)]) -> Result<(), BackupError> {
        for some in snapshots.chunks(COMMIT_ANSWERS) {
            let mut batch = Batch::default();
            for (stream, snapshot) in some {
                batch.insert(&keys::snapshot(*stream), codec::frame(snapshot));
            }
            self.commit(batch)?;
        }
        Ok(())
    }

    /// Writes what is left, the numbers that are not assigned again, and the mark.
    pub(super) fn finish(mut self, state: &State, free: &FreeNumbers) -> Result<(), BackupError> {
        if !self.records.is_empty() {
            self.commit_records()?;
        }
        let mut taken = state.taken.clone();
        integrity::raise(&mut taken, &free.taken(&state.kinds, &self.heads));
        if taken.iter().any(|number| *number > 0) {
            let mut batch = Batch::default();
            batch.insert(keys::NUMBERS_TAKEN, codec::frame(&taken));
            self.commit(batch)?;
        }
        let failed = |reason: String| BackupError(format!("the mark of the journal: {reason}"));
        let mark = &self.opened.mark;
        for (kind, name) in state.kinds.iter().enumerate() {
            mark.add_name(kind, name).map_err(|error| failed(error.to_string()))?;
        }
        let raised = mark.write(|mark| {
            (mark.store, mark.position, mark.chain) = (state.store, self.position, self.chain);
            mark.heads = self.heads;
        });
        raised.and_then(|()| mark.sync()).map_err(|error| failed(error.to_string()))?;
        self.opened.disk.write_back().map_err(|failure| BackupError(failure.to_string()))
    }

    fn commit(&self, batch: Batch) -> Result<(), BackupError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.opened.disk.commit(batch).map_err(|failure| BackupError(failure.to_string()))
    }
}
