//! Questions to a read model, turned into statements. Values are only ever bound.

use super::{ReadModelError, shape::column};
use crate::domain::kernel::{Field, FieldKind, Filter, Query, Timestamp};
use rusqlite::types::Value;
use std::fmt::Write;

/// The most fields to sort by at once.
const SORTS_MAX: usize = 8;

/// The part of the result a client wants.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Which page, from 0.
    pub page: u64,
    /// Rows per page.
    pub size: usize,
    /// What to sort by, most important first; the row's number decides between equals.
    pub sort: Vec<SortBy>,
    /// The largest numbers first, where nothing else is said.
    pub newest_first: bool,
}

/// One field to sort by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortBy {
    /// Its JSON name.
    pub field: String,
    /// Largest first.
    pub descending: bool,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The question makes no sense; the sentence says what would.
    #[error("{0}")]
    BadQuery(String),
    /// The read model failed.
    #[error(transparent)]
    Failed(#[from] ReadModelError),
}

/// A question as statements, with the values to bind.
pub(super) struct Search {
    pub(super) select: String,
    pub(super) parameters: Vec<Value>,
    pub(super) count: String,
    /// The values to bind when counting.
    pub(super) conditions: Vec<Value>,
}

/// What a client asks: `field=value`, `field_from=value`, `field_to=value`.
pub(super) fn of_request(
    fields: &[Field],
    conditions: &[(String, String)],
    wanted: &Wanted,
) -> Result<Search, SearchError> {
    let mut clauses = Vec::new();
    let mut parameters = Vec::new();
    for (parameter, text) in conditions {
        let (index, operator) = condition(fields, parameter)?;
        clauses.push(format!("{} {operator} ?", column(fields, index)));
        parameters.push(value(parameter, fields[index], text)?);
    }
    let counted = match clauses.len() {
        0 => "SELECT rows FROM meta".to_owned(),
        _ => format!("SELECT count(*) FROM rows{}", whole(&clauses)),
    };
    let skipped = wanted.page.saturating_mul(wanted.size as u64);
    let skipped = i64::try_from(skipped).unwrap_or(i64::MAX);
    let select = format!(
        "SELECT number, body FROM rows{} ORDER BY {} LIMIT ? OFFSET ?",
        whole(&clauses),
        order(fields, wanted)?
    );
    let counted_by = parameters.clone();
    parameters.push(limit(wanted.size));
    parameters.push(Value::Integer(skipped));
    Ok(Search { select, parameters, count: counted, conditions: counted_by })
}

/// What a lookup asks.
pub(super) fn of_lookup(fields: &[Field], query: &Query) -> Result<Search, SearchError> {
    let mut clauses = Vec::new();
    let mut parameters = Vec::new();
    for filter in &query.filters {
        let (name, operator, value) = match filter {
            Filter::Equals(name, number) => (*name, "=", integer(*number)),
            Filter::AtLeast(name, number) => (*name, ">=", integer(*number)),
            Filter::Is(name, text) => (*name, "=", Value::Text(text.clone())),
        };
        let index = index(fields, name).ok_or_else(|| not_searchable(fields, name))?;
        clauses.push(format!("{} {operator} ?", column(fields, index)));
        parameters.push(value);
    }
    let sort = query.sort.map(|field| SortBy { field: field.to_owned(), descending: false });
    let order =
        order(fields, &Wanted { sort: sort.into_iter().collect(), ..Wanted::default() })?;
    let counted = format!("SELECT count(*) FROM rows{}", whole(&clauses));
    let select = format!("SELECT number, body FROM rows{} ORDER BY {order} LIMIT ?", whole(&clauses));
    let conditions = parameters.clone();
    parameters.push(limit(query.rows_max));
    Ok(Search { select, parameters, count: counted, conditions })
}

fn whole(clauses: &[String]) -> String {
    if clauses.is_empty() { String::new() } else { format!(" WHERE {}", clauses.join(" AND ")) }
}

/// What to order by. The number comes last, in the direction of what comes before it, so that
/// an index can be walked in either direction.
fn order(fields: &[Field], wanted: &Wanted) -> Result<String, SearchError> {
    if wanted.sort.len() > SORTS_MAX {
        let because = format!("there are more than {SORTS_MAX} fields to sort by");
        return Err(SearchError::BadQuery(because));
    }
    let mut order = String::new();
    let mut is_descending = wanted.newest_first;
    for SortBy { field, descending } in &wanted.sort {
        is_descending = *descending;
        let direction = direction(is_descending);
        let column = match (index(fields, field), field.as_str()) {
            (Some(index), _) => column(fields, index),
            (None, "number" | "id") => "number".to_owned(),
            (None, _) => {
                let field: String = field.chars().take(60).collect();
                let because = format!("`{field}` cannot be sorted by; {}", allowed(fields));
                return Err(SearchError::BadQuery(because));
            }
        };
        let _ = write!(order, "{column} {direction}, ");
    }
    let _ = write!(order, "number {}", direction(is_descending));
    Ok(order)
}

const fn direction(descending: bool) -> &'static str {
    if descending { "DESC" } else { "ASC" }
}

/// The field and the comparison that a query parameter names.
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

/// The field of this name, also when the name is written `like_this` instead of `likeThis`.
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
    format!("the searchable fields are {names}; numbers and times also with `_from` and `_to`")
}

fn value(parameter: &str, field: Field, text: &str) -> Result<Value, SearchError> {
    let number = || text.trim().parse().ok();
    let (value, sentence) = match field.kind {
        FieldKind::Text => return Ok(Value::Text(text.to_owned())),
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
