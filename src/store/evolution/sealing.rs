//! The encryption of the values of a store that have personal texts: events, rejections, snapshots,
//! answers and states of sagas. The key of a value is that of the number of its stream in its
//! business, so that an order, its payment, its notices and its sagas have one key.

use super::Place;
use crate::store::{
    codec,
    journal::{Snapshot, Submission},
    persons::{self, BusinessKeys, Key, KeyFolder, Opened, Whose},
    shape::Shape,
    types::{KindId, Payload, Record, StoredAnswer, StoredOutcome, Stream},
};
use std::{collections::HashMap, sync::Arc};

/// The number of the role of an answer, after those of [`Place`].
const ANSWER: u8 = 6;

/// The values with personal texts of a store, and their keys.
#[derive(Default)]
pub(super) struct Sealing {
    /// The folder of the keys; without one nothing is encrypted.
    folder: Option<Arc<KeyFolder>>,
    shapes: HashMap<(KindId, Place), Shape>,
    /// The keys of the kinds whose values are encrypted.
    keys: HashMap<KindId, Arc<BusinessKeys>>,
    /// The keys of all kinds: a text that is not personal any more may have been encrypted.
    all_keys: HashMap<KindId, Arc<BusinessKeys>>,
    businesses: HashMap<String, Arc<BusinessKeys>>,
}

impl Sealing {
    pub(super) fn with_keys(folder: KeyFolder) -> Self {
        Self { folder: Some(Arc::new(folder)), ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all_keys.is_empty()
    }

    /// Adds a stored type. Its values are encrypted when they can have personal texts.
    pub(super) fn add(&mut self, (kind, name): (KindId, &str), place: Place, shape: &Shape) {
        let Some(folder) = &self.folder else { return };
        // The name of the kind of a saga is `saga taxi/ride`.
        let business = name.split('/').next().unwrap_or_default().trim_start_matches("saga ");
        let new = || Arc::new(BusinessKeys::of(Arc::clone(folder), business.to_owned()));
        let keys = self.businesses.entry(business.to_owned()).or_insert_with(new);
        self.all_keys.insert(kind, Arc::clone(keys));
        if shape.is_personal() {
            self.keys.insert(kind, Arc::clone(keys));
            self.shapes.insert((kind, place), shape.clone());
        }
    }

    /// The kinds whose values can have personal texts, with the keys of their business.
    pub(super) fn kinds(&self) -> impl Iterator<Item = (KindId, &BusinessKeys)> {
        self.keys.iter().map(|(kind, keys)| (*kind, &**keys))
    }

    /// Seals what a submission writes.
    ///
    /// # Errors
    /// When a key cannot be read or made.
    pub(super) fn submission(&self, submission: &mut Submission) -> Result<(), String> {
        let stream = submission.stream;
        for answer in submission.answer.iter_mut().flat_map(|answers| &mut answers.all) {
            self.seal_answer(&mut answer.answer)?;
        }
        let Some(keys) = self.keys.get(&stream.kind) else { return Ok(()) };
        let mut version = submission.after_version;
        let was_erased = keys.was_destroyed_here(stream.number);
        for entry in &mut submission.entries {
            version = version.saturating_add(1);
            if was_erased {
                // Subscribers read the bytes instead, which have erased texts.
                entry.typed = None;
            }
            if let Some((place, encoded)) = value_in(&mut entry.payload) {
                self.seal((place, stream, version), encoded)?;
            }
        }
        if let Some(Snapshot { version, state, .. }) = &mut submission.snapshot {
            self.seal((Place::Snapshot, stream, *version), state)?;
        }
        Ok(())
    }

    fn seal_answer(&self, answer: &mut StoredAnswer) -> Result<(), String> {
        let Some(keys) = self.keys.get(&answer.stream.kind) else { return Ok(()) };
        let StoredOutcome::Replied(reply) = &mut answer.outcome else { return Ok(()) };
        let number = answer.stream.number;
        match persons::seal_all(&reply.body, number, of_answer(answer.stream), keys)? {
            Some(sealed) => reply.body = sealed,
            None => answer.outcome = StoredOutcome::Accepted { version: reply.version },
        }
        Ok(())
    }

    /// Seals a value, unless it is sealed.
    ///
    /// # Errors
    /// When a key cannot be read or made.
    pub(super) fn seal(
        &self,
        (place, stream, version): (Place, Stream, u32),
        encoded: &mut Vec<u8>,
    ) -> Result<(), String> {
        let Some(shape) = self.shapes.get(&(stream.kind, place)) else { return Ok(()) };
        let Some(keys) = self.keys.get(&stream.kind) else { return Ok(()) };
        // A checkpoint that was not taken comes again as it was sealed.
        if codec::is_sealed(encoded) {
            return Ok(());
        }
        let at = persons::Place { stream, version, role: place as u8 };
        if let Some(sealed) = persons::seal(encoded, (shape, whose(place, stream)), at, keys)? {
            *encoded = sealed;
        }
        Ok(())
    }

    /// Opens a value; `None` when it is not sealed.
    ///
    /// # Errors
    /// When the bytes are damaged, or the key cannot be read.
    pub(super) fn open(
        &self,
        (place, stream, version): (Place, Stream, u32),
        encoded: &[u8],
    ) -> Result<Option<Vec<u8>>, String> {
        let at = persons::Place { stream, version, role: place as u8 };
        let keys = self.all_keys.get(&stream.kind).map(|keys| &**keys);
        persons::open(encoded, at, keys)
    }

    /// The value of today's shape that was stored in clear, with erased texts; `None` when it has
    /// no personal texts, or its person is not erased.
    ///
    /// # Errors
    /// When the key cannot be read, or the value has another shape.
    pub(super) fn redacted(
        &self,
        (place, stream): (Place, Stream),
        encoded: &[u8],
    ) -> Result<Option<Vec<u8>>, String> {
        let Some(shape) = self.shapes.get(&(stream.kind, place)) else { return Ok(None) };
        let is_erased = |number| self.is_erased(Stream { number, ..stream });
        persons::redact(encoded, (shape, whose(place, stream)), &is_erased)
    }

    /// Whether a stored record has personal texts in clear.
    ///
    /// # Errors
    /// When the value has another shape than today's.
    pub(super) fn is_clear(&self, record: &Record) -> Result<bool, String> {
        let mut payload = record.payload.clone();
        let Some((place, encoded)) = value_in(&mut payload) else { return Ok(false) };
        let at = (place, record.stream, record.version);
        let shape = self.shapes.get(&(record.stream.kind, place));
        match shape.filter(|_| !matches!(self.open(at, encoded), Ok(Some(_)))) {
            Some(shape) => {
                let whose = whose(place, record.stream);
                Ok(persons::redact(encoded, (shape, whose), &|_| Ok(true))?.is_some())
            }
            None => Ok(false),
        }
    }

    /// The answer as it was given. That of an erased person says only that the command was carried
    /// out.
    ///
    /// # Errors
    /// When the bytes are damaged, or the key cannot be read.
    pub(super) fn answer(&self, mut answer: StoredAnswer) -> Result<StoredAnswer, String> {
        let StoredOutcome::Replied(reply) = &mut answer.outcome else { return Ok(answer) };
        let keys = self.all_keys.get(&answer.stream.kind).map(|keys| &**keys);
        let is_known = match persons::open_all(&reply.body, of_answer(answer.stream), keys)? {
            Opened::Whole(body) => {
                reply.body = body;
                true
            }
            Opened::Erased => false,
            Opened::Clear => !self.is_erased(answer.stream)?,
        };
        if !is_known {
            answer.outcome = StoredOutcome::Accepted { version: reply.version };
        }
        Ok(answer)
    }

    /// Whether this process has erased any person.
    pub(super) fn has_erased_here(&self) -> bool {
        self.businesses.values().any(|keys| keys.has_destroyed_here())
    }

    /// Whether a value in memory may be older than the erasure of its person.
    pub(super) fn was_erased_here(&self, stream: Stream) -> bool {
        self.keys.get(&stream.kind).is_some_and(|keys| keys.was_destroyed_here(stream.number))
    }

    fn is_erased(&self, stream: Stream) -> Result<bool, String> {
        let Some(keys) = self.keys.get(&stream.kind) else { return Ok(false) };
        let key = keys.get(stream.number).map_err(|error| error.to_string())?;
        Ok(matches!(key, Key::Destroyed))
    }
}

/// To whom the texts of a value belong. The state of a parked instance has the number of its
/// instance.
const fn whose(place: Place, stream: Stream) -> Whose {
    match place {
        Place::Instances | Place::InDelivery => Whose::Elements,
        Place::Event | Place::Rejection | Place::Snapshot | Place::Parked => {
            Whose::Number(stream.number)
        }
    }
}

fn of_answer(stream: Stream) -> persons::Place {
    persons::Place { stream, version: 0, role: ANSWER }
}

/// The encoded value of a record.
fn value_in(payload: &mut Payload) -> Option<(Place, &mut Vec<u8>)> {
    match payload {
        Payload::Event(encoded) => Some((Place::Event, encoded)),
        Payload::Refused { rejection, .. } => Some((Place::Rejection, rejection)),
        Payload::Unchanged { .. } | Payload::TimerFired => None,
    }
}
