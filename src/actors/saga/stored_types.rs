//! The stored types of a saga: what its checkpoints hold, and under which keys.

use super::{
    LAGGING, STOPPED_BIT,
    checkpoint::{SavedInstance, UndeliveredInstance},
    parked::Stopped,
    read,
    timers::TIMER_BIT,
};
use crate::{
    domain::kernel::Saga,
    store::{
        KindId,
        evolution::{Place, StoredType},
        journal::{Journal, StoreError},
    },
};
use std::collections::HashMap;

/// Returns the place of a value in a saga's checkpoint by its key, and the number of the instance
/// for a value of one. Timers and the scan have none, because their types do not depend on the saga.
pub const fn place_of(key: u64) -> Option<(Place, u64)> {
    match key {
        LAGGING => Some((Place::InDelivery, LAGGING)),
        STOPPED_BIT | TIMER_BIT.. => None,
        key if key & STOPPED_BIT == 0 => Some((Place::Instances, key)),
        _ => Some((Place::Parked, key & !STOPPED_BIT)),
    }
}

/// Returns the stored types of a saga by place.
pub fn stored_types<S: Saga>(kind_name: &str) -> [(Place, Result<StoredType, String>); 3] {
    let name = |place: Place| format!("{kind_name} {}", place.word());
    [
        (
            Place::Instances,
            StoredType::of::<Vec<(u64, SavedInstance<S>)>>(name(Place::Instances), S::upcasters()),
        ),
        (
            Place::InDelivery,
            StoredType::of::<Vec<UndeliveredInstance<S>>>(name(Place::InDelivery), S::upcasters()),
        ),
        (Place::Parked, StoredType::of::<Stopped<S>>(name(Place::Parked), S::upcasters())),
    ]
}

/// The positions up to which the commands of a saga's instances are delivered, as of its last
/// checkpoint. The version of the code that sent them does not matter.
#[derive(Debug, Default)]
pub struct DeliveredUpTo {
    /// The position for all other instances.
    all: u64,
    /// The instances that are behind.
    behind: HashMap<u64, u64>,
}

impl DeliveredUpTo {
    /// Reads the checkpoint of a saga.
    ///
    /// # Errors
    /// When the disk fails, or a state cannot be read.
    pub fn read<S: Saga>(journal: &dyn Journal, saga: KindId) -> Result<Self, StoreError> {
        let all = journal.cursor_of(saga)?;
        let mut behind = HashMap::new();
        if let Some(bytes) = journal.conversation(saga, LAGGING)? {
            let undelivered: Vec<UndeliveredInstance<S>> = read(&bytes)?;
            behind.extend(undelivered.into_iter().map(|it| (it.number, it.after)));
        }
        let parked = STOPPED_BIT + 1..=STOPPED_BIT | (STOPPED_BIT - 1);
        journal.conversations(saga, parked, &mut |key, bytes| {
            let after = match read(&bytes)? {
                Stopped::<S>::Before { after, .. } => after,
                // How far the scan has come is not known here.
                Stopped::CatchingUp { .. } => 0,
            };
            behind.insert(key & !STOPPED_BIT, after);
            Ok(())
        })?;
        Ok(Self { all, behind })
    }

    /// The position up to which the commands of this instance are delivered.
    pub fn up_to(&self, number: u64) -> u64 {
        self.behind.get(&number).copied().unwrap_or(self.all)
    }
}
