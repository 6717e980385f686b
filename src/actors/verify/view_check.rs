//! The view check: compares the rows of a view with the journal.

use super::BATCH_MAX;
use crate::{
    actors::{dispatch::Registry, view::view_path},
    domain::kernel::{Filter, View},
    store::{
        journal::{Journal, ReadLevel},
        read_model::{Layout, OpenProblem, ReadModel},
    },
};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

/// The name of a view, and the function that compares its rows with the journal and returns the
/// flaws.
pub type RowCheck =
    (&'static str, Box<dyn FnOnce(&Path, &dyn Journal, &Registry) -> Result<Vec<String>, String>>);

/// Returns the check of a view: folds the journal up to the view's position, and compares row by
/// row.
pub fn row_check<V: View>() -> RowCheck {
    let check = |data: &Path, journal: &dyn Journal, registry: &Registry| {
        let path = view_path(data, V::NAME);
        let damaged = |reason: &str| {
            vec![format!("the file {} of view {} is damaged: {reason}", path.display(), V::NAME)]
        };
        let in_view = |reason: &dyn std::fmt::Display| format!("view {}: {reason}", V::NAME);
        let model = match ReadModel::open(&path, Layout::of::<V>()) {
            Ok(model) => model,
            // The rows are rebuilt at the next start.
            Err(OpenProblem::Missing | OpenProblem::OtherShape) => return Ok(Vec::new()),
            Err(OpenProblem::Damaged(reason)) => return Ok(damaged(&reason)),
        };
        if let Err(error) = model.examine_all(&mut |_, _| {}) {
            return Ok(damaged(&error.reason));
        }
        let cursor = model.cursor().map_err(|error| error.reason)?;
        let rows = expected::<V>(journal, registry, cursor)?;
        let mut flaws = Vec::new();
        for (number, row) in &rows {
            let found = model.row(*number).map_err(|error| error.reason)?;
            // Compared as JSON: fields that are masked when shown are stored masked in rows.
            let stored = found.and_then(|found| serde_json::from_slice(&found.body).ok());
            let stored = stored.and_then(|row: V| serde_json::to_value(row).ok());
            if stored.is_none() || stored != serde_json::to_value(row).ok() {
                flaws.push(in_view(&format!("row {number} differs from the journal")));
            }
        }
        let count = model.count().map_err(|error| error.reason)?;
        if count != rows.len() as u64 {
            flaws.push(in_view(&format!("there are {count} rows instead of {}", rows.len())));
        }
        Ok(flaws)
    };
    (V::NAME, Box::new(check))
}

fn expected<V: View>(
    journal: &dyn Journal,
    registry: &Registry,
    up_to: u64,
) -> Result<BTreeMap<u64, V>, String> {
    let mut rows = BTreeMap::<u64, V>::new();
    let mut newest = HashMap::<Filter, u64>::new();
    let mut after = 0;
    while after < up_to {
        let records = journal.read(after, BATCH_MAX, ReadLevel::Durable);
        let records = records.map_err(|error| error.to_string())?;
        let Some(last) = records.last() else {
            return Err(format!("it is at {up_to}, the journal ends at {after}"));
        };
        after = last.position;
        for record in records.iter().take_while(|record| record.position <= up_to) {
            let Some(event) = registry.decode::<V::Events>(record)? else { continue };
            let meta = record.meta();
            for number in V::keys(&event, &meta) {
                let mut row = rows.remove(&number);
                if row.is_none() {
                    let before = V::continues(&event).and_then(|it| newest.insert(it, number));
                    row = before.and_then(|before| rows.get(&before).cloned());
                }
                if let Some(row) = V::fold_row(number, row, event.clone(), &meta) {
                    rows.insert(number, row);
                }
            }
        }
    }
    Ok(rows)
}
