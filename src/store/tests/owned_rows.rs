//! Tests that the list of an owner's rows is right while rows come, change their owner and go.

use super::answering::{FIELDS, LAYOUT, filled, long, opened};
use crate::store::read_model::{OpenProblem, ReadModel, RowChange, Wanted};
use rusqlite::{Connection, config::DbConfig};
use serde_json::json;
use std::{collections::BTreeMap, path::Path};

/// More rows than stay among the new ones.
const MANY: u64 = 9_000;

fn row(number: u64, owner: Option<&str>) -> RowChange {
    RowChange::new(FIELDS, &json!({"id": number, "price": number % 7}), owner).expect("is json")
}

fn owned_by(model: &ReadModel, owner: &str) -> (Vec<u64>, u64) {
    let wanted = Wanted { size: 10_000, owner: Some(owner.to_owned()), ..Wanted::default() };
    let (rows, total) = model.search(&[], &wanted, &long()).expect("is answered");
    (rows.iter().map(|row| row.number).collect(), total)
}

/// Compares each list with what the owners should have.
fn check(model: &ReadModel, owners: &BTreeMap<u64, Option<String>>) {
    for owner in ["kim", "lee", "kit", "owner 1", "owner 299"] {
        let is_own = |(_, of): &(&u64, &Option<String>)| of.as_deref() == Some(owner);
        let own: Vec<u64> = owners.iter().filter(is_own).map(|(number, _)| *number).collect();
        let total = own.len() as u64;
        assert_eq!(owned_by(model, owner), (own, total), "{owner}");
    }
    model.examine_all(&mut |_, _| {}).expect("is sound");
}

/// Changes a list in the file, as damage does; returns what the examination says.
fn tamper(path: &Path, statement: &str) -> String {
    let file = Connection::open(path).expect("opens");
    let keep_log = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    file.set_db_config(keep_log, true).expect("is set");
    file.execute(statement, []).expect("is executed");
    drop(file);
    let model = opened(path);
    model.examine_all(&mut |_, _| {}).expect_err("is damaged").to_string()
}

#[test]
fn lists_follow_rows_that_come_change_and_go() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("mypages.sqlite");
    let mut owners = BTreeMap::new();
    let commit = |model: &ReadModel,
                  owners: &mut BTreeMap<_, _>,
                  changes: Vec<(u64, Option<Option<String>>)>| {
        let written: Vec<_> = changes
            .iter()
            .map(|(number, of)| (*number, of.as_ref().map(|of| row(*number, of.as_deref()))))
            .collect();
        model.commit(1, &written).expect("is written");
        for (number, of) in changes {
            match of {
                Some(owner) => drop(owners.insert(number, owner)),
                None => drop(owners.remove(&number)),
            }
        }
    };
    let building = ReadModel::build(&path, LAYOUT, &OpenProblem::Missing).expect("is made");
    let kim = || Some(Some("kim".to_owned()));
    commit(&building, &mut owners, vec![(1, kim()), (2, Some(None)), (3, kim()), (5, kim())]);
    commit(&building, &mut owners, vec![(2, Some(Some("lee".to_owned()))), (5, None)]);
    let model = building.take_place(&path).expect("takes its place");
    check(&model, &owners);
    let many =
        (10..10 + MANY).map(|number| (number, Some(Some(format!("owner {}", number % 300)))));
    for part in many.collect::<Vec<_>>().chunks(1_000) {
        commit(&model, &mut owners, part.to_vec());
    }
    check(&model, &owners);
    let last = 9 + MANY;
    commit(&model, &mut owners, vec![(1, None), (11, kim()), (12, None), (last, Some(None))]);
    commit(&model, &mut owners, vec![(1, kim()), (last - 1, kim()), (last + 5, kim())]);
    check(&model, &owners);
    drop(model);
    check(&opened(&path), &owners);
}

#[test]
fn a_list_that_differs_from_the_rows_is_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("mypages.sqlite");
    let model = filled(&path);
    model.commit(11, &[(11, Some(row(11, Some("kim"))))]).expect("is written");
    drop(model);
    let unlisted = tamper(&path, "DELETE FROM owned_new");
    assert!(unlisted.contains("row 11 is not in the list of its owner"), "{unlisted}");
    let twice = "INSERT INTO owned VALUES ('kim', 11), ('kim', 3)";
    let too_many = tamper(&path, twice);
    assert!(
        too_many.contains("rows with an owner: 1, rows in the lists of owners: 2"),
        "{too_many}"
    );
    let model = opened(&path);
    let wanted = Wanted { size: 20, owner: Some("kim".to_owned()), ..Wanted::default() };
    let foreign = model.search(&[], &wanted, &long()).expect_err("is damaged").to_string();
    assert!(foreign.contains("row 3 is in a wrong list"), "{foreign}");
}
