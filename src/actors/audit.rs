//! Reads everything that is remembered and says what is wrong with it; nothing is alive meanwhile.

use super::{
    catalogue::{Catalogue, view_path},
    courtyard::{Settings, StartError},
    rooms::Rooms,
};
use crate::{
    domain::kernel::View,
    store::{
        Payload, Record,
        journal::{Journal, Level},
        read_model::{Found, ReadModel},
    },
};
use std::{collections::BTreeMap, path::Path};

/// Told how far the audit is: what is being read, how much of it is done, how much there is.
pub type Progressing<'a> = &'a mut dyn FnMut(&str, u64, u64);

/// Compares the rows of one view with the journal; says what is wrong.
pub(super) type RowCheck = Box<dyn FnOnce(&Path, &Journal, &Rooms) -> Result<Vec<String>, String>>;

/// Records and numbers read at once.
const BATCH_MAX: usize = 4_096;

impl Catalogue {
    /// Checks checksums, positions, versions and causes, rebuilds every state, and compares
    /// snapshots and views. One sentence for each flaw; none when all is well.
    ///
    /// # Errors
    /// When the settings make no sense or the data cannot be opened.
    pub fn audit(
        settings: Settings,
        install: impl FnOnce(&mut Self),
        progressing: Progressing<'_>,
    ) -> Result<Vec<String>, StartError> {
        let mut catalogue = Self::open(settings)?;
        install(&mut catalogue);
        catalogue.check()?;
        let store = |error: &dyn std::fmt::Display| StartError::Store(error.to_string());
        let mut flaws = catalogue.audit_records(progressing).map_err(|error| store(&error))?;
        flaws.extend(catalogue.audit_aggregates(progressing).map_err(|error| store(&error))?);
        let Self { settings, journal, rooms, row_checks, .. } = catalogue;
        for (nth, check) in (0..).zip(row_checks) {
            progressing("views", nth, nth + 1);
            match check(&settings.data, &journal, &rooms) {
                Ok(found) => flaws.extend(found),
                Err(because) => flaws.push(because),
            }
        }
        journal.close();
        Ok(flaws)
    }

    fn audit_records(&self, progressing: Progressing<'_>) -> Result<Vec<String>, String> {
        let mut unreadable = Vec::new();
        let mut read = |record: &Record| {
            if let Err(because) = readable(&self.rooms, record) {
                unreadable.push(format!("record {}: {because}", record.position));
            }
        };
        let mut tell = |done, total| progressing("records", done, total);
        let flaws = self.journal.audit(&mut tell, &mut read).map_err(|error| error.to_string())?;
        unreadable.extend(flaws.into_iter().map(|flaw| flaw.to_string()));
        Ok(unreadable)
    }

    fn audit_aggregates(&self, progressing: Progressing<'_>) -> Result<Vec<String>, String> {
        let mut flaws = Vec::new();
        for door in &self.doors {
            let name = format!("{}/{}", door.info().business, door.info().name);
            let total = self.journal.count(door.kind());
            let mut done = 0;
            loop {
                let numbers = self.journal.numbers(door.kind(), done, BATCH_MAX, false);
                let numbers = numbers.map_err(|error| error.to_string())?;
                for number in &numbers {
                    if let Err(because) = door.audit(*number) {
                        flaws.push(format!("{name} {number}: {because}"));
                    }
                }
                done += numbers.len() as u64;
                progressing(&name, done, total);
                if numbers.len() < BATCH_MAX {
                    break;
                }
            }
        }
        Ok(flaws)
    }
}

/// Whether a record says something that this binary understands.
fn readable(rooms: &Rooms, record: &Record) -> Result<(), String> {
    let Some((_, door)) = rooms.of(record.stream.kind) else {
        return match record.payload {
            Payload::Woken => Ok(()),
            _ => Err(format!("kind {} is not installed", record.stream.kind.0)),
        };
    };
    match &record.payload {
        Payload::Event(bytes) => door.read_event(bytes).map(drop),
        Payload::Refused { rejection, .. } => door.read_rejection(rejection).map(drop),
        Payload::Unchanged { .. } | Payload::Woken => Ok(()),
    }
}

/// Folds the journal up to where the view is, and compares row by row.
pub(super) fn row_check<V: View>() -> RowCheck {
    Box::new(|data, journal, rooms| {
        let path = view_path(data, V::NAME);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let in_view = |because: &dyn std::fmt::Display| format!("view {}: {because}", V::NAME);
        let (model, found) =
            ReadModel::open(&path, V::NAME, V::FIELDS).map_err(|error| in_view(&error))?;
        if let Found::Damaged { because } = found {
            return Ok(vec![in_view(&format!("it was damaged and moved aside: {because}"))]);
        }
        let cursor = model.cursor().map_err(|error| in_view(&error))?;
        let rows = expected::<V>(journal, rooms, cursor).map_err(|error| in_view(&error))?;
        let mut flaws = Vec::new();
        for (number, row) in &rows {
            let body = model.row(*number).map_err(|error| in_view(&error))?;
            let stored: Option<V> = body.and_then(|body| serde_json::from_slice(&body).ok());
            if stored.as_ref() != Some(row) {
                flaws.push(in_view(&format!("row {number} is not what the journal says")));
            }
        }
        let count = model.count().map_err(|error| in_view(&error))?;
        if count != rows.len() as u64 {
            flaws.push(in_view(&format!("there are {count} rows instead of {}", rows.len())));
        }
        Ok(flaws)
    })
}

fn expected<V: View>(
    journal: &Journal,
    rooms: &Rooms,
    up_to: u64,
) -> Result<BTreeMap<u64, V>, String> {
    let mut rows = BTreeMap::<u64, V>::new();
    let mut after = 0;
    while after < up_to {
        let records = journal.read(after, BATCH_MAX, Level::Durable);
        let records = records.map_err(|error| error.to_string())?;
        let Some(last) = records.last() else {
            return Err(format!("it is at {up_to}, the journal ends at {after}"));
        };
        after = last.position;
        for record in records.iter().take_while(|record| record.position <= up_to) {
            let Some(heard) = rooms.hear::<V::Hears>(record)? else { continue };
            let meta = record.meta();
            let Some(number) = V::key(&heard, &meta) else { continue };
            let row = rows.remove(&number).or_else(|| newest(&rows));
            if let Some(row) = V::fold(row, heard, &meta) {
                rows.insert(number, row);
            }
        }
    }
    Ok(rows)
}

/// The row that a new one goes on from, in a view where it does.
fn newest<V: View>(rows: &BTreeMap<u64, V>) -> Option<V> {
    V::CONTINUES.then(|| rows.values().next_back().cloned()).flatten()
}
