//! Questions to a read model, turned into statements. Values are only ever bound.

use super::{ReadModelError, shape::column};
use crate::domain::kernel::{Field, FieldKind, Filter, Query};
use rusqlite::types::Value;

/// The part of the result a client wants.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which page, from 0.
    pub page: u64,
    /// Rows per page.
    pub size: usize,
    /// The JSON name of the field to sort by; by the row's number when `None`.
    pub sort: Option<String>,
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
        let (column, field, operator) = condition(fields, parameter)?;
        clauses.push(format!("{column} {operator} ?"));
        parameters.push(value(parameter, field, text)?);
    }
    let sort = match wanted.sort.as_deref() {
        None | Some("number" | "id") => "number".to_owned(),
        Some(name) => sort_column(fields, name)?,
    };
    let counted = match clauses.len() {
        0 => "SELECT rows FROM meta".to_owned(),
        _ => format!("SELECT count(*) FROM rows{}", whole(&clauses)),
    };
    let skipped = wanted.page.saturating_mul(wanted.size as u64);
    let skipped = i64::try_from(skipped).unwrap_or(i64::MAX);
    let direction = if wanted.descending { "DESC" } else { "ASC" };
    let select = format!(
        "SELECT number, body FROM rows{} ORDER BY {sort} {direction}, number {direction} LIMIT ? OFFSET ?",
        whole(&clauses)
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
        clauses.push(format!("{} {operator} ?", named(fields, name, name)?.0));
        parameters.push(value);
    }
    let sort = match query.sort {
        None => "number".to_owned(),
        Some(name) => sort_column(fields, name)?,
    };
    let counted = format!("SELECT count(*) FROM rows{}", whole(&clauses));
    let select =
        format!("SELECT number, body FROM rows{} ORDER BY {sort}, number LIMIT ?", whole(&clauses));
    let conditions = parameters.clone();
    parameters.push(limit(query.rows_max));
    Ok(Search { select, parameters, count: counted, conditions })
}

fn whole(clauses: &[String]) -> String {
    if clauses.is_empty() { String::new() } else { format!(" WHERE {}", clauses.join(" AND ")) }
}

/// The column, the field and the comparison that a query parameter names.
fn condition<'a>(
    fields: &'a [Field],
    parameter: &str,
) -> Result<(String, &'a Field, &'static str), SearchError> {
    if let Ok((column, field)) = named(fields, parameter, parameter) {
        return Ok((column, field, "="));
    }
    for (ending, operator) in [("_from", ">="), ("_to", "<=")] {
        let Some(name) = parameter.strip_suffix(ending) else {
            continue;
        };
        let (column, field) = named(fields, name, parameter)?;
        if field.kind == FieldKind::Text {
            return Err(SearchError::BadQuery(format!(
                "`{name}` is a text and is compared by equality only: use `{name}=`"
            )));
        }
        return Ok((column, field, operator));
    }
    named(fields, parameter, parameter).map(|(column, field)| (column, field, "="))
}

fn named<'a>(
    fields: &'a [Field],
    name: &str,
    said: &str,
) -> Result<(String, &'a Field), SearchError> {
    let index = fields.iter().position(|field| field.name == name).ok_or_else(|| {
        SearchError::BadQuery(format!("`{said}` is not searchable; {}", allowed(fields)))
    })?;
    Ok((column(fields, index), &fields[index]))
}

fn sort_column(fields: &[Field], name: &str) -> Result<String, SearchError> {
    let found = named(fields, name, name);
    found.map(|(column, _)| column).map_err(|_| {
        SearchError::BadQuery(format!("`{name}` cannot be sorted by; {}", allowed(fields)))
    })
}

fn allowed(fields: &[Field]) -> String {
    if fields.is_empty() {
        return "there are no searchable fields".to_owned();
    }
    let names: Vec<String> = fields.iter().map(|field| format!("`{}`", field.name)).collect();
    format!("the searchable fields are {}", names.join(", "))
}

fn value(parameter: &str, field: &Field, text: &str) -> Result<Value, SearchError> {
    let sentence = match field.kind {
        FieldKind::Text => return Ok(Value::Text(text.to_owned())),
        FieldKind::Key | FieldKind::Number => "a whole number",
        FieldKind::Time => "a time in milliseconds since the epoch",
    };
    text.trim().parse().map(Value::Integer).map_err(|_| {
        SearchError::BadQuery(format!("`{parameter}` must be {sentence}, not `{text}`"))
    })
}

fn integer(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn limit(rows_max: usize) -> Value {
    Value::Integer(i64::try_from(rows_max).unwrap_or(i64::MAX))
}
