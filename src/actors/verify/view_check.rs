//! The view check: folds the journal to rows, and compares them with the rows of a view.

use super::fold::Fold;
use crate::{
    actors::{dispatch::Registry, view::view_path},
    counted::counted,
    domain::kernel::{Filter, View},
    store::{
        KindSet, Record,
        read_model::{Layout, OpenProblem, ReadModel},
    },
};
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

/// A view whose rows are compared with the journal.
pub trait ViewCheck: Fold {
    /// Returns the path of its file.
    fn file(&self) -> &Path;

    /// Whether there is no file of this shape. The next start builds it.
    fn is_missing(&self) -> bool;

    /// Compares the folded rows with the file, and returns the flaws. `head` is the last position
    /// of the journal; `None` when it has a flaw, so that records may be missing in the rows.
    ///
    /// # Errors
    /// When the file cannot be read to its end, or the journal has a flaw or ends before it.
    fn compare(&self, head: Option<u64>) -> Result<Vec<String>, String>;
}

/// The expected rows of a view, up to the position of its file.
struct Folded<V> {
    path: PathBuf,
    file: File,
    /// `None` for a row that was removed.
    rows: BTreeMap<u64, Option<V>>,
    newest: HashMap<Filter, u64>,
}

/// The file of a view.
enum File {
    /// There is none of this shape: the rows are built at the next start.
    Missing,
    /// It cannot be read, for this reason.
    Damaged(String),
    /// It has the rows up to this position.
    UpTo(u64, Box<ReadModel>),
}

/// Returns the check of a view in this data folder.
pub fn view_check<V: View>(data: &Path) -> Box<dyn ViewCheck> {
    let path = view_path(data, V::NAME);
    let file = match ReadModel::open(&path, Layout::of::<V>()) {
        Ok(model) => match model.cursor() {
            Ok(cursor) => File::UpTo(cursor, Box::new(model)),
            Err(error) => File::Damaged(error.reason),
        },
        Err(OpenProblem::Missing | OpenProblem::OtherShape) => File::Missing,
        Err(OpenProblem::Damaged(reason)) => File::Damaged(reason),
    };
    Box::new(Folded::<V> { path, file, rows: BTreeMap::new(), newest: HashMap::new() })
}

impl<V: View> Folded<V> {
    fn damaged(&self, reason: &str) -> Vec<String> {
        vec![format!("the file {} of view {} is damaged: {reason}", self.path.display(), V::NAME)]
    }

    fn differences(&self, model: &ReadModel) -> Result<Vec<String>, String> {
        let (mut flaws, mut count) = (Vec::new(), 0);
        let mut missing = |number: u64| {
            flaws.push(format!("view {}: row {number} differs from the journal", V::NAME));
        };
        let rows = self.rows.iter().filter_map(|(number, row)| Some((number, row.as_ref()?)));
        let mut expected = rows.clone().peekable();
        let read = model.each(&mut |found| {
            count += 1;
            while let Some((number, _)) = expected.next_if(|(number, _)| **number < found.number) {
                missing(*number);
            }
            let row = expected.next_if(|(number, _)| **number == found.number);
            if let Some((number, row)) = row
                && !is_stored::<V>(row, &found.body)
            {
                missing(*number);
            }
        });
        read.map_err(|error| error.reason)?;
        expected.for_each(|(number, _)| missing(*number));
        let rows = rows.count();
        if count != rows {
            let count = counted(count, "row");
            flaws.push(format!("view {}: it has {count} instead of {rows}", V::NAME));
        }
        Ok(flaws)
    }
}

/// Whether these stored bytes are this row.
fn is_stored<V: View>(row: &V, stored: &[u8]) -> bool {
    let Ok(read) = serde_json::from_slice::<V>(stored) else { return false };
    if serde_json::to_vec(row).is_ok_and(|expected| expected == stored) {
        return true;
    }
    // Compared as JSON: fields that are masked when shown are stored masked in rows.
    let (read, row) = (serde_json::to_value(read).ok(), serde_json::to_value(row).ok());
    read.is_some() && read == row
}

impl<V: View> Fold for Folded<V> {
    fn name(&self) -> &'static str {
        V::NAME
    }

    fn kinds(&self, registry: &Registry) -> KindSet {
        match self.file {
            File::UpTo(..) => registry.kinds_of::<V::Events>(),
            File::Missing | File::Damaged(_) => KindSet::default(),
        }
    }

    fn fold(&mut self, registry: &Registry, record: &Record) -> Result<(), String> {
        let File::UpTo(cursor, _) = self.file else { return Ok(()) };
        if record.position > cursor {
            return Ok(());
        }
        let Some(event) = registry.decode::<V::Events>(record)? else { return Ok(()) };
        let meta = record.meta();
        for number in V::keys(&event, &meta) {
            let mut row = self.rows.get_mut(&number).and_then(Option::take);
            if row.is_none() {
                let before =
                    V::continues(&event).and_then(|filter| self.newest.insert(filter, number));
                row = before.and_then(|before| self.rows.get(&before).cloned().flatten());
            }
            let row = V::fold_row(number, row, event.clone(), &meta);
            *self.rows.entry(number).or_insert(None) = row;
        }
        Ok(())
    }
}

impl<V: View> ViewCheck for Folded<V> {
    fn file(&self) -> &Path {
        &self.path
    }

    fn is_missing(&self) -> bool {
        matches!(self.file, File::Missing)
    }

    fn compare(&self, head: Option<u64>) -> Result<Vec<String>, String> {
        let (cursor, model) = match &self.file {
            File::Missing => return Ok(Vec::new()),
            File::Damaged(reason) => return Ok(self.damaged(reason)),
            File::UpTo(cursor, model) => (*cursor, model),
        };
        if let Err(error) = model.examine_all(&mut |_, _| {}) {
            return Ok(self.damaged(&error.reason));
        }
        let head = head.ok_or("the journal has a flaw")?;
        if cursor > head {
            return Err(format!("it is at {cursor}, the journal ends at {head}"));
        }
        self.differences(model)
    }
}
