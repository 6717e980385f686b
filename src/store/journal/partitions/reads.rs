//! Reads from all partitions, merged into one order.

use super::{Partitions, merged_order::Place};
use crate::store::{
    journal::submission::ReadLevel,
    types::{KindId, Record, StoreError},
};
use std::{collections::VecDeque, sync::Arc};

/// Numbers that are read at once from one partition when numbers are listed.
const NUMBERS_AT_ONCE: usize = 1_024;

/// The numbers of one kind in one partition, while they are merged with those of the others.
#[derive(Clone, Default)]
struct ListedNumbers {
    ready: VecDeque<u64>,
    read: u64,
    is_over: bool,
}

impl Partitions {
    /// Gives a record of a partition its position in the merged order.
    pub(super) fn merged(
        &self,
        partition: usize,
        mut record: Record,
    ) -> Result<Record, StoreError> {
        record.position = self.order().merged(partition, record.position)?;
        Ok(record)
    }

    /// Reads the records at these consecutive places of the merged order.
    pub(super) fn read_places(
        &self,
        after: u64,
        places: &[Place],
        level: ReadLevel,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        let mut read: Vec<VecDeque<Arc<Record>>> = vec![VecDeque::new(); self.journals.len()];
        let mut records = Vec::with_capacity(places.len());
        for (place, position) in places.iter().zip(after.saturating_add(1)..) {
            let ready = &mut read[place.partition];
            if ready.is_empty() {
                // The records of a partition are consecutive in it.
                let wanted = places.iter().filter(|other| other.partition == place.partition);
                let left = wanted.filter(|other| other.position >= place.position).count();
                let journal = &self.journals[place.partition];
                ready.extend(journal.read(place.position - 1, left, level)?);
            }
            // A journal that failed since has discarded the rest.
            let Some(record) = ready.pop_front() else { break };
            let mut record = Arc::unwrap_or_clone(record);
            record.position = position;
            records.push(Arc::new(record));
        }
        Ok(records)
    }

    /// Lists the numbers of a kind in order, as [`super::Journal::numbers`] does.
    pub(super) fn list_numbers(
        &self,
        kind: KindId,
        skip: u64,
        take: usize,
        descending: bool,
    ) -> Result<Vec<u64>, StoreError> {
        let mut listed = vec![ListedNumbers::default(); self.journals.len()];
        let mut numbers = Vec::new();
        let mut skipped = 0;
        while numbers.len() < take {
            for (journal, listed) in self.journals.iter().zip(&mut listed) {
                if listed.ready.is_empty() && !listed.is_over {
                    let more = journal.numbers(kind, listed.read, NUMBERS_AT_ONCE, descending)?;
                    listed.is_over = more.len() < NUMBERS_AT_ONCE;
                    listed.read += more.len() as u64;
                    listed.ready.extend(more);
                }
            }
            let heads = listed.iter_mut().map(|listed| &mut listed.ready);
            let heads = heads.filter(|ready| !ready.is_empty());
            let next = if descending {
                heads.max_by_key(|ready| ready[0])
            } else {
                heads.min_by_key(|ready| ready[0])
            };
            let Some(number) = next.and_then(VecDeque::pop_front) else { break };
            if skipped < skip {
                skipped += 1;
            } else {
                numbers.push(number);
            }
        }
        Ok(numbers)
    }
}
