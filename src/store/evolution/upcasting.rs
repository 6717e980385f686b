//! Conversion of records, snapshots and conversations of earlier shapes.

use super::{StoredType, journal::UpcastingJournal, sealing::Sealing};
use crate::store::{
    codec,
    journal::{Journal, Snapshot, StoreError, Submission},
    persons::BusinessKeys,
    shape::Shape,
    types::{KindId, Payload, Record, StoredAnswer, Stream},
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

/// The function that returns the place of a conversation's value by its key, and the number of the
/// instance for a value of one; `None` for a value whose type never changes.
pub type PlaceOf = fn(key: u64) -> Option<(Place, u64)>;

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
    pub(super) sealing: Sealing,
}

impl Upcasting {
    /// The journal that shows every value of this one in today's shape, and in clear.
    #[must_use]
    pub fn on(self: Arc<Self>, journal: Arc<dyn Journal>) -> Arc<dyn Journal> {
        if self.changed.is_empty() && self.sealing.is_empty() {
            return journal;
        }
        Arc::new(UpcastingJournal::new(journal, self))
    }

    fn of(&self, kind: KindId, place: Place) -> Option<&Changed> {
        self.changed.get(&(kind, place))
    }

    /// The kinds whose values can have personal texts, with the keys of their business.
    pub fn personal_kinds(&self) -> impl Iterator<Item = (KindId, &BusinessKeys)> {
        self.sealing.kinds()
    }

    /// Whether a record, as it is stored, has personal texts in clear.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn is_in_clear(&self, record: &Record) -> Result<bool, StoreError> {
        let stream = record.stream;
        let is_clear = self.sealing.is_clear(record);
        is_clear.map_err(|reason| StoreError::Unreadable { stream, reason })
    }

    /// The value in today's shape and in clear; `None` when it is stored so.
    fn today(
        &self,
        (place, stream, version): (Place, Stream, u32),
        encoded: &[u8],
    ) -> Result<Option<Vec<u8>>, String> {
        let opened = self.sealing.open((place, stream, version), encoded)?;
        let is_sealed = opened.is_some();
        let today = match self.of(stream.kind, place) {
            Some(changed) => Some(changed.today(opened.as_deref().unwrap_or(encoded))?),
            None => opened,
        };
        if is_sealed {
            return Ok(today);
        }
        let redacted =
            self.sealing.redacted((place, stream), today.as_deref().unwrap_or(encoded))?;
        Ok(redacted.or(today))
    }

    /// The record in today's shape, and in clear.
    ///
    /// # Errors
    /// When it cannot be converted. The start has checked that every value of its shape can be, so
    /// the record is damaged then.
    pub fn record<'a>(&self, record: &'a Record) -> Result<Cow<'a, Record>, StoreError> {
        let stream = record.stream;
        let (place, encoded) = match &record.payload {
            Payload::Event(encoded) => (Place::Event, encoded),
            Payload::Refused { rejection, .. } => (Place::Rejection, rejection),
            Payload::Unchanged { .. } | Payload::TimerFired => return Ok(Cow::Borrowed(record)),
        };
        let today = self.today((place, stream, record.version), encoded);
        let today = today.map_err(|reason| StoreError::Unreadable { stream, reason })?;
        let Some(today) = today else { return Ok(Cow::Borrowed(record)) };
        let mut record = record.clone();
        match &mut record.payload {
            Payload::Event(encoded) | Payload::Refused { rejection: encoded, .. } => {
                *encoded = today;
            }
            Payload::Unchanged { .. } | Payload::TimerFired => {}
        }
        Ok(Cow::Owned(record))
    }

    /// The records in today's shapes. Those that hold their event stay as they are, unless their
    /// person was erased meanwhile.
    pub(super) fn records(
        &self,
        records: Vec<Arc<Record>>,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        let has_erased = self.sealing.has_erased_here();
        if !has_erased && records.iter().all(|record| record.typed.is_some()) {
            return Ok(records);
        }
        let today = records.into_iter().map(|record| {
            if has_erased && self.sealing.was_erased_here(record.stream) {
                let today = self.record(&record)?.into_owned();
                return Ok(Arc::new(Record { typed: None, ..today }));
            }
            if record.typed.is_some() {
                return Ok(record);
            }
            match self.record(&record)? {
                Cow::Borrowed(_) => Ok(record),
                Cow::Owned(today) => Ok(Arc::new(today)),
            }
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
    ///
    /// # Errors
    /// When its personal texts cannot be read.
    pub(super) fn snapshot(
        &self,
        stream: Stream,
        mut snapshot: Snapshot,
    ) -> Result<Option<Snapshot>, StoreError> {
        if let Some(changed) = self.of(stream.kind, Place::Snapshot) {
            let number = snapshot.shape >> 16;
            snapshot.shape &= 0xffff;
            if number != u32::from(changed.number) {
                return Ok(None);
            }
        }
        let unreadable = |reason| StoreError::Unreadable { stream, reason };
        let at = (Place::Snapshot, stream, snapshot.version);
        let opened = self.sealing.open(at, &snapshot.state).map_err(unreadable)?;
        let state = match opened {
            Some(state) => Some(state),
            None => match self.sealing.redacted((Place::Snapshot, stream), &snapshot.state) {
                Ok(redacted) => redacted,
                // It is of an earlier layout, which nothing uses.
                Err(_) => return Ok(None),
            },
        };
        snapshot.state = state.unwrap_or(snapshot.state);
        Ok(Some(snapshot))
    }

    /// Seals what a submission writes.
    ///
    /// # Errors
    /// When a key cannot be read or made.
    pub(super) fn seal(&self, submission: &mut Submission) -> Result<(), String> {
        self.sealing.submission(submission)
    }

    /// The answer as it was given.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn answer(&self, answer: StoredAnswer) -> Result<StoredAnswer, StoreError> {
        let stream = answer.stream;
        let opened = self.sealing.answer(answer);
        opened.map_err(|reason| StoreError::Unreadable { stream, reason })
    }

    /// Names the shape of the state in a snapshot that is about to be written.
    pub(super) fn name_shape_of(&self, stream: Stream, snapshot: &mut Snapshot) {
        if let Some(changed) = self.of(stream.kind, Place::Snapshot) {
            snapshot.shape |= u32::from(changed.number) << 16;
        }
    }

    /// The state of a conversation in today's shape, and in clear.
    pub(super) fn conversation(
        &self,
        subscriber: KindId,
        key: u64,
        state: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        let Some((place, number)) = (self.place_of)(key) else { return Ok(state) };
        let stream = Stream { kind: subscriber, number };
        let today = self.today((place, stream, 0), &state);
        let today = today.map_err(|reason| StoreError::Unreadable { stream, reason })?;
        Ok(today.unwrap_or(state))
    }

    /// Names the shape of the state of a conversation that is about to be written, and seals it.
    ///
    /// # Errors
    /// When a key cannot be read or made.
    pub(super) fn write_conversation(
        &self,
        subscriber: KindId,
        key: u64,
        state: &mut Vec<u8>,
    ) -> Result<(), String> {
        let Some((place, number)) = (self.place_of)(key) else { return Ok(()) };
        if let Some(changed) = self.of(subscriber, place) {
            codec::name_shape(state, changed.number);
        }
        self.sealing.seal((place, Stream { kind: subscriber, number }, 0), state)
    }
}
