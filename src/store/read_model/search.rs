//! Translation of queries into SQL statements. Values are always bound, never part of the text.

use super::{columns::column, fault::ReadModelError, limit::Ended, owners};
use crate::domain::kernel::{Date, Field, FieldKind, Filter, Query, Timestamp};
use rusqlite::types::Value;
use std::fmt::Write;

/// The column of a row's number.
const NUMBER: &str = "number";

/// The most fields to sort by at once.
const SORTS_MAX: usize = 8;

/// The most conditions of one query. No sensible query needs more. Each condition costs time for
/// every row, and `SQLite` refuses an expression with a thousand.
const CONDITIONS_MAX: usize = 32;

/// The longest text or number that is compared with a field, in bytes.
const VALUE_BYTES_MAX: usize = 1_024;

/// The part of the result a client wants.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Number of rows to skip.
    pub skip: u64,
    /// Number of rows to return.
    pub size: usize,
    /// The fields to sort by, most important first; the row's number decides between equals.
    pub sort: Vec<SortBy>,
    /// Whether the largest numbers come first when `sort` is empty.
    pub newest_first: bool,
    /// Only rows that belong to this subject; all rows when `None`.
    pub owner: Option<String>,
}

/// One field to sort by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortBy {
    /// The field's JSON name.
    pub field: String,
    /// Largest first.
    pub descending: bool,
}

/// Why a query has no result.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The query is invalid; the sentence says what would be valid.
    #[error("{0}")]
    BadQuery(String),
    /// The query reached its limit, or its client has disconnected.
    #[error("{0}")]
    Ended(Ended),
    /// The read model failed.
    #[error(transparent)]
    Failed(#[from] ReadModelError),
}

/// A query as statements, with the values to bind.
pub(super) struct Search {
    /// Statement that finds the numbers of the rows. `SQLite` reads only indexes for it, and no
    /// rows.
    pub(super) select: String,
    pub(super) parameters: Vec<Value>,
    /// Statement that counts the rows that meet the conditions; `None` when there are no
    /// conditions.
    pub(super) count: Option<String>,
    /// The values to bind when counting.
    pub(super) conditions: Vec<Value>,
    /// The part of all rows in order of number, when the query asks for nothing else.
    pub(super) dense_range: Option<DenseRange>,
}

/// A part of all rows in order of number.
#[derive(Clone, Copy)]
pub(super) struct DenseRange {
    skipped: i64,
    size: i64,
    descending: bool,
}

impl DenseRange {
    /// Returns its numbers, when no number between the least and the greatest is missing. Then no
    /// row has to be skipped, however far the page is.
    pub(super) fn of(self, least: i64, greatest: i64, total: u64) -> Option<Vec<i64>> {
        let is_dense = u64::try_from(greatest - least + 1).is_ok_and(|numbers| numbers == total);
        if !is_dense || self.skipped > greatest - least {
            return is_dense.then(Vec::new);
        }
        let numbers: Vec<i64> = if self.descending {
            let from = greatest - self.skipped;
            (least.max(from - self.size + 1)..=from).rev().collect()
        } else {
            let from = least + self.skipped;
            (from..=greatest.min(from.saturating_add(self.size - 1))).collect()
        };
        Some(numbers)
    }
}

/// Translates a client's query: `field=value`, `field_from=value`, `field_to=value`.
pub(super) fn of_request(
    fields: &[Field],
    conditions: &[(String, String)],
    wanted: &Wanted,
) -> Result<Search, SearchError> {
    if conditions.len() > CONDITIONS_MAX {
        let reason = format!(
            "there are {} conditions; at most {CONDITIONS_MAX} are possible",
            conditions.len()
        );
        return Err(SearchError::BadQuery(reason));
    }
    let mut asked = Vec::new();
    for (parameter, text) in conditions {
        let (index, operator) = condition(fields, parameter)?;
        let values = vec![value(parameter, fields[index], text)?];
        asked.push(Condition { column: column(fields, index), operator, values });
    }
    let skipped = i64::try_from(wanted.skip).unwrap_or(i64::MAX);
    let (order, is_by_number) = order(fields, wanted, &asked)?;
    let (order, owner) = (format!("{order} LIMIT ? OFFSET ?"), wanted.owner.as_deref());
    let mut search = match owner {
        Some(owner) => statements_within(owner, &asked, (&order, is_by_number.is_some())),
        None => statements(&asked, &order),
    };
    search.parameters.extend([limit(wanted.size), Value::Integer(skipped)]);
    let is_all = asked.is_empty() && owner.is_none();
    search.dense_range = is_by_number.filter(|_| is_all).map(|descending| DenseRange {
        skipped,
        size: i64::try_from(wanted.size).unwrap_or(i64::MAX),
        descending,
    });
    Ok(search)
}

/// Translates a lookup's query.
pub(super) fn of_lookup(fields: &[Field], query: &Query) -> Result<Search, SearchError> {
    let mut asked = Vec::new();
    for filter in &query.filters {
        asked.push(filtered(fields, filter)?);
    }
    let sort = query.sort.map(|field| SortBy { field: field.to_owned(), descending: false });
    let wanted = Wanted { sort: sort.into_iter().collect(), ..Wanted::default() };
    let (order, _) = order(fields, &wanted, &asked)?;
    let mut search = statements(&asked, &format!("{order} LIMIT ?"));
    search.parameters.push(limit(query.rows_max));
    Ok(search)
}

/// Translates the search for the row with the largest number that meets this condition.
pub(super) fn of_last(fields: &[Field], filter: &Filter) -> Result<Search, SearchError> {
    Ok(statements(&[filtered(fields, filter)?], &format!("{NUMBER} DESC LIMIT 1")))
}

/// Returns the name of the field of a condition.
pub(super) const fn field_of(filter: &Filter) -> &'static str {
    let (Filter::Equals(name, _)
    | Filter::AtLeast(name, _)
    | Filter::Is(name, _)
    | Filter::IsOneOf(name, _)) = filter;
    name
}

fn filtered(fields: &[Field], filter: &Filter) -> Result<Condition, SearchError> {
    let text = |text: &String| Value::Text(text.clone());
    let (name, operator, values) = match filter {
        Filter::Equals(name, number) => (*name, "=", vec![integer(*number)]),
        Filter::AtLeast(name, number) => (*name, ">=", vec![integer(*number)]),
        Filter::Is(name, is) => (*name, "=", vec![text(is)]),
        Filter::IsOneOf(name, texts) => (*name, "IN", texts.iter().map(text).collect()),
    };
    let index = index(fields, name).ok_or_else(|| not_searchable(fields, name))?;
    Ok(Condition { column: column(fields, index), operator, values })
}

/// One parsed condition. It has one value, or with `IN` any number of them.
struct Condition {
    column: String,
    operator: &'static str,
    values: Vec<Value>,
}

/// Returns the clause of these conditions, and the values to bind in it.
fn clause(asked: &[Condition]) -> (String, Vec<Value>) {
    let clause = |condition: &Condition| {
        let marks = vec!["?"; condition.values.len()].join(", ");
        format!("{} {} ({marks})", condition.column, condition.operator)
    };
    let clauses: Vec<String> = asked.iter().map(clause).collect();
    let clauses = clauses.join(" AND ");
    let values = asked.iter().flat_map(|condition| condition.values.clone()).collect();
    (if clauses.is_empty() { clauses } else { format!(" WHERE {clauses}") }, values)
}

/// Returns the statements for the rows of one owner. They begin with the owner's list, which is
/// short compared with all rows. Rows are read only when a condition or the order needs them.
fn statements_within(owner: &str, asked: &[Condition], (order, by_number): (&str, bool)) -> Search {
    let (whole, values) = clause(asked);
    let list = owners::LIST;
    let of_rows = format!("{list} CROSS JOIN rows USING (number){whole}");
    let counted = if asked.is_empty() { list } else { &of_rows };
    let found = if asked.is_empty() && by_number { list } else { &of_rows };
    let owner = Value::Text(owner.to_owned());
    let conditions = [vec![owner.clone(), owner], values].concat();
    Search {
        select: format!("SELECT number FROM {found} ORDER BY {order}"),
        parameters: conditions.clone(),
        count: Some(format!("SELECT count(*) FROM {counted}")),
        conditions,
        dense_range: None,
    }
}

fn statements(asked: &[Condition], order: &str) -> Search {
    let (whole, conditions) = clause(asked);
    let count = (!asked.is_empty()).then(|| format!("SELECT count(*) FROM rows{whole}"));
    Search {
        select: format!("SELECT number FROM rows{whole} ORDER BY {order}"),
        parameters: conditions.clone(),
        count,
        conditions,
        dense_range: None,
    }
}

/// Returns the terms to order by and, when that is the number alone, whether it is descending. The
/// number comes last, in the direction of the term before it, so that an index can be read in
/// either direction.
///
/// With only ranges as conditions, `SQLite` reads all rows in the right order instead of searching
/// the few that match. A `+` prevents that.
fn order(
    fields: &[Field],
    wanted: &Wanted,
    asked: &[Condition],
) -> Result<(String, Option<bool>), SearchError> {
    if wanted.sort.len() > SORTS_MAX {
        let reason = format!("there are more than {SORTS_MAX} fields to sort by");
        return Err(SearchError::BadQuery(reason));
    }
    let mut terms = Vec::new();
    for SortBy { field, descending } in &wanted.sort {
        let column = match (index(fields, field), field.as_str()) {
            (Some(index), _) => column(fields, index),
            (None, "number" | "id") => NUMBER.to_owned(),
            (None, _) => {
                let field: String = field.chars().take(60).collect();
                let reason = format!("`{field}` cannot be sorted by; {}", allowed(fields));
                return Err(SearchError::BadQuery(reason));
            }
        };
        terms.push((column, *descending));
    }
    let descending = terms.last().map_or(wanted.newest_first, |(_, descending)| *descending);
    terms.push((NUMBER.to_owned(), descending));
    let (first, descending) = &terms[0];
    let is_by_number = (first == NUMBER).then_some(*descending);
    let only_ranges = !asked.is_empty()
        && asked.iter().all(|condition| !matches!(condition.operator, "=" | "IN"));
    let is_asked_for = asked.iter().any(|condition| condition.column == *first);
    let mut order = if only_ranges && !is_asked_for { "+".to_owned() } else { String::new() };
    for (nth, (column, descending)) in terms.iter().enumerate() {
        let comma = if nth > 0 { ", " } else { "" };
        let _ = write!(order, "{comma}{column} {}", direction(*descending));
    }
    Ok((order, is_by_number))
}

const fn direction(descending: bool) -> &'static str {
    if descending { "DESC" } else { "ASC" }
}

/// Returns the field and the comparison that a query parameter names.
fn condition(fields: &[Field], parameter: &str) -> Result<(usize, &'static str), SearchError> {
    if let Some(index) = index(fields, parameter) {
        return Ok((index, "="));
    }
    for (ending, operator) in [("_from", ">="), ("_to", "<=")] {
        let Some(name) = parameter.strip_suffix(ending) else { continue };
        let Some(index) = index(fields, name) else { continue };
        if fields[index].kind == FieldKind::Text {
            return Err(SearchError::BadQuery(format!(
                "`{name}` is a text and is compared by equality only: use `{name}=`"
            )));
        }
        return Ok((index, operator));
    }
    Err(not_searchable(fields, parameter))
}

/// Returns the field of this name, also when the name is written `like_this` instead of `likeThis`.
fn index(fields: &[Field], name: &str) -> Option<usize> {
    let position = |name: &str| fields.iter().position(|field| field.name == name);
    position(name).or_else(|| position(&camel_case(name)))
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut joined = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        joined.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        joined.push_str(letters.as_str());
    }
    joined
}

fn not_searchable(fields: &[Field], name: &str) -> SearchError {
    let name: String = name.chars().take(60).collect();
    SearchError::BadQuery(format!("`{name}` is not searchable; {}", allowed(fields)))
}

fn allowed(fields: &[Field]) -> String {
    if fields.is_empty() {
        return "there are no searchable fields".to_owned();
    }
    let names: Vec<String> = fields.iter().map(|field| format!("`{}`", field.name)).collect();
    let names = names.join(", ");
    format!(
        "the searchable fields are {names}; numbers, times and dates also with `_from` and `_to`"
    )
}

fn value(parameter: &str, field: Field, text: &str) -> Result<Value, SearchError> {
    if text.len() > VALUE_BYTES_MAX {
        return Err(SearchError::BadQuery(format!(
            "the value of `{parameter}` has {} bytes; at most {VALUE_BYTES_MAX} are possible",
            text.len()
        )));
    }
    let number = || text.trim().parse().ok();
    let (value, sentence) = match field.kind {
        FieldKind::Text => return Ok(Value::Text(text.to_owned())),
        FieldKind::Date => {
            let date = text.trim().parse::<Date>();
            let date = date.map_err(|error| format!("`{parameter}`: {error}"));
            return date.map(|date| Value::Text(date.to_string())).map_err(SearchError::BadQuery);
        }
        FieldKind::Key | FieldKind::Number => (number(), "a whole number"),
        FieldKind::Time => {
            let written = || i64::try_from(Timestamp::from_rfc3339(text.trim())?.0).ok();
            (
                number().or_else(written),
                "a time: milliseconds since the epoch, or as in `2021-06-02T12:09:51Z`",
            )
        }
    };
    value.map(Value::Integer).ok_or_else(|| {
        let text: String = text.chars().take(60).collect();
        SearchError::BadQuery(format!("`{parameter}` must be {sentence}, not `{text}`"))
    })
}

fn integer(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn limit(rows_max: usize) -> Value {
    Value::Integer(i64::try_from(rows_max).unwrap_or(i64::MAX))
}
