//! Tests that one flipped bit in the files of a stopped view is found, or changes nothing that is
//! read.

use super::answering::{FIELDS, LAYOUT, change, long};
use crate::{
    files::beside,
    store::read_model::{
        OpenProblem, ReadModel, ReadModelError, RowChange, SearchError, SortBy, Wanted,
    },
};
use serde_json::json;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Number of positions tried per file.
const FLIPS: u64 = 120;

/// Number of rows that the view is built with.
const BUILT: u64 = 800;

/// Number of rows that each of four transactions adds.
const ADDED: u64 = 10;

type Changes = Vec<(u64, Option<RowChange>)>;

/// The effect of one flipped bit.
#[derive(Debug, Default)]
struct Outcomes {
    found: u32,
    harmless: u32,
    wrong: Vec<String>,
}

fn row(number: u64, round: u64) -> RowChange {
    let name = ["Jung", "Kim", "Lee", "Park"][usize::try_from(number % 4).expect("is small")];
    change(&json!({
        "id": number,
        "name": name,
        "price": number * 100 + round,
        "madeAt": 1_000 + number * 7 % 400,
        "address": "a street of a town ".repeat(1 + usize::try_from(number % 9).expect("is small")),
    }))
}

/// A view that was built and then written to in several transactions, most of it only once.
fn view(path: &Path) -> ReadModel {
    let model = ReadModel::build(path, LAYOUT, &OpenProblem::Missing).expect("is made");
    let built: Changes = (1..=BUILT).map(|number| (number, Some(row(number, 0)))).collect();
    model.commit(BUILT, &built).expect("is written");
    let model = model.take_place(path).expect("takes its place");
    for round in 1..=4 {
        let last = BUILT + round * ADDED;
        let added = last - ADDED + 1..=last;
        let mut changes: Changes = added.map(|number| (number, Some(row(number, round)))).collect();
        changes.extend((round..40).step_by(7).map(|number| (number, Some(row(number, round)))));
        changes.push((45 + round, None));
        model.commit(last, &changes).expect("is written");
    }
    model
}

/// Reads everything a view serves: cursor, count, rows one by one, and pages of searches.
fn answers(model: &ReadModel) -> Result<Vec<String>, ReadModelError> {
    let mut all = vec![format!("cursor {}", model.cursor()?), format!("count {}", model.count()?)];
    all.push(format!("last {:?}", model.last()?));
    for number in 0..=BUILT + 4 * ADDED + 1 {
        all.push(format!("{:?}", model.get(number)?));
    }
    let conditions: [&[(&str, &str)]; 7] = [
        &[],
        &[("name", "Jung")],
        &[("name", "Lee"), ("price_from", "9000")],
        &[("price_from", "10000"), ("price_to", "30000")],
        &[("madeAt_from", "1200")],
        &[("id_from", "100"), ("id_to", "300")],
        &[("name", "Unknown")],
    ];
    for asked in conditions {
        let asked: Vec<_> =
            asked.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        for field in FIELDS {
            let sort = vec![SortBy { field: field.name.to_owned(), descending: asked.len() == 1 }];
            let wanted = Wanted { sort, size: 1_000, ..Wanted::default() };
            let found = search(model, &asked, &wanted)?;
            all.push(found);
        }
    }
    Ok(all)
}

fn search(
    model: &ReadModel,
    asked: &[(String, String)],
    wanted: &Wanted,
) -> Result<String, ReadModelError> {
    match model.search(asked, wanted, &long()) {
        Ok((rows, total)) => {
            let bodies = rows.iter().map(|row| String::from_utf8_lossy(&row.body).into_owned());
            let rows: Vec<_> = rows.iter().map(|row| row.number).zip(bodies).collect();
            Ok(format!("{total} {rows:?}"))
        }
        Err(SearchError::Failed(error)) => Err(error),
        Err(error) => panic!("{error}"),
    }
}

/// Reads a view as after a start; an error means that the view is not served.
fn served(path: &Path) -> Result<Vec<String>, String> {
    let model = ReadModel::open(path, LAYOUT).map_err(|found| found.to_string())?;
    model.examine(&mut |_, _| {}).map_err(|error| error.to_string())?;
    answers(&model).map_err(|error| error.to_string())
}

/// Flips one bit of this file at each of many positions; the other files stay as they are.
fn flipped(stopped: &Path, ending: &str, seed: u64, expected: &[String]) -> Outcomes {
    flipped_often(stopped, ending, (seed, FLIPS), expected)
}

fn flipped_often(
    stopped: &Path,
    ending: &str,
    (seed, flips): (u64, u64),
    expected: &[String],
) -> Outcomes {
    let bytes = fs::read(beside(stopped, ending)).expect("is readable");
    let bits = bytes.len() as u64 * 8;
    let (mut dice, mut outcomes) = (seed, Outcomes::default());
    for _ in 0..flips {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Every third flip is in the first page, which holds the header of the file.
        let within = if dice.is_multiple_of(3) { bits.min(32_768) } else { bits };
        let bit = (dice >> 13) % within;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("mypages.sqlite");
        for other in ["", "-wal", "-shm", ".seal"] {
            if beside(stopped, other).exists() {
                fs::copy(beside(stopped, other), beside(&path, other)).expect("is copied");
            }
        }
        let mut damaged = bytes.clone();
        let at = usize::try_from(bit / 8).expect("is small");
        damaged[at] ^= 1 << (bit % 8);
        fs::write(beside(&path, ending), damaged).expect("is writable");
        match served(&path) {
            Err(_) => outcomes.found += 1,
            Ok(answers) if answers == expected => outcomes.harmless += 1,
            Ok(answers) => {
                let differ = answers.iter().zip(expected).filter(|(a, b)| a != b).count();
                outcomes.wrong.push(format!("bit {bit} of byte {at}: {differ} answers"));
            }
        }
    }
    outcomes
}

/// Builds a view, and copies its files as a killed process leaves them.
fn killed(folder: &Path) -> (PathBuf, Vec<String>) {
    let running = folder.join("running.sqlite");
    let model = view(&running);
    left(folder, &running, &model)
}

fn left(folder: &Path, running: &Path, model: &ReadModel) -> (PathBuf, Vec<String>) {
    let path = folder.join("mypages.sqlite");
    for ending in ["", "-wal", "-shm"] {
        fs::copy(beside(running, ending), beside(&path, ending)).expect("is copied");
    }
    let expected = answers(model).expect("is readable");
    (path, expected)
}

fn stopped(folder: &Path) -> (PathBuf, Vec<String>) {
    let path = folder.join("mypages.sqlite");
    let model = view(&path);
    let expected = answers(&model).expect("is readable");
    model.seal().expect("is sealed");
    (path, expected)
}

#[test]
fn a_flipped_bit_in_a_stopped_view_is_never_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, expected) = stopped(folder.path());
    assert_eq!(served(&path).expect("is sound"), expected);
    let outcomes = flipped(&path, "", 1, &expected);
    eprintln!(
        "stopped, file: {} found, {} harmless, {} wrong",
        outcomes.found,
        outcomes.harmless,
        outcomes.wrong.len()
    );
    assert!(outcomes.wrong.is_empty(), "{:?}", outcomes.wrong);
}

#[test]
fn a_flipped_bit_in_the_files_of_a_killed_view_is_never_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, expected) = killed(folder.path());
    let mut all = Vec::new();
    for (seed, ending) in [(2, ""), (3, "-wal"), (4, "-shm")] {
        let outcomes = flipped(&path, ending, seed, &expected);
        eprintln!(
            "killed, {ending:?}: {} found, {} harmless, {} wrong",
            outcomes.found,
            outcomes.harmless,
            outcomes.wrong.len()
        );
        all.extend(outcomes.wrong.iter().map(|wrong| format!("{ending}: {wrong}")));
    }
    assert!(all.is_empty(), "{all:?}");
}

#[test]
fn a_shortened_log_is_found_and_an_unfinished_last_write_is_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, expected) = killed(folder.path());
    let log = fs::read(beside(&path, "-wal")).expect("is readable");
    for bytes in [1, 4_120, 9_000] {
        fs::write(beside(&path, "-wal"), &log[..log.len() - bytes]).expect("is writable");
        let reason = ReadModel::open(&path, LAYOUT).err().map(|found| found.to_string());
        assert_eq!(reason.as_deref(), Some("it is damaged: its log was cut short"), "{bytes}");
        // SQLite rebuilt the shared memory, from the log as it is.
        fs::copy(folder.path().join("running.sqlite-shm"), beside(&path, "-shm"))
            .expect("is there");
    }
    let unfinished = [log.as_slice(), &[7; 2_000]].concat();
    fs::write(beside(&path, "-wal"), unfinished).expect("is writable");
    assert_eq!(served(&path).expect("is whole"), expected);
}

/// Number of rows written at once so that all of the log is moved into the file.
const LONG: u64 = 18_000;

#[test]
fn a_restarted_log_is_valid_and_a_flipped_bit_in_it_is_never_served() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = folder.path().join("running.sqlite");
    let model = view(&running);
    let last = BUILT + 4 * ADDED;
    let rows: Changes = (last + 1..=last + LONG).map(|n| (n, Some(row(n, 8)))).collect();
    model.commit(last + LONG, &rows).expect("is written");
    let log = || fs::metadata(beside(&running, "-wal")).expect("is there").len();
    let before = log();
    model.commit(last + LONG + 1, &[(1, Some(row(1, 9)))]).expect("is written");
    assert_eq!(log(), before, "the log is overwritten from its beginning");
    // A served view is closed afterwards, which empties its log.
    let other = tempfile::tempdir().expect("a folder");
    let (whole, expected) = left(other.path(), &running, &model);
    assert_eq!(served(&whole).expect("is whole"), expected);
    let (path, expected) = left(folder.path(), &running, &model);
    let outcomes = flipped_often(&path, "-wal", (5, 24), &expected);
    assert!(outcomes.found > 0 && outcomes.harmless > 0, "{outcomes:?}");
    assert!(outcomes.wrong.is_empty(), "{:?}", outcomes.wrong);
}
