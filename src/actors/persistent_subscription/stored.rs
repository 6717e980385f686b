//! The stored values of subscriptions: under which keys they are, how they are read, and what is
//! wrong with them.
//!
//! They are in the journal's tree, where the states of sagas are as well: each is replaced by its
//! next version, so they take no more room with time. A key is a number:
//! ```text
//! 0 0 | id u62                          the definition of a subscription
//! 0 1 | id u62                          how far it has come
//! 1   | id u16 | position u47           a parked event
//! ```

use super::{
    definition::Definition,
    machine::{Bounds, Changes, Machine, ParkedEvent, Progress},
};
use crate::store::{
    KindId, codec,
    journal::{Journal, StoreError},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The kind of the stored values.
pub const SUBSCRIPTIONS: &str = "madang/subscriptions";

const PROGRESS_BIT: u64 = 1 << 62;

const PARKED_BIT: u64 = 1 << 63;

/// The bits of the position in the key of a parked event.
const POSITION_BITS: u32 = 47;

/// The bounds of every subscription.
const BOUNDS: Bounds = Bounds {
    open_events_max: 10_000,
    parked_events_max: 1_000,
    claims_max: 256,
    attempts_max: None,
};

/// A stored value. Variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stored {
    Definition(Box<Definition>),
    Progress(Progress),
    Parked(ParkedEvent),
}

/// A value to be written under a key; `None` to remove it.
pub type Write = (u64, Option<Vec<u8>>);

/// A subscription as it is stored.
pub struct Loaded {
    /// The number of the subscription, from 1.
    pub id: u16,
    /// Its definition.
    pub definition: Definition,
    /// Its state.
    pub machine: Machine,
}

/// The bounds of a subscription with this limit of deliveries.
pub const fn bounds(attempts_max: Option<u32>) -> Bounds {
    Bounds { attempts_max, ..BOUNDS }
}

/// The values to be written after these changes.
pub fn writes(id: u16, definition: Option<&Definition>, changes: Changes) -> Vec<Write> {
    let mut writes = Vec::with_capacity(2 + changes.parked.len());
    if let Some(definition) = definition {
        let stored = Stored::Definition(Box::new(definition.clone()));
        writes.push((u64::from(id), Some(codec::encode(&stored))));
    }
    let progress = codec::encode(&Stored::Progress(changes.progress));
    writes.push((PROGRESS_BIT | u64::from(id), Some(progress)));
    for (position, parked) in changes.parked {
        let parked = parked.map(|parked| codec::encode(&Stored::Parked(parked)));
        writes.push((parked_key(id, position), parked));
    }
    writes
}

/// The removal of a subscription with these parked events.
pub fn removal(id: u16, parked: impl IntoIterator<Item = u64>) -> Vec<Write> {
    let mut writes = vec![(u64::from(id), None), (PROGRESS_BIT | u64::from(id), None)];
    writes.extend(parked.into_iter().map(|position| (parked_key(id, position), None)));
    writes
}

fn parked_key(id: u16, position: u64) -> u64 {
    PARKED_BIT | u64::from(id) << POSITION_BITS | position & ((1 << POSITION_BITS) - 1)
}

/// The values of one subscription, as they are read.
#[derive(Default)]
struct Found {
    definition: Option<Definition>,
    progress: Option<Progress>,
    parked: BTreeMap<u64, ParkedEvent>,
}

impl Found {
    fn whole(self, id: u16) -> Result<Loaded, String> {
        let definition = self.definition.ok_or("its definition is missing")?;
        let progress = self.progress.ok_or("its position is missing")?;
        let bounds = bounds(definition.attempts_max);
        let machine = Machine::restored(progress, self.parked, bounds)?;
        Ok(Loaded { id, definition, machine })
    }
}

/// Reads the stored subscriptions; an error for each that is damaged.
fn read(journal: &dyn Journal, kind: KindId) -> Result<Vec<Result<Loaded, String>>, StoreError> {
    let mut found: BTreeMap<u16, Found> = BTreeMap::new();
    let mut unreadable = Vec::new();
    journal.conversations(kind, 0..=u64::MAX, &mut |key, bytes| {
        let id = if key & PARKED_BIT == 0 {
            key & !PROGRESS_BIT
        } else {
            (key & !PARKED_BIT) >> POSITION_BITS
        };
        let of_id = found.entry(u16::try_from(id).unwrap_or(u16::MAX)).or_default();
        match codec::decode(&bytes) {
            Ok(Stored::Definition(definition)) => of_id.definition = Some(*definition),
            Ok(Stored::Progress(progress)) => of_id.progress = Some(progress),
            Ok(Stored::Parked(parked)) => {
                let position = key & ((1 << POSITION_BITS) - 1);
                drop(of_id.parked.insert(position, parked));
            }
            Err(error) => unreadable.push(format!("subscription {id}, key {key:#x}: {error}")),
        }
        Ok(())
    })?;
    let whole = found.into_iter().map(|(id, found)| {
        found.whole(id).map_err(|reason| format!("subscription {id}: {reason}"))
    });
    Ok(unreadable.into_iter().map(Err).chain(whole).collect())
}

/// Reads the stored subscriptions. Their secrets are as they are stored.
///
/// # Errors
/// When the disk fails, or one is damaged.
pub fn load(journal: &dyn Journal, kind: KindId) -> Result<Vec<Loaded>, StoreError> {
    read(journal, kind)?.into_iter().collect::<Result<_, _>>().map_err(StoreError::Failed)
}

/// Fits a stored value to a journal that was restored up to `end`: what was looked at or parked
/// after that is left out. A value that cannot be read stays, and is a flaw.
pub fn fitting(key: u64, value: Vec<u8>, end: u64) -> Option<Vec<u8>> {
    match codec::decode(&value) {
        Ok(Stored::Progress(mut progress)) => {
            progress.reached = progress.reached.min(end);
            let mut position = 0_u64;
            progress.open.retain(|(distance, _)| {
                position = position.saturating_add(*distance);
                position <= end
            });
            Some(codec::encode(&Stored::Progress(progress)))
        }
        Ok(Stored::Parked(_)) if key & ((1 << POSITION_BITS) - 1) > end => None,
        _ => Some(value),
    }
}

/// What is wrong with the stored subscriptions, one sentence each.
///
/// # Errors
/// When they cannot be read.
pub fn flaws(journal: &dyn Journal) -> Result<Vec<String>, String> {
    let read = journal.kind(SUBSCRIPTIONS).and_then(|kind| read(journal, kind));
    let durable = journal.durable();
    let flaws =
        read.map_err(|error| error.to_string())?.into_iter().filter_map(|loaded| match loaded {
            Err(flaw) => Some(flaw),
            Ok(Loaded { definition, machine, .. }) if machine.reached() > durable => Some(format!(
                "the subscription {} is at {}, past the end of the journal",
                definition.name,
                machine.reached()
            )),
            Ok(_) => None,
        });
    Ok(flaws.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        actors::api::{EventFilter, Start},
        domain::kernel::Timestamp,
        store::{
            Stream,
            journal::{Checkpoint, MemoryJournal},
        },
    };

    fn definition() -> Definition {
        Definition {
            name: "a".into(),
            owner: None,
            filter: EventFilter { number: Some(7), ..EventFilter::default() },
            start: Start::After(3),
            started_after: 3,
            attempts_max: Some(5),
            webhook: None,
            created: Timestamp(9),
        }
    }

    #[test]
    fn the_stored_form_of_subscriptions_never_changes() {
        let stream = Stream { kind: KindId(2), number: 8 };
        let parked = ParkedEvent { stream, attempts: 1, reason: "b".into() };
        let progress = Progress { reached: 6, open: vec![(4, stream)] };
        for (stored, golden) in [
            (
                Stored::Definition(Box::new(definition())),
                vec![1, 0, 1, b'a', 0, 0, 0, 1, 7, 0, 0, 2, 3, 3, 1, 5, 0, 9],
            ),
            (Stored::Progress(progress), vec![1, 1, 6, 1, 4, 2, 8]),
            (Stored::Parked(parked), vec![1, 2, 2, 8, 1, 1, b'b']),
        ] {
            assert_eq!(codec::encode(&stored), golden, "{stored:?}");
        }
        assert_eq!(parked_key(1, 5), 1 << 63 | 1 << 47 | 5);
    }

    #[test]
    fn a_subscription_fits_a_journal_that_ends_earlier() {
        let stream = Stream { kind: KindId(2), number: 8 };
        let progress = |reached, open: &[u64]| {
            let open = open.iter().map(|distance| (*distance, stream)).collect();
            codec::encode(&Stored::Progress(Progress { reached, open }))
        };
        let stored = progress(9, &[3, 2, 3]);
        assert_eq!(fitting(PROGRESS_BIT | 1, stored.clone(), 9), Some(stored.clone()));
        assert_eq!(fitting(PROGRESS_BIT | 1, stored.clone(), 5), Some(progress(5, &[3, 2])));
        assert_eq!(fitting(PROGRESS_BIT | 1, stored, 0), Some(progress(0, &[])));
        let parked = ParkedEvent { stream, attempts: 1, reason: "b".into() };
        let parked = codec::encode(&Stored::Parked(parked));
        assert_eq!(fitting(parked_key(1, 5), parked.clone(), 5), Some(parked.clone()));
        assert_eq!(fitting(parked_key(1, 6), parked, 5), None);
        let named = codec::encode(&Stored::Definition(Box::new(definition())));
        assert_eq!(fitting(1, named.clone(), 0), Some(named));
        assert_eq!(fitting(1, vec![9], 0), Some(vec![9]), "verify reports it");
    }

    #[test]
    fn damaged_subscriptions_are_flaws() {
        let journal = MemoryJournal::new();
        let kind = journal.kind(SUBSCRIPTIONS).unwrap();
        let progress =
            |reached| codec::encode(&Stored::Progress(Progress { reached, open: vec![] }));
        let write = |conversations: Vec<Write>| {
            let generation = journal.generation();
            let checkpoint =
                Checkpoint { subscriber: kind, generation, position: 0, conversations };
            assert!(
                journal.checkpoint(checkpoint).is_ok() && journal.settle(std::time::Duration::MAX)
            );
        };
        let named = codec::encode(&Stored::Definition(Box::new(definition())));
        write(vec![(1, Some(named)), (PROGRESS_BIT | 1, Some(progress(0)))]);
        assert_eq!(flaws(&*journal), Ok(Vec::new()));
        write(vec![(PROGRESS_BIT | 1, Some(progress(9))), (PROGRESS_BIT | 2, Some(vec![1, 9]))]);
        let flaws = flaws(&*journal).unwrap();
        assert_eq!(flaws.len(), 3, "{flaws:?}");
        for (flaw, reason) in flaws.iter().zip([
            "does not read back",
            "the subscription a is at 9",
            "its definition is missing",
        ]) {
            assert!(flaw.contains(reason), "{flaw}");
        }
    }
}
