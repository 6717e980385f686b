//! Read models answer what they are asked, and are made anew when they cannot.

use crate::domain::kernel::{Field, Filter, Query};
use crate::store::read_model::{Found, FoundRow, ReadModel, RowChange, SearchError, Wanted};
use serde_json::{Value, json};
use std::{fs, path::Path};

const FIELDS: &[Field] = &[Field::text("name"), Field::number("price"), Field::time("madeAt")];
const OTHER_FIELDS: &[Field] = &[Field::text("name")];

fn opened(path: &Path) -> (ReadModel, Found) {
    ReadModel::open(path, "taxi/mypages", FIELDS).expect("opens")
}

fn change(row: &Value) -> RowChange {
    RowChange::new(FIELDS, row)
}

fn filled(path: &Path) -> ReadModel {
    let model = opened(path).0;
    let row = |number: u64| {
        let name = if number.is_multiple_of(2) { "Jung" } else { "Kim" };
        json!({"name": name, "price": number * 100, "madeAt": 1_000 + number})
    };
    let changes: Vec<_> = (1..=10).map(|number| (number, Some(change(&row(number))))).collect();
    model.commit(10, &changes).expect("is written");
    model
}

fn first_page() -> Wanted {
    Wanted { page: 0, size: 20, sort: None, descending: false }
}

fn asked(model: &ReadModel, conditions: &[(&str, &str)], wanted: &Wanted) -> (Vec<u64>, u64) {
    let conditions = owned(conditions);
    let (rows, total) = model.search(&conditions, wanted).expect("makes sense");
    (numbers(&rows), total)
}

fn refused(model: &ReadModel, conditions: &[(&str, &str)], sort: Option<&str>) -> String {
    let wanted = Wanted { sort: sort.map(str::to_owned), ..first_page() };
    match model.search(&owned(conditions), &wanted) {
        Err(SearchError::BadQuery(sentence)) => sentence,
        other => panic!("is not refused: {other:?}"),
    }
}

fn owned(conditions: &[(&str, &str)]) -> Vec<(String, String)> {
    conditions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn numbers(rows: &[FoundRow]) -> Vec<u64> {
    rows.iter().map(|row| row.number).collect()
}

#[test]
fn rows_and_cursor_are_there_after_reopening() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("views").join("mypages.sqlite");
    assert_eq!(opened(&path).1, Found::Missing);
    let model = filled(&path);
    model.commit(12, &[(3, None), (4, Some(change(&json!({"name": "Lee"}))))]).expect("is written");
    drop(model);
    let (model, found) = opened(&path);
    assert_eq!(found, Found::Whole);
    assert_eq!(model.cursor().expect("readable"), 12);
    assert_eq!(model.count().expect("readable"), 9);
    assert_eq!(model.get(3).expect("readable"), None);
    assert_eq!(model.row(4).expect("readable").expect("there"), br#"{"name":"Lee"}"#);
    let mut all = Vec::new();
    model.each(&mut |row| all.push(row.number)).expect("readable");
    assert_eq!(all, [1, 2, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn a_commit_that_fails_leaves_neither_rows_nor_cursor() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    let mut broken = RowChange::new(FIELDS, &json!({"name": "Lee"}));
    broken.values.push(rusqlite::types::Value::Null);
    let changes = [(11, Some(change(&json!({"name": "Lee"})))), (12, Some(broken))];
    model.commit(12, &changes).expect_err("one value too many");
    assert_eq!(model.cursor().expect("readable"), 10);
    assert_eq!(model.get(11).expect("readable"), None);
    assert_eq!(model.count().expect("readable"), 10);
}

#[test]
fn a_damaged_file_is_moved_aside_and_made_anew() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("mypages.sqlite");
    drop(filled(&path));
    fs::write(&path, "this is no database at all, and long enough to be looked at").expect("ok");
    let (model, found) = opened(&path);
    assert!(matches!(found, Found::Damaged { .. }), "{found:?}");
    assert_eq!(model.cursor().expect("readable"), 0);
    assert_eq!(model.count().expect("readable"), 0);
    assert!(dir.path().join("mypages.sqlite.damaged").exists());
}

#[test]
fn a_file_of_another_shape_is_made_anew() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("mypages.sqlite");
    drop(filled(&path));
    let (model, found) = ReadModel::open(&path, "taxi/mypages", OTHER_FIELDS).expect("opens");
    assert_eq!(found, Found::OtherShape);
    assert_eq!(model.cursor().expect("readable"), 0);
    assert_eq!(model.count().expect("readable"), 0);
}

#[test]
fn clients_search_by_equality_and_by_range() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    assert_eq!(asked(&model, &[("name", "Kim")], &first_page()), (vec![1, 3, 5, 7, 9], 5));
    assert_eq!(asked(&model, &[("price", "400")], &first_page()), (vec![4], 1));
    let range = [("price_from", "300"), ("price_to", "500")];
    assert_eq!(asked(&model, &range, &first_page()), (vec![3, 4, 5], 3));
    let both = [("name", "Jung"), ("madeAt_from", "1007")];
    assert_eq!(asked(&model, &both, &first_page()), (vec![8, 10], 2));
    let sort = Some("price".to_owned());
    let second_page = Wanted { page: 1, size: 3, sort, descending: true };
    assert_eq!(asked(&model, &[], &second_page), (vec![7, 6, 5], 10));
}

#[test]
fn a_question_without_sense_is_refused_in_a_sentence() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    let allowed = "the searchable fields are `name`, `price`, `madeAt`";
    assert!(refused(&model, &[("colour", "red")], None).contains(allowed));
    assert!(refused(&model, &[], Some("colour")).contains(allowed));
    assert!(refused(&model, &[("price", "much")], None).contains("a whole number"));
    assert!(refused(&model, &[("name_from", "A")], None).contains("equality only"));
}

#[test]
fn a_question_that_would_be_a_statement_is_only_a_question() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    let evil = "x'; DROP TABLE rows; --";
    assert_eq!(asked(&model, &[("name", evil)], &first_page()), (vec![], 0));
    assert_eq!(asked(&model, &[("name", "' OR 1=1 --")], &first_page()), (vec![], 0));
    refused(&model, &[("name = name OR 1=1 --", "x")], None);
    refused(&model, &[], Some("number; DROP TABLE rows"));
    assert_eq!(model.count().expect("readable"), 10);
}

#[test]
fn a_lookup_finds_the_cheapest_first() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    model
        .commit(11, &[(9, Some(change(&json!({"name": "Kim", "price": 1}))))])
        .expect("is written");
    let filters = vec![Filter::Is("name", "Kim".to_owned()), Filter::AtLeast("price", 1)];
    let query = Query { filters, sort: Some("price"), rows_max: 2 };
    assert_eq!(numbers(&model.find(&query).expect("makes sense")), [9, 1]);
    let query = Query { filters: vec![Filter::Equals("price", 400)], sort: None, rows_max: 9 };
    assert_eq!(numbers(&model.find(&query).expect("makes sense")), [4]);
}
