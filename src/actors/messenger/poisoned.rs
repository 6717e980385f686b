//! Errands that crash each time they are run. After some attempts the conversation is quarantined:
//! what it asks for waits, in order, and what all others ask for goes on, until somebody lets it
//! out or the messenger starts over.

use super::{Errand, Job, Messenger};
use crate::{
    actors::{
        crash::{Crashes, Release, Verdict},
        facade::QuarantineEntry,
        room::now,
    },
    store::Record,
};
use actix::{Context as ActixContext, Handler};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Instant,
};

/// Who crashes, and what waits for it.
#[derive(Default)]
pub(super) struct Poisoned {
    /// What has crashed lately and is tried again, by the position of its record.
    crashes: HashMap<u64, Crashes>,
    /// The conversations in quarantine.
    conversations: HashSet<u64>,
    /// What they ask for, by position.
    held: BTreeMap<u64, Arc<Record>>,
}

impl Poisoned {
    /// The first that waits.
    pub(super) fn first(&self) -> Option<u64> {
        self.held.first_key_value().map(|(position, _)| *position)
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// It is over.
    pub(super) fn forget(&mut self, record: &Record) {
        self.crashes.remove(&record.position);
    }

    /// Lets a conversation out, with all that waits.
    fn take(&mut self, conversation: u64) -> Vec<Arc<Record>> {
        if !self.conversations.remove(&conversation) {
            return Vec::new();
        }
        let all = std::mem::take(&mut self.held);
        let (taken, held): (BTreeMap<_, _>, _) =
            all.into_iter().partition(|(_, record)| record.correlation == conversation);
        self.held = held;
        taken.into_values().collect()
    }
}

impl<E: Errand> Messenger<E> {
    /// Lets what a record asks for wait, when its conversation is in quarantine.
    pub(super) fn hold(&mut self, record: &Arc<Record>) -> bool {
        let is_held = self.poisoned.conversations.contains(&record.correlation);
        if is_held {
            self.poisoned.held.insert(record.position, Arc::clone(record));
        }
        is_held
    }

    /// What a record asks for crashed before it was taken up: the record is read again.
    pub(super) fn crashed_on(
        &mut self,
        record: &Arc<Record>,
        because: String,
    ) -> Result<(), String> {
        match self.verdict(record) {
            Verdict::Rebuild(_) => Err(because),
            Verdict::Quarantine => {
                self.quarantine(record, because);
                Ok(())
            }
        }
    }

    /// What a record asked for crashed on its way: it is tried again after a pause.
    pub(super) fn crashed_on_its_way(
        &mut self,
        record: Arc<Record>,
        because: String,
        ctx: &mut ActixContext<Self>,
    ) {
        match self.verdict(&record) {
            Verdict::Rebuild(pause) => {
                tracing::error!(errand = E::NAME, position = record.position, because, "crashed");
                self.run_later(record, pause, ctx);
            }
            Verdict::Quarantine => {
                let behind = self.lanes.remove(&record.correlation).unwrap_or_default();
                self.finish(&record);
                self.quarantine(&record, because);
                for Job { record, .. } in behind {
                    self.finish(&record);
                    self.hold(&record);
                }
            }
        }
    }

    /// Keeps a conversation out of the way.
    pub(super) fn quarantine(&mut self, record: &Arc<Record>, because: String) {
        self.poisoned.forget(record);
        self.poisoned.conversations.insert(record.correlation);
        self.hold(record);
        self.shared.quarantine.admit(QuarantineEntry {
            resource: E::NAME,
            number: record.correlation,
            because,
            command: None,
            position: Some(record.position),
            crashes: self.shared.settings.crashes_max,
            since_ms: now().0,
        });
    }

    fn verdict(&mut self, record: &Record) -> Verdict {
        let crashes = self.poisoned.crashes.entry(record.position).or_default();
        crashes.count(Instant::now(), &self.shared.settings)
    }
}

impl<E: Errand> Handler<Release> for Messenger<E> {
    type Result = ();

    fn handle(&mut self, Release(conversation): Release, ctx: &mut Self::Context) {
        for record in self.poisoned.take(conversation) {
            if self.hold(&record) {
                continue;
            }
            let heard = self.rooms.hear::<E::Hears>(&record);
            let taken = heard.and_then(|heard| match heard {
                // Somebody may have gone out for it before it crashed.
                Some(heard) => self.take(&record, heard, true, ctx),
                None => Ok(()),
            });
            taken.unwrap_or_else(|because| self.quarantine(&record, because));
        }
        self.following.progress.ring();
    }
}
