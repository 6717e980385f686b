//! The catalogue of stored types: compares the types of this binary with the shapes that the store
//! remembers.

use super::{
    Place, StoredType, Upcasting,
    sealing::Sealing,
    upcasting::{Changed, PlaceOf},
};
use crate::store::{
    backup::{BackupError, State},
    codec,
    journal::{Checkpoint, Journal, StoreError},
    persons::{KeyFolder, KeysId},
    shape::Shape,
    types::KindId,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

/// The name of the kind under which the shapes are stored.
pub const KINDS_NAME: &str = "madang/types";

/// The key under which the identity of the keys of personal texts is stored, after those of shapes.
const KEYS: u64 = 1 << 32;

/// The pause before the journal is asked again whether the shapes are durable.
const PAUSE: Duration = Duration::from_millis(1);

/// The longest wait until new shapes are durable.
const DURABLE_WITHIN: Duration = Duration::from_secs(60);

/// The shapes of one type in a store. Stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Shapes {
    /// The name of the type.
    name: String,
    /// The shapes as JSON, by number from 1.
    shapes: Vec<String>,
}

/// The stored types of this binary beside the shapes that the store remembers.
pub struct Catalogue {
    journal: Arc<dyn Journal>,
    kind: KindId,
    /// The shapes of types in stores that do not remember them.
    unrecorded: HashMap<String, Shape>,
    changed: HashMap<(KindId, Place), Changed>,
    place_of: PlaceOf,
    sealing: Sealing,
    /// The shapes to store, by key.
    new: Vec<(u64, Option<Vec<u8>>)>,
    /// The first problem of each kind. The places of a saga share its state, so they have the same.
    problems: BTreeMap<KindId, String>,
}

impl Catalogue {
    /// Opens the catalogue of a journal. `place_of` tells the places of conversations.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn open(journal: Arc<dyn Journal>, place_of: PlaceOf) -> Result<Self, StoreError> {
        let kind = journal.kind(KINDS_NAME)?;
        Ok(Self {
            journal,
            kind,
            unrecorded: HashMap::new(),
            changed: HashMap::new(),
            place_of,
            sealing: Sealing::default(),
            new: Vec::new(),
            problems: BTreeMap::new(),
        })
    }

    /// Encrypts personal texts with the keys in this folder. It is called before the first type is
    /// added. A store that has no keys yet gets them when `is_begun` says so; otherwise nothing is
    /// encrypted in it.
    ///
    /// # Errors
    /// When the keys of this store are lost, or the disk fails.
    pub fn with_keys(mut self, folder: &Path, is_begun: bool) -> Result<Self, StoreError> {
        let failed = |error: io::Error| StoreError::Failed(error.to_string());
        let folder = match keys_of(&*self.journal)? {
            Some(id) => KeyFolder::open(folder, id).map_err(failed)?,
            None if is_begun => {
                let folder = KeyFolder::begin(folder).map_err(failed)?;
                self.new.push((KEYS, Some(codec::encode(&folder.id()))));
                folder
            }
            None => return Ok(self),
        };
        self.sealing = Sealing::with_keys(folder);
        Ok(self)
    }

    /// Tells the shapes of types in stores that do not remember them, by the names of the types. A
    /// type that is not named has had today's shape then.
    ///
    /// # Errors
    /// When the text is not a JSON object of shapes.
    pub fn assume(&mut self, unrecorded: &str) -> Result<(), String> {
        let shapes: HashMap<String, Shape> =
            serde_json::from_str(unrecorded).map_err(|error| error.to_string())?;
        self.unrecorded.extend(shapes);
        Ok(())
    }

    /// Adds a stored type of the kind of this name.
    ///
    /// # Errors
    /// When the disk fails. A type that cannot be read or stored is reported by [`Self::finish`].
    pub fn add(&mut self, kind: &str, place: Place, of: StoredType) -> Result<(), StoreError> {
        let name = kind;
        let kind = self.journal.kind(name)?;
        self.sealing.add((kind, name), place, of.shape());
        let key = u64::from(kind.0) << 8 | place as u64;
        let stored = self.stored_shapes(kind, key, &of)?;
        let mut shapes = stored.clone();
        match shapes.last_mut() {
            Some(last) if of.shape().extends(last) => *last = of.shape().clone(),
            _ => shapes.push(of.shape().clone()),
        }
        let Ok(number) = u16::try_from(shapes.len()) else {
            self.problem(kind, Err(format!("{}: the type has had 65,535 shapes", of.name())));
            return Ok(());
        };
        if shapes != stored || self.journal.conversation(self.kind, key)?.is_none() {
            self.problem(kind, of.check_itself());
            self.new.push((key, Some(encoded(&of, &shapes))));
        }
        if number > 1 {
            let earlier = shapes.iter().take(shapes.len() - 1);
            // A snapshot of an earlier shape is not read at all.
            if place != Place::Snapshot {
                earlier.for_each(|shape| self.problem(kind, of.check(shape)));
            }
            self.changed.insert((kind, place), Changed { number, shapes, stored: of });
        }
        Ok(())
    }

    fn problem(&mut self, kind: KindId, checked: Result<(), String>) {
        if let Err(problem) = checked {
            self.problems.entry(kind).or_insert(problem);
        }
    }

    /// The shapes that values of this type have in the store; none when there are no values.
    fn stored_shapes(
        &self,
        kind: KindId,
        key: u64,
        of: &StoredType,
    ) -> Result<Vec<Shape>, StoreError> {
        let failed = |reason: String| StoreError::Failed(format!("{}: {reason}", of.name()));
        if let Some(stored) = self.journal.conversation(self.kind, key)? {
            let Shapes { shapes, .. } =
                codec::decode(&stored).map_err(|error| failed(error.to_string()))?;
            let shapes = shapes.iter().map(|shape| serde_json::from_str(shape));
            return shapes.collect::<Result<_, _>>().map_err(|error| failed(error.to_string()));
        }
        let is_used = self.journal.count(kind) > 0
            || self.journal.cursor_of(kind)? > 0
            || self.journal.last_conversation(kind, u64::MAX)? > 0;
        let unrecorded = self.unrecorded.get(of.name()).filter(|_| is_used);
        Ok(unrecorded.cloned().into_iter().collect())
    }

    /// The conversion of stored values, without a change to the store.
    ///
    /// # Errors
    /// One sentence for each type that this binary cannot read.
    pub fn finish(self) -> Result<Upcasting, String> {
        if self.problems.is_empty() {
            let Self { changed, place_of, sealing, .. } = self;
            return Ok(Upcasting { changed, place_of, sealing });
        }
        Err(self.problems.into_values().collect::<Vec<_>>().join("\n"))
    }

    /// Stores the shapes that are new. Returns the journal that shows every value in today's shape
    /// and in clear, and the conversion. No value of a new shape is stored before its shape is durable.
    ///
    /// # Errors
    /// One sentence for each type that this binary cannot read, or the failure of the disk.
    pub fn remember(mut self) -> Result<(Arc<dyn Journal>, Arc<Upcasting>), String> {
        let conversations = std::mem::take(&mut self.new);
        let (journal, subscriber) = (Arc::clone(&self.journal), self.kind);
        let upcasting = self.finish()?;
        if !conversations.is_empty() {
            let generation = journal.generation();
            let checkpoint = Checkpoint { subscriber, generation, position: 0, conversations };
            journal.checkpoint(checkpoint).map_err(|(error, _)| error.to_string())?;
            let begun = Instant::now();
            // A queue that holds little is full until the shapes are written.
            while !journal.settle(DURABLE_WITHIN) {
                if begun.elapsed() > DURABLE_WITHIN {
                    return Err("the shapes of stored types could not be written".to_owned());
                }
                thread::park_timeout(PAUSE);
            }
        }
        let upcasting = Arc::new(upcasting);
        Ok((Arc::clone(&upcasting).on(journal), upcasting))
    }
}

/// The identity of the keys of personal texts that this store has; `None` when it has none.
///
/// # Errors
/// When the disk fails.
pub fn keys_of(journal: &dyn Journal) -> Result<Option<KeysId>, StoreError> {
    let Some(stored) = journal.conversation(journal.kind(KINDS_NAME)?, KEYS)? else {
        return Ok(None);
    };
    codec::decode(&stored).map(Some).map_err(|error| StoreError::Failed(error.to_string()))
}

/// The identity of the keys of personal texts of the store that this state of a backup is of; `None`
/// when it had none.
///
/// # Errors
/// When it cannot be read.
pub fn keys_in(state: &State) -> Result<Option<KeysId>, BackupError> {
    let is_keys = |(kind, number)| number == KEYS && state.name_of(kind) == KINDS_NAME;
    let mut all = state.conversations.iter();
    let stored = all.find(|(kind, number, _)| is_keys((*kind, *number)));
    let decoded = stored.map(|(_, _, value)| codec::decode(value)).transpose();
    decoded.map_err(|error| BackupError(error.to_string()))
}

fn encoded(of: &StoredType, shapes: &[Shape]) -> Vec<u8> {
    let json = |shape| serde_json::to_string(shape).expect("a shape can be written as JSON");
    let shapes = shapes.iter().map(json).collect();
    codec::encode(&Shapes { name: of.name().to_owned(), shapes })
}
