//! The part of an audit that compares the lists of the streams of owners with the records.

use super::Audit;
use crate::counted::counted;
use crate::store::{
    codec,
    disk::{keys, reading},
    journal::owner_lists::OwnerLists,
    types::{Payload, Record, StoreError, Stream},
};
use std::{
    collections::{HashMap, HashSet},
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
};

/// What the lists say, as hashes of owners and streams. They have 64 bits, as those of dispatches.
#[derive(Default)]
pub(super) struct Listed {
    /// What is on disk, and whether a record says the same.
    on_disk: HashMap<u64, bool>,
    in_memory: HashSet<u64>,
}

impl Audit<'_> {
    /// Reads the lists.
    pub(super) fn owner_lists(&mut self, in_memory: &OwnerLists) -> Result<Listed, StoreError> {
        let mut listed = Listed::default();
        in_memory.each(&mut |owner, stream| {
            listed.in_memory.insert(hash(owner.as_bytes(), stream));
        });
        for entry in self.db.scan_prefix([keys::OWNED_SINGLY]) {
            let key = entry?.0;
            match keys::read_owned_singly(&key) {
                Some((owner, stream)) => drop(listed.on_disk.insert(hash(owner, stream), false)),
                None => self.flaw(format!("the key {key:?} cannot be read")),
            }
        }
        for entry in self.db.scan_prefix([keys::OWNED]) {
            let (key, value) = entry?;
            let Some((owner, up_to)) = keys::read_owned(&key) else {
                self.flaw(format!("the key {key:?} cannot be read"));
                continue;
            };
            match codec::unframe::<Vec<Stream>>(&value) {
                // A later list has streams of records that this audit does not read.
                Ok(streams) if up_to > self.head => {
                    listed.in_memory.extend(streams.into_iter().map(|stream| hash(owner, stream)));
                }
                Ok(streams) => listed
                    .on_disk
                    .extend(streams.into_iter().map(|stream| (hash(owner, stream), false))),
                Err(error) => self.flaw(format!("the streams of an owner up to {up_to}: {error}")),
            }
        }
        let what = "the end of the lists of owners";
        let up_to: Option<u64> = reading::value(self.db, keys::OWNED_UP_TO, what)?;
        if up_to.is_some_and(|up_to| up_to > self.head) {
            self.flaw("the lists of owners go past the end of the journal".to_owned());
        }
        Ok(listed)
    }

    /// Checks that the first event with an owner is listed under the owner.
    pub(super) fn is_owned(
        &mut self,
        listed: &mut Listed,
        before: Option<&Record>,
        record: &Record,
    ) {
        let Some(owner) = record.owner() else { return };
        if before.and_then(Record::owner).is_some() || !matches!(record.payload, Payload::Event(_))
        {
            return;
        }
        let hash = hash(owner.as_bytes(), record.stream);
        match listed.on_disk.get_mut(&hash) {
            Some(is_found) => *is_found = true,
            None if listed.in_memory.contains(&hash) => {}
            None => {
                let stream = record.stream;
                self.flaw(format!("{stream} is missing among the streams of its owner"));
            }
        }
    }

    /// Checks that the lists on disk have no other streams.
    pub(super) fn are_of_owners(&mut self, listed: &Listed) {
        let surplus = listed.on_disk.values().filter(|is_found| !**is_found).count();
        if surplus > 0 {
            self.flaw(format!(
                "listed under owners to whom they do not belong: {}",
                counted(surplus, "stream")
            ));
        }
    }
}

fn hash(owner: &[u8], stream: Stream) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one((owner, stream))
}
