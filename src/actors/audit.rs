//! Reads everything that is remembered and says what is wrong with it; nothing is alive meanwhile.

use super::{
    annals,
    books::{self, StoredBooks},
    catalogue::Catalogue,
    contexts::Transition,
    conversations::INDEX,
    courtyard::{Settings, StartError},
    crash::caught,
    diary::{DIARY, Note},
    house::view_path,
    installation::Installation,
    rooms::Rooms,
};
use crate::{
    domain::kernel::View,
    store::{
        KindId, Payload, Record,
        journal::{Journal, Level},
        read_model::{self, Layout, ReadModel, Unusable},
    },
};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Told how far the audit is: what is being read, how much of it is done, how much there is.
pub type Progressing<'a> = &'a mut dyn FnMut(&str, u64, u64);

/// Compares the rows of one view with the journal; says what is wrong.
pub(super) type RowCheck =
    (&'static str, Box<dyn FnOnce(&Path, &Journal, &Rooms) -> Result<Vec<String>, String>>);

/// Records and numbers read at once.
const BATCH_MAX: usize = 4_096;

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What is wrong, one sentence each; none when all is well.
    pub flaws: Vec<String>,
    /// What is on its way and therefore need not add up yet, one sentence each.
    pub open: Vec<String>,
    /// The parts that were checked to their end.
    pub checked: Vec<String>,
    /// The parts that could not be; each of them is a flaw as well.
    pub unchecked: Vec<String>,
}

impl Findings {
    /// Checks one part: gives what is wrong with it. What keeps it from being checked, even a
    /// panic, is a flaw, and the next part is checked all the same.
    fn part(&mut self, name: &str, check: impl FnOnce() -> Result<Vec<String>, String>) {
        match caught(check).and_then(|checked| checked) {
            Ok(flaws) => {
                self.checked.push(name.to_owned());
                self.flaws.extend(flaws);
            }
            Err(because) => {
                self.unchecked.push(name.to_owned());
                self.flaws.push(format!("{name} cannot be checked: {because}"));
            }
        }
    }
}

impl Installation {
    /// Checks checksums, positions, versions and causes, rebuilds every state, compares
    /// snapshots and views, and asks every business whether its books add up.
    ///
    /// # Errors
    /// When the settings make no sense or the data cannot be opened.
    pub fn audit(
        settings: Settings,
        install: impl FnOnce(&mut Self),
        progressing: Progressing<'_>,
    ) -> Result<Findings, StartError> {
        let opened = caught(|| {
            let catalogue = Self::open(settings, install)?;
            catalogue.check()?;
            Ok(catalogue)
        });
        let mut catalogue = opened.unwrap_or_else(|because| Err(StartError::Store(because)))?;
        let mut findings = Findings::default();
        findings.part("the journal", || catalogue.audit_records(progressing));
        catalogue.audit_aggregates(&mut findings, progressing);
        let Catalogue { settings, journal, rooms, row_checks, invariants, replays, .. } = catalogue;
        for (nth, (view, check)) in (0..).zip(row_checks) {
            progressing("views", nth, nth + 1);
            let name = format!("view {view}");
            findings.part(&name, || check(&settings.data, &journal, &rooms));
        }
        findings.part("the index of conversations", || {
            Ok(file_flaws(&view_path(&settings.data, INDEX)))
        });
        findings.open = caught(|| books::open(&replays)).unwrap_or_else(|because| {
            findings.flaws.push(format!("what is on its way cannot be told: {because}"));
            Vec::new()
        });
        let (progressing, unreadable) = (RefCell::new(progressing), RefCell::default());
        let (journal_read, rooms, replays) = (&*journal, &rooms, &*replays);
        let books = StoredBooks { journal: journal_read, rooms, replays, progressing, unreadable };
        for (business, adds_up) in invariants {
            let adds_up = caught(|| adds_up(&books)).and_then(|adds_up| adds_up);
            let unreadable = books.unreadable.take();
            findings.part(&format!("the books of {business}"), || match (adds_up, unreadable) {
                (_, Some(because)) => Err(because),
                (Ok(()), None) => Ok(Vec::new()),
                (Err(because), None) => Ok(vec![format!("{business} does not add up: {because}")]),
            });
        }
        journal.close();
        Ok(findings)
    }

    /// Checks the files of views by themselves, where the journal cannot be opened.
    #[must_use]
    pub fn audit_views_alone(data: &Path) -> Findings {
        let mut findings = Findings::default();
        findings.part("the folder of views", || {
            let folder = data.join("views");
            if !folder.is_dir() {
                return Ok(Vec::new());
            }
            let entries = fs::read_dir(&folder).map_err(|error| error.to_string())?;
            let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
            let is_view =
                |path: &PathBuf| path.extension().is_some_and(|ending| ending == "sqlite");
            let mut paths: Vec<PathBuf> = paths.filter(is_view).collect();
            paths.sort_unstable();
            Ok(paths.iter().flat_map(|path| file_flaws(path)).collect())
        });
        findings
    }
}

impl Catalogue {
    /// Reads every record; sagas, ports and lookups hear them on the way.
    fn audit_records(&mut self, progressing: Progressing<'_>) -> Result<Vec<String>, String> {
        let mut flaws = Vec::new();
        let diary = self.journal.kind(DIARY).map_err(|error| error.to_string())?;
        let (rooms, contexts) = (&self.rooms, self.contexts.kind());
        let replays = &mut self.replays;
        let mut read = |record: &Record| {
            let at = |because| format!("record {}: {because}", record.position);
            let is_readable = caught(|| readable(rooms, (contexts, diary), record));
            if let Err(because) = is_readable.and_then(|is_readable| is_readable) {
                return flaws.push(at(because));
            }
            let heard = replays.iter_mut().map(|replay| {
                let name = replay.name();
                let heard = caught(|| replay.hear(rooms, record)).and_then(|heard| heard);
                heard.map_err(|because| at(format!("{name}: {because}")))
            });
            flaws.extend(heard.filter_map(Result::err));
        };
        let mut tell = |done, total| progressing("records", done, total);
        let found = self.journal.audit(&mut tell, &mut read).map_err(|error| error.to_string())?;
        flaws.extend(found.into_iter().map(|flaw| flaw.to_string()));
        Ok(flaws)
    }

    fn audit_aggregates(&self, findings: &mut Findings, progressing: Progressing<'_>) {
        for door in &self.doors {
            let name = format!("{}/{}", door.info().business, door.info().name);
            let mut tell = |done, total| progressing(&name, done, total);
            findings.part(&name, || {
                let mut flaws = Vec::new();
                each_number(&self.journal, door.kind(), &mut tell, &mut |number| {
                    let audited = caught(|| door.audit(number)).and_then(|audited| audited);
                    if let Err(because) = audited {
                        flaws.push(format!("{name} {number}: {because}"));
                    }
                    Ok(())
                })?;
                Ok(flaws)
            });
        }
    }
}

/// What is wrong with the file of a view, whatever its rows are about.
fn file_flaws(path: &Path) -> Vec<String> {
    if !path.exists() {
        // Made from the journal at the next start.
        return Vec::new();
    }
    let examined = caught(|| read_model::examine_file(path)).and_then(|examined| examined);
    let flaw = |because| format!("the file {} is damaged: {because}", path.display());
    examined.map_err(flaw).err().into_iter().collect()
}

/// Goes through the numbers of one kind of aggregate, and tells how far it is: so many of so many.
pub(super) fn each_number(
    journal: &Journal,
    kind: KindId,
    tell: &mut dyn FnMut(u64, u64),
    each: &mut dyn FnMut(u64) -> Result<(), String>,
) -> Result<(), String> {
    let total = journal.count(kind);
    let mut done = 0;
    loop {
        let numbers = journal.numbers(kind, done, BATCH_MAX, false);
        let numbers = numbers.map_err(|error| error.to_string())?;
        numbers.iter().try_for_each(|number| each(*number))?;
        done += numbers.len() as u64;
        tell(done, total);
        if numbers.len() < BATCH_MAX {
            return Ok(());
        }
    }
}

/// Whether a record says something that this binary understands.
fn readable(
    rooms: &Rooms,
    (contexts, diary): (KindId, KindId),
    record: &Record,
) -> Result<(), String> {
    let kind = record.stream.kind;
    let Some((_, door)) = rooms.of(kind) else {
        return match &record.payload {
            Payload::Woken => Ok(()),
            Payload::Event(bytes) if kind == contexts => {
                annals::read::<Transition>(bytes).map(drop)
            }
            Payload::Event(bytes) if kind == diary => annals::read::<Note>(bytes).map(drop),
            _ => Err(format!("kind {} is not installed", kind.0)),
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
    let check = |data: &Path, journal: &Journal, rooms: &Rooms| {
        let path = view_path(data, V::NAME);
        let damaged = |because: &str| {
            vec![format!("the file {} of view {} is damaged: {because}", path.display(), V::NAME)]
        };
        let in_view = |because: &dyn std::fmt::Display| format!("view {}: {because}", V::NAME);
        let model = match ReadModel::open(&path, Layout::of::<V>()) {
            Ok(model) => model,
            // Made anew at the next start.
            Err(Unusable::Missing | Unusable::OtherShape) => return Ok(Vec::new()),
            Err(Unusable::Damaged(because)) => return Ok(damaged(&because)),
        };
        if let Err(error) = model.examine_all(&mut |_, _| {}) {
            return Ok(damaged(&error.because));
        }
        let cursor = model.cursor().map_err(|error| error.because)?;
        let rows = expected::<V>(journal, rooms, cursor)?;
        let mut flaws = Vec::new();
        for (number, row) in &rows {
            let body = model.row(*number).map_err(|error| error.because)?;
            // Compared as JSON: what is shown masked is stored masked in rows.
            let stored = body.and_then(|body| serde_json::from_slice(&body).ok());
            let stored = stored.and_then(|row: V| serde_json::to_value(row).ok());
            if stored.is_none() || stored != serde_json::to_value(row).ok() {
                flaws.push(in_view(&format!("row {number} is not what the journal says")));
            }
        }
        let count = model.count().map_err(|error| error.because)?;
        if count != rows.len() as u64 {
            flaws.push(in_view(&format!("there are {count} rows instead of {}", rows.len())));
        }
        Ok(flaws)
    };
    (V::NAME, Box::new(check))
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
