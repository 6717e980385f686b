//! Conversion of records, snapshots and conversations of earlier shapes.

use super::{StoredType, journal::UpcastingJournal};
use crate::store::{
    codec,
    journal::{Journal, Snapshot, StoreError},
    shape::Shape,
    types::{KindId, Payload, Record, Stream},
};
use std::{borrow::Cow, collections::HashMap, sync::Arc};

/// The place of a type's values in the store, for one kind. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The events of an aggregate.
    Event = 0,
    /// The rejections of an aggregate.
    Rejection = 1,
    /// The state of an aggregate in its snapshots.
    Snapshot = 2,
    /// The open instances of a saga.
    Instances = 3,
    /// The instances of a saga whose commands are in delivery.
    InDelivery = 4,
    /// The parked instances of a saga.
    Parked = 5,
}

impl Place {
    /// The word for the place in the name of a stored type.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Rejection => "rejection",
            Self::Snapshot => "snapshot",
            Self::Instances => "instances",
            Self::InDelivery => "in delivery",
            Self::Parked => "parked",
        }
    }
}

/// The function that returns the place of a conversation's value by its key; `None` for a value
/// whose type never changes.
pub type PlaceOf = fn(key: u64) -> Option<Place>;

/// A type that had other shapes in this store before.
pub(super) struct Changed {
    /// The number of today's shape, from 2.
    pub(super) number: u16,
    /// All shapes by number from 1.
    pub(super) shapes: Vec<Shape>,
    pub(super) stored: StoredType,
}

impl Changed {
    /// Today's encoding of an encoded value, without the number of its shape.
    fn today(&self, encoded: &[u8]) -> Result<Vec<u8>, String> {
        let (number, value) = codec::shape_of(encoded).map_err(|error| error.to_string())?;
        if number == self.number {
            return Ok(codec::with_codec(value));
        }
        let shape = usize::from(number).checked_sub(1).and_then(|nth| self.shapes.get(nth));
        let shape = shape.ok_or_else(|| format!("shape {number} is unknown to this store"))?;
        self.stored.convert_value(shape, value)
    }
}

/// The types that had other shapes in a store before, by kind and place.
pub struct Upcasting {
    pub(super) changed: HashMap<(KindId, Place), Changed>,
    pub(super) place_of: PlaceOf,
}

impl Upcasting {
    /// The journal that shows every value of this one in today's shape.
    #[must_use]
    pub fn on(self: Arc<Self>, journal: Arc<dyn Journal>) -> Arc<dyn Journal> {
        if self.changed.is_empty() {
            return journal;
        }
        Arc::new(UpcastingJournal::new(journal, self))
    }

    fn of(&self, kind: KindId, place: Place) -> Option<&Changed> {
        self.changed.get(&(kind, place))
    }

    /// The record in today's shape.
    ///
    /// # Errors
    /// When it cannot be converted. The start has checked that every value of its shape can be, so
    /// the record is damaged then.
    pub fn record<'a>(&self, record: &'a Record) -> Result<Cow<'a, Record>, StoreError> {
        let (kind, stream) = (record.stream.kind, record.stream);
        let (place, encoded) = match &record.payload {
            Payload::Event(encoded) => (Place::Event, encoded),
            Payload::Refused { rejection, .. } => (Place::Rejection, rejection),
            Payload::Unchanged { .. } | Payload::TimerFired => return Ok(Cow::Borrowed(record)),
        };
        let Some(changed) = self.of(kind, place) else { return Ok(Cow::Borrowed(record)) };
        let unreadable = |reason| StoreError::Unreadable { stream, reason };
        let today = changed.today(encoded).map_err(unreadable)?;
        let mut record = record.clone();
        match &mut record.payload {
            Payload::Event(encoded) | Payload::Refused { rejection: encoded, .. } => {
                *encoded = today;
            }
            Payload::Unchanged { .. } | Payload::TimerFired => {}
        }
        Ok(Cow::Owned(record))
    }

    /// The records in today's shapes.
    pub(super) fn records(
        &self,
        records: Vec<Arc<Record>>,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        let today = records.into_iter().map(|record| match self.record(&record)? {
            Cow::Borrowed(_) => Ok(record),
            Cow::Owned(today) => Ok(Arc::new(today)),
        });
        today.collect()
    }

    /// Names the shapes of the values in a payload that is about to be written.
    pub(super) fn name_shapes(&self, stream: Stream, payload: &mut Payload) {
        let (place, encoded) = match payload {
            Payload::Event(encoded) => (Place::Event, encoded),
            Payload::Refused { rejection, .. } => (Place::Rejection, rejection),
            Payload::Unchanged { .. } | Payload::TimerFired => return,
        };
        if let Some(changed) = self.of(stream.kind, place) {
            codec::name_shape(encoded, changed.number);
        }
    }

    /// The snapshot as the aggregate reads it; `None` when its state has an earlier shape. Then the
    /// aggregate is rebuilt from its events.
    pub(super) fn snapshot(&self, stream: Stream, mut snapshot: Snapshot) -> Option<Snapshot> {
        let Some(changed) = self.of(stream.kind, Place::Snapshot) else { return Some(snapshot) };
        let (number, shape) = (snapshot.shape >> 16, snapshot.shape & 0xffff);
        snapshot.shape = shape;
        (number == u32::from(changed.number)).then_some(snapshot)
    }

    /// Names the shape of the state in a snapshot that is about to be written.
    pub(super) fn name_shape_of(&self, stream: Stream, snapshot: &mut Snapshot) {
        if let Some(changed) = self.of(stream.kind, Place::Snapshot) {
            snapshot.shape |= u32::from(changed.number) << 16;
        }
    }

    /// The state of a conversation in today's shape.
    pub(super) fn conversation(
        &self,
        subscriber: KindId,
        key: u64,
        state: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        let changed = (self.place_of)(key).and_then(|place| self.of(subscriber, place));
        let Some(changed) = changed else { return Ok(state) };
        let stream = Stream { kind: subscriber, number: key };
        changed.today(&state).map_err(|reason| StoreError::Unreadable { stream, reason })
    }

    /// Names the shape of the state of a conversation that is about to be written.
    pub(super) fn name_shape_in(&self, subscriber: KindId, key: u64, state: &mut Vec<u8>) {
        if let Some(changed) = (self.place_of)(key).and_then(|place| self.of(subscriber, place)) {
            codec::name_shape(state, changed.number);
        }
    }
}
