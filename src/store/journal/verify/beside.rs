//! The part of an audit that checks everything except records: snapshots, cursors of subscribers,
//! answers, conversations, names.

use super::Audit;
use crate::store::{
    codec,
    disk::{Answers, keys, reading},
    journal::integrity::Loss,
    types::{KeptAnswer, Snapshot, StoreError, StoreId, StoredAnswer, Stream},
};
use serde::de::DeserializeOwned;
use std::collections::HashMap;

impl Audit<'_> {
    /// Checks each part; `last_versions` are the last versions of the streams that have a snapshot,
    /// `None` when the streams could not be read.
    pub(super) fn beside_records(&mut self, last_versions: Option<&HashMap<Stream, u32>>) {
        self.part("the snapshots", |audit| audit.snapshots(last_versions));
        self.part("the positions of subscribers", Audit::subscribers);
        self.part("the answers", |audit| {
            audit.all_readable::<StoredAnswer>(&[keys::ANSWER], "the answer")?;
            audit.all_readable::<KeptAnswer>(&[keys::KEPT_ANSWER], "the answer")?;
            audit.all_readable::<Vec<u128>>(&[keys::EXPIRY], "the list of answers that expire")?;
            audit.all_readable::<u64>(keys::OLD_ANSWERS_UNTIL, "the end of old answers")
        });
        self.part("the conversations", |audit| {
            audit.all_readable::<Vec<u8>>(&[keys::CONVERSATION], "the conversation")
        });
        self.part("the names of kinds", |audit| {
            audit.all_readable::<String>(keys::KIND_NAMES, "the name of the kind")?;
            audit.all_readable::<StoreId>(keys::STORE_ID, "the identity of the store")?;
            audit.all_readable::<Answers>(keys::ANSWERS_ALONE, "the number of stored answers")?;
            audit.all_readable::<Vec<u64>>(keys::NUMBERS_TAKEN, "the numbers that are taken")?;
            audit.all_readable::<Vec<Loss>>(keys::LOSSES, "the losses that were accepted")?;
            audit.all_readable::<u64>(keys::OWNED_UP_TO, "the end of the lists of owners")?;
            audit.all_readable::<u32>(keys::FORMAT, "the format version")
        });
    }

    /// Checks the snapshots. Without the last versions of streams it checks only that they can be
    /// read.
    fn snapshots(
        &mut self,
        last_versions: Option<&HashMap<Stream, u32>>,
    ) -> Result<(), StoreError> {
        for entry in self.db.scan_prefix([keys::SNAPSHOT]) {
            let (key, value) = entry?;
            let stream = keys::read_address(&key, keys::SNAPSHOT);
            let last = last_versions.map_or(u32::MAX, |last_versions| {
                stream.and_then(|stream| last_versions.get(&stream)).copied().unwrap_or(0)
            });
            let of = || stream.map_or_else(|| "an unreadable key".to_owned(), |it| it.to_string());
            match codec::unframe::<Snapshot>(&value) {
                Ok(snapshot) if snapshot.version > last => self.flaw(format!(
                    "the snapshot of {} is of version {}, the stream ends at {last}",
                    of(),
                    snapshot.version
                )),
                Ok(_) => {}
                Err(error) => self.flaw(format!("the snapshot of {}: {error}", of())),
            }
        }
        Ok(())
    }

    fn subscribers(&mut self) -> Result<(), StoreError> {
        for entry in self.db.scan_prefix([keys::SUBSCRIBER]) {
            let (key, value) = entry?;
            match codec::unframe::<u64>(&value) {
                Ok(position) if position > self.db_head()? => self.flaw(format!(
                    "the subscriber with key {key:?} is at {position}, past the end of the journal"
                )),
                Ok(_) => {}
                Err(error) => self.flaw(format!("the position of subscriber {key:?}: {error}")),
            }
        }
        Ok(())
    }

    /// Returns the current position: a subscriber may have advanced since the audit began.
    fn db_head(&self) -> Result<u64, StoreError> {
        reading::head(self.db).map(|head| head.position)
    }

    fn all_readable<T: DeserializeOwned>(
        &mut self,
        prefix: &[u8],
        what: &str,
    ) -> Result<(), StoreError> {
        for entry in self.db.scan_prefix(prefix) {
            let (key, value) = entry?;
            if let Err(error) = codec::unframe::<T>(&value) {
                self.flaw(format!("{what} under key {key:?}: {error}"));
            }
        }
        Ok(())
    }
}
