//! The entries of a range in order of key: those of sled, and the newer ones of the memtable.

use super::{
    memtable::Write,
    stored::{Entry, StoredEntries},
};
use sled::IVec;
use std::{cmp::Ordering, collections::VecDeque};

/// Iterator over entries in order of key. It ends after an error.
pub(in crate::store) struct Entries {
    stored: StoredEntries,
    /// The next entry of sled at each end, when it was read already.
    read: [Option<Entry>; 2],
    /// The writes of the memtable when the range was begun. A write that sled got since is in both.
    recent: VecDeque<Write>,
    /// The last of these writes that was passed at each end.
    passed: [Option<IVec>; 2],
}

#[derive(Clone, Copy)]
enum End {
    Front,
    Back,
}

impl Entries {
    /// Merges the entries of sled with the writes that were recent before those entries were
    /// selected.
    pub(super) fn new(stored: StoredEntries, recent: Vec<Write>) -> Self {
        Self { stored, read: [None, None], recent: recent.into(), passed: [None, None] }
    }

    /// Takes the next entry of sled at this end. Skips those that were passed before sled got them.
    fn take_stored(&mut self, end: End) -> Option<Entry> {
        loop {
            let [front, back] = &mut self.read;
            let entry = match end {
                End::Front => front.take().or_else(|| self.stored.next()).or_else(|| back.take()),
                End::Back => {
                    back.take().or_else(|| self.stored.next_back()).or_else(|| front.take())
                }
            };
            let [first, last] = &self.passed;
            match &entry {
                Some(Ok((key, _)))
                    if first.as_ref().is_some_and(|passed| key <= passed)
                        || last.as_ref().is_some_and(|passed| key >= passed) => {}
                _ => return entry,
            }
        }
    }

    fn step(&mut self, end: End) -> Option<Entry> {
        loop {
            let stored = self.take_stored(end);
            let recent = match end {
                End::Front => self.recent.front(),
                End::Back => self.recent.back(),
            };
            let (Some((recent, _)), Some(Ok((key, _)))) = (recent, &stored) else {
                if let Some(entry) = stored {
                    if entry.is_err() {
                        self.recent.clear();
                    }
                    return Some(entry);
                }
                match self.take_recent(end)? {
                    (key, Some(value)) => return Some(Ok((key, value))),
                    (_, None) => continue,
                }
            };
            let order = match end {
                End::Front => key.cmp(recent),
                End::Back => recent.cmp(key),
            };
            if order == Ordering::Less {
                return stored;
            }
            if order == Ordering::Greater {
                self.read[end as usize] = stored;
            }
            if let Some((key, Some(value))) = self.take_recent(end) {
                return Some(Ok((key, value)));
            }
        }
    }

    fn take_recent(&mut self, end: End) -> Option<Write> {
        let taken = match end {
            End::Front => self.recent.pop_front(),
            End::Back => self.recent.pop_back(),
        };
        if let Some((key, _)) = &taken {
            self.passed[end as usize] = Some(key.clone());
        }
        taken
    }
}

impl Iterator for Entries {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        self.step(End::Front)
    }
}

impl DoubleEndedIterator for Entries {
    fn next_back(&mut self) -> Option<Entry> {
        self.step(End::Back)
    }
}
