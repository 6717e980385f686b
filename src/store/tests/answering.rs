//! Tests of the queries and commits of read models.

use crate::{
    domain::kernel::{Field, Filter, Query},
    store::read_model::{
        Ended, FoundRow, Layout, OpenProblem, QueryLimit, ReadModel, RowChange, SearchError,
        SortBy, Wanted,
    },
};
use serde_json::{Value, json};
use std::{path::Path, time::Duration};

pub(super) const FIELDS: &[Field] =
    &[Field::key("id"), Field::text("name"), Field::number("price"), Field::time("madeAt")];

pub(super) const LAYOUT: Layout =
    Layout { name: "taxi/mypages", fields: FIELDS, columns: &["id", "name"], shape: 0 };

/// The same fields without an index by name.
pub(super) const NAME_IS_A_CHOICE: &[Field] =
    &[Field::key("id"), Field::choice("name"), Field::number("price"), Field::time("madeAt")];

pub(super) fn opened(path: &Path) -> ReadModel {
    ReadModel::open(path, LAYOUT).expect("opens")
}

pub(super) fn change(row: &Value) -> RowChange {
    RowChange::new(FIELDS, row, None).expect("is json")
}

/// A read model with ten rows and the cursor 10, in its place.
pub(super) fn filled(path: &Path) -> ReadModel {
    filled_as(path, LAYOUT)
}

fn filled_as(path: &Path, layout: Layout) -> ReadModel {
    let model = ReadModel::build(path, layout, &OpenProblem::Missing).expect("is made");
    let row = |number: u64| {
        let name = if number.is_multiple_of(2) { "Jung" } else { "Kim" };
        json!({"id": number, "name": name, "price": number * 100, "madeAt": 1_000 + number})
    };
    let changes: Vec<_> = (1..=10).map(|number| (number, Some(change(&row(number))))).collect();
    model.commit(10, &changes).expect("is written");
    model.take_place(path).expect("takes its place")
}

/// A limit that no query reaches.
pub(super) fn long() -> QueryLimit {
    QueryLimit::new(Duration::from_secs(600), None)
}

fn first_page() -> Wanted {
    Wanted { size: 20, ..Wanted::default() }
}

fn by(field: &str, descending: bool) -> SortBy {
    SortBy { field: field.to_owned(), descending }
}

fn searched(model: &ReadModel, conditions: &[(&str, &str)], wanted: &Wanted) -> (Vec<u64>, u64) {
    let conditions = owned(conditions);
    let (rows, total) = model.search(&conditions, wanted, &long()).expect("is valid");
    (numbers(&rows), total)
}

fn refused(model: &ReadModel, conditions: &[(&str, &str)], sort: Option<&str>) -> String {
    let sort = sort.map(|field| by(field, false)).into_iter().collect();
    let wanted = Wanted { sort, ..first_page() };
    match model.search(&owned(conditions), &wanted, &long()) {
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
fn rows_and_cursor_are_kept_after_reopening() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("views").join("mypages.sqlite");
    assert_eq!(ReadModel::open(&path, LAYOUT).err(), Some(OpenProblem::Missing));
    let model = filled(&path);
    model.commit(12, &[(3, None), (4, Some(change(&json!({"name": "Lee"}))))]).expect("is written");
    drop(model);
    let model = opened(&path);
    assert_eq!(model.cursor().expect("readable"), 12);
    assert_eq!(model.count().expect("readable"), 9);
    assert_eq!(model.get(3).expect("readable"), None);
    let row = model.row(4).expect("readable").expect("there");
    assert_eq!(row.body, br#"{"name":"Lee"}"#);
    let mut all = Vec::new();
    model.each(&mut |row| all.push(row.number)).expect("readable");
    assert_eq!(all, [1, 2, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn a_failed_commit_changes_neither_rows_nor_cursor() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    let mut broken = change(&json!({"name": "Lee"}));
    broken.values.push(rusqlite::types::Value::Null);
    let changes = [(11, Some(change(&json!({"name": "Lee"})))), (12, Some(broken))];
    model.commit(12, &changes).expect_err("one value too many");
    assert_eq!(model.cursor().expect("readable"), 10);
    assert_eq!(model.get(11).expect("readable"), None);
    assert_eq!(model.count().expect("readable"), 10);
}

#[test]
fn a_commit_on_a_full_disk_fails_and_the_view_stays_trusted() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    model.limit_pages(Some(1)).expect("is set");
    let long = "x".repeat(100_000);
    let changes = [(11, Some(change(&json!({ "name": long }))))];
    let full = model.commit(11, &changes).expect_err("there is no page left");
    assert!(full.to_string().contains("full"), "{full}");
    model.check().expect("the view stays trusted");
    assert_eq!(searched(&model, &[("name", "Kim")], &first_page()), (vec![1, 3, 5, 7, 9], 5));
    assert_eq!(model.cursor().expect("readable"), 10);

    model.limit_pages(None).expect("is set");
    model.commit(11, &changes).expect("there is space again");
    assert_eq!((model.cursor().expect("readable"), model.count().expect("readable")), (11, 11));
}

#[test]
fn clients_search_by_equality_and_by_range() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    assert_eq!(searched(&model, &[("name", "Kim")], &first_page()), (vec![1, 3, 5, 7, 9], 5));
    assert_eq!(searched(&model, &[("price", "400")], &first_page()), (vec![4], 1));
    let range = [("price_from", "300"), ("price_to", "500")];
    assert_eq!(searched(&model, &range, &first_page()), (vec![3, 4, 5], 3));
    let both = [("name", "Jung"), ("madeAt_from", "1007")];
    assert_eq!(searched(&model, &both, &first_page()), (vec![8, 10], 2));
    let sort = vec![by("price", true)];
    let second_page = Wanted { skip: 3, size: 3, sort, ..Wanted::default() };
    assert_eq!(searched(&model, &[], &second_page), (vec![7, 6, 5], 10));
}

#[test]
fn field_names_are_accepted_in_both_spellings_and_times_in_rfc_3339() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    for (parameter, value) in [
        ("made_at_from", "1009"),
        ("madeAt_from", "1970-01-01T00:00:01.009Z"),
        ("made_at_from", "1970-01-01T09:00:01.009+09:00"),
    ] {
        assert_eq!(searched(&model, &[(parameter, value)], &first_page()), (vec![9, 10], 2));
    }
    assert_eq!(searched(&model, &[("made_at", "1003"), ("id_to", "5")], &first_page()).0, [3]);
}

#[test]
fn rows_are_sorted_by_several_fields_and_then_by_number() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    let sort = vec![by("name", true), by("price", false)];
    let wanted = Wanted { sort, size: 7, ..Wanted::default() };
    assert_eq!(searched(&model, &[], &wanted).0, [1, 3, 5, 7, 9, 2, 4]);
    let wanted = Wanted { sort: vec![by("name", true)], size: 3, ..Wanted::default() };
    assert_eq!(searched(&model, &[], &wanted).0, [9, 7, 5]);
    let newest_first = Wanted { size: 2, newest_first: true, ..Wanted::default() };
    assert_eq!(searched(&model, &[("name", "Kim")], &newest_first).0, [9, 7]);
}

#[test]
fn pages_have_no_gaps_with_and_without_missing_numbers() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    for missing in [None, Some(5)] {
        if let Some(missing) = missing {
            model.commit(11, &[(missing, None)]).expect("is written");
        }
        let all: Vec<u64> = (1..=10).filter(|number| Some(*number) != missing).collect();
        for newest_first in [false, true] {
            let page = |page: u64| {
                let wanted = Wanted { skip: page * 3, size: 3, newest_first, ..Wanted::default() };
                searched(&model, &[], &wanted).0
            };
            let mut found: Vec<u64> = (0..5).flat_map(page).collect();
            assert_eq!(found.len(), all.len(), "{found:?}");
            if newest_first {
                found.reverse();
            }
            assert_eq!(found, all);
            assert_eq!(page(1_000_000_000), [0; 0]);
        }
    }
}

#[test]
fn every_query_uses_an_index() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    for field in FIELDS {
        for descending in [false, true] {
            let wanted = Wanted { sort: vec![by(field.name, descending)], ..first_page() };
            let plan = model.plan(&[], &wanted).expect("is valid");
            assert!(!plan.contains("TEMP B-TREE"), "{}: {plan}", field.name);
            let is_by_number = field.name == "id";
            assert!(is_by_number || plan.contains("INDEX by_field_"), "{plan}");
        }
        let endings: &[&str] = if field.name == "name" { &[""] } else { &["", "_from", "_to"] };
        for ending in endings {
            let condition = owned(&[(&format!("{}{ending}", field.name), "1")]);
            let plan = model.plan(&condition, &first_page()).expect("is valid");
            assert!(plan.starts_with("SEARCH rows USING"), "{condition:?}: {plan}");
            for other in FIELDS {
                let wanted = Wanted { sort: vec![by(other.name, true)], ..first_page() };
                let plan = model.plan(&condition, &wanted).expect("is valid");
                assert!(plan.starts_with("SEARCH rows USING"), "{condition:?}: {plan}");
            }
        }
    }
}

#[test]
fn a_choice_is_searched_without_an_index() {
    let dir = tempfile::tempdir().expect("a folder");
    let layout = Layout { fields: NAME_IS_A_CHOICE, ..LAYOUT };
    let model = filled_as(&dir.path().join("mypages.sqlite"), layout);
    assert_eq!(searched(&model, &[("name", "Kim")], &first_page()), (vec![1, 3, 5, 7, 9], 5));
    let cheapest = Wanted { sort: vec![by("price", false)], ..first_page() };
    let plan = model.plan(&owned(&[("name", "Kim")]), &cheapest).expect("is valid");
    assert!(plan.contains("INDEX by_field_2"), "{plan}");
}

#[test]
fn a_file_that_is_filled_has_the_index_by_which_its_rows_continue_others() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("mypages.sqlite");
    let model = ReadModel::build(&path, LAYOUT, &OpenProblem::Missing).expect("is made");
    let last = || model.last_of(&Filter::Is("name", "Kim".to_owned())).expect("is readable");
    assert_eq!(last(), None);
    let kim = || Some(change(&json!({"name": "Kim"})));
    model.commit(2, &[(3, kim()), (7, kim())]).expect("is written");
    assert_eq!(last(), Some(7));
    let plan = model.plan(&owned(&[("name", "Kim")]), &first_page()).expect("is valid");
    assert!(plan.starts_with("SEARCH rows USING"), "{plan}");
    model.take_place(&path).expect("takes its place");
    assert_eq!(opened(&path).count().expect("readable"), 2);
}

#[test]
fn the_rows_of_an_owner_are_found_by_its_list() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    let row = json!({"id": 3, "name": "Kim", "price": 7});
    let of = |owner| RowChange::new(FIELDS, &row, owner).expect("is json");
    let changes = [(3, Some(of(Some("kim")))), (12, Some(of(Some("kim")))), (4, Some(of(None)))];
    model.commit(12, &changes).expect("is written");
    let owned_by = |owner: &str| Wanted { owner: Some(owner.to_owned()), ..first_page() };
    assert_eq!(searched(&model, &[], &owned_by("kim")), (vec![3, 12], 2));
    assert_eq!(searched(&model, &[("name", "Jung")], &owned_by("kim")), (vec![], 0));
    assert_eq!(searched(&model, &[], &owned_by("lee")), (vec![], 0));
    let plan = model.plan(&[], &owned_by("kim")).expect("is valid");
    assert!(plan.contains("SEARCH owned USING PRIMARY KEY") && !plan.contains("rows"), "{plan}");
    let named = model.plan(&owned(&[("name", "Kim")]), &owned_by("kim")).expect("is valid");
    assert!(named.contains("SEARCH rows USING INTEGER PRIMARY KEY"), "{named}");
    let owner = |number| model.get(number).expect("readable").expect("there").owner;
    assert_eq!((owner(3).as_deref(), owner(4).as_deref(), owner(5)), (Some("kim"), None, None));
    model.commit(13, &[(3, Some(of(None)))]).expect("is written");
    assert_eq!(searched(&model, &[], &owned_by("kim")), (vec![12], 1));
}

#[test]
fn an_invalid_query_is_refused_with_the_reason() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    let allowed = "the searchable fields are `id`, `name`, `price`, `madeAt`";
    assert!(refused(&model, &[("colour", "red")], None).contains(allowed));
    assert!(refused(&model, &[], Some("colour")).contains(allowed));
    assert!(refused(&model, &[("price", "much")], None).contains("a whole number"));
    assert!(refused(&model, &[("name_from", "A")], None).contains("equality only"));
}

#[test]
fn a_query_with_many_conditions_is_refused_and_the_view_stays_trusted() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    for conditions in [33, 1_000] {
        let sentence = refused(&model, &vec![("id", "1"); conditions], None);
        assert!(sentence.contains("at most 32"), "{sentence}");
    }
    let text = "x".repeat(1_025);
    assert!(refused(&model, &[("name", &text)], None).contains("at most 1024"));
    assert_eq!(searched(&model, &[("id", "1"); 32], &first_page()), (vec![1], 1));
    model.check().expect("the view stays trusted");
}

/// Builds a read model with so many rows that a query takes some thousand steps.
fn many(path: &Path) -> ReadModel {
    let model = filled(path);
    let row = |number: u64| change(&json!({"name": "Jung", "price": number % 7, "madeAt": number}));
    let rows: Vec<_> = (11..=2_000).map(|number| (number, Some(row(number)))).collect();
    model.commit(2_000, &rows).expect("is written");
    model
}

#[test]
fn a_query_ends_at_its_deadline_or_with_its_client_and_the_view_stays_trusted() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = many(&dir.path().join("mypages.sqlite"));
    let conditions = owned(&[("name", "Jung"), ("price_from", "1")]);
    let wanted = Wanted { sort: vec![by("madeAt", true)], ..first_page() };
    let abandoned = long();
    drop(abandoned.abandon_on_drop());
    for (limit, expected) in
        [(QueryLimit::new(Duration::ZERO, None), Ended::TooSlow(0)), (abandoned, Ended::Abandoned)]
    {
        match model.search(&conditions, &wanted, &limit) {
            Err(SearchError::Ended(ended)) => assert_eq!(ended, expected),
            other => panic!("is not ended: {other:?}"),
        }
        let filters = vec![Filter::Is("name", "Jung".to_owned()), Filter::AtLeast("price", 1)];
        let query = Query { filters, sort: Some("madeAt"), rows_max: 9 };
        let looked_up = model.find(&query, &limit);
        assert!(matches!(looked_up, Err(SearchError::Ended(_))), "{looked_up:?}");
    }
    model.check().expect("the view stays trusted");
    let (rows, total) = model.search(&conditions, &wanted, &long()).expect("is answered");
    assert_eq!((rows.len(), total), (20, 1_711));
}

#[test]
fn sql_in_a_query_is_bound_as_a_value() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    let evil = "x'; DROP TABLE rows; --";
    assert_eq!(searched(&model, &[("name", evil)], &first_page()), (vec![], 0));
    assert_eq!(searched(&model, &[("name", "' OR 1=1 --")], &first_page()), (vec![], 0));
    refused(&model, &[("name = name OR 1=1 --", "x")], None);
    refused(&model, &[], Some("number; DROP TABLE rows"));
    assert_eq!(model.count().expect("readable"), 10);
}

#[test]
fn a_lookup_returns_rows_in_the_order_of_its_sort_field() {
    let dir = tempfile::tempdir().expect("a folder");
    let model = filled(&dir.path().join("mypages.sqlite"));
    model
        .commit(11, &[(9, Some(change(&json!({"name": "Kim", "price": 1}))))])
        .expect("is written");
    let filters = vec![Filter::Is("name", "Kim".to_owned()), Filter::AtLeast("price", 1)];
    let query = Query { filters, sort: Some("price"), rows_max: 2 };
    assert_eq!(numbers(&model.find(&query, &long()).expect("is valid")), [9, 1]);
    let query = Query { filters: vec![Filter::Equals("price", 400)], sort: None, rows_max: 9 };
    assert_eq!(numbers(&model.find(&query, &long()).expect("is valid")), [4]);
    let named = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let filters = vec![Filter::IsOneOf("name", names), Filter::AtLeast("price", 1)];
        let query = Query { filters, sort: Some("price"), rows_max: 2 };
        numbers(&model.find(&query, &long()).expect("is valid"))
    };
    assert_eq!((named(&["Kim", "Lee"]), named(&["Lee"]), named(&[])), (vec![9, 1], vec![], vec![]));
}
