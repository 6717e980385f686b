//! The stored types of a saga: what its checkpoints hold, and under which keys.

use super::{
    LAGGING, STOPPED_BIT,
    checkpoint::{SavedInstance, UndeliveredInstance},
    parked::Stopped,
    timers::TIMER_BIT,
};
use crate::{
    domain::kernel::Saga,
    store::evolution::{Place, StoredType},
};

/// Returns the place of a value in a saga's checkpoint by its key. Timers and the scan have none,
/// because their types do not depend on the saga.
pub const fn place_of(key: u64) -> Option<Place> {
    match key {
        LAGGING => Some(Place::InDelivery),
        STOPPED_BIT | TIMER_BIT.. => None,
        key if key & STOPPED_BIT == 0 => Some(Place::Instances),
        _ => Some(Place::Parked),
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
