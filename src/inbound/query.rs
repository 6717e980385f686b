//! The query of a URL: page, size, sort, and the search conditions of a view.

use crate::{
    actors::{Page, Sort},
    inbound::{escape::short, position_token::PositionToken, problem::Problem},
};
use actix_web::web;

/// The default number of rows per page.
pub const SIZE_DEFAULT: usize = 20;

/// The most rows per page.
pub const SIZE_MAX: usize = 200;

/// The largest page number.
const PAGE_MAX: u64 = 1_000_000_000;

/// The longest query, in bytes: enough for all fields of any view, each with a value.
const QUERY_BYTES_MAX: usize = 8_192;

/// The most parameters of a query: more than any view has, with every field to sort by.
pub const PARAMETERS_MAX: usize = 64;

/// A parsed query.
#[derive(Clone, Debug)]
pub struct Query {
    /// The page and its order.
    pub page: Page,
    /// The journal position to wait for.
    pub at_least: Option<u64>,
    /// All other parameters, unchanged.
    pub conditions: Vec<(String, String)>,
}

impl Query {
    /// Parses the part of the URL after the question mark.
    ///
    /// # Errors
    /// When a parameter is invalid, or the query exceeds its limits.
    pub fn read(query: &str) -> Result<Self, Problem> {
        Self::read_sized(query, SIZE_DEFAULT)
    }

    /// Parses a query with another default number of rows per page.
    ///
    /// # Errors
    /// When a parameter is invalid, or the query exceeds its limits.
    pub fn read_sized(query: &str, size_default: usize) -> Result<Self, Problem> {
        if query.is_empty() {
            return Self::of_parameters(Vec::new(), size_default);
        }
        if query.len() > QUERY_BYTES_MAX {
            return Err(Problem::bad_query(format!(
                "the query has {} bytes; at most {QUERY_BYTES_MAX} are possible",
                query.len()
            )));
        }
        let parameters = query.split('&').count();
        if parameters > PARAMETERS_MAX {
            return Err(Problem::bad_query(format!(
                "the query has {parameters} parameters; at most {PARAMETERS_MAX} are possible"
            )));
        }
        let pairs = web::Query::<Vec<(String, String)>>::from_query(query)
            .map_err(|error| Problem::bad_query(format!("the query cannot be read: {error}")))?;
        Self::of_parameters(pairs.into_inner(), size_default)
    }

    /// Reads parameters, as they stand in a query.
    ///
    /// # Errors
    /// When a parameter is invalid.
    pub fn of_parameters(
        parameters: Vec<(String, String)>,
        size_default: usize,
    ) -> Result<Self, Problem> {
        let page = Page { number: 0, size: size_default, sort: Vec::new() };
        let mut read = Self { page, at_least: None, conditions: Vec::new() };
        for (name, value) in parameters {
            match name.as_str() {
                "page" => read.page.number = number(&name, &value, PAGE_MAX)?,
                "size" => read.page.size = size(&value)?,
                "sort" => read.page.sort.push(sort(&value)?),
                "at-least" => read.at_least = Some(position(&name, &value)?),
                _ => read.conditions.push((name, value)),
            }
        }
        Ok(read)
    }

    /// The same query in another order, without `at-least`.
    #[must_use]
    pub fn sorted_by(&self, sort: Sort) -> Self {
        let page = Page { sort: vec![sort], ..self.page.clone() };
        Self { page, at_least: None, conditions: self.conditions.clone() }
    }

    /// The same query for another page, without `at-least`, as the part after the question mark.
    #[must_use]
    pub fn at_page(&self, number: u64) -> String {
        let mut text = format!("page={number}&size={}", self.page.size);
        for sort in &self.page.sort {
            let order = if sort.descending { "desc" } else { "asc" };
            text.push_str("&sort=");
            encode(&sort.field, &mut text);
            text.push(',');
            text.push_str(order);
        }
        for (name, value) in &self.conditions {
            text.push('&');
            encode(name, &mut text);
            text.push('=');
            encode(value, &mut text);
        }
        text
    }
}

/// Parses the token of a journal position.
///
/// # Errors
/// When the value is no such token.
pub fn position(name: &str, value: &str) -> Result<u64, Problem> {
    let token = value.parse::<PositionToken>();
    let token = token.map_err(|_| {
        let value = short(value);
        Problem::bad_query(format!(
            "`{name}` is `{value}`, not a position from `X-Madang-Position`"
        ))
    })?;
    Ok(token.0)
}

fn number(name: &str, value: &str, max: u64) -> Result<u64, Problem> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|number| digits && *number <= max);
    number.ok_or_else(|| {
        Problem::bad_query(format!(
            "`{name}` is `{}`, not a whole number from 0 to {max}",
            short(value)
        ))
    })
}

fn size(value: &str) -> Result<usize, Problem> {
    let size = value.parse().ok().filter(|size| (1..=SIZE_MAX).contains(size));
    size.ok_or_else(|| {
        let value = short(value);
        Problem::bad_query(format!("`size` is `{value}`, not a whole number from 1 to {SIZE_MAX}"))
    })
}

fn sort(value: &str) -> Result<Sort, Problem> {
    let (field, order) = value.split_once(',').unwrap_or((value, "asc"));
    let descending = match order {
        "asc" => false,
        "desc" => true,
        _ => {
            return Err(Problem::bad_query("`sort` is a field, and `asc` or `desc` after a comma"));
        }
    };
    if field.is_empty() {
        return Err(Problem::bad_query("`sort` names no field"));
    }
    Ok(Sort { field: field.to_owned(), descending })
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
pub fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            into.push(char::from(byte));
        } else {
            into.push('%');
            for half in [byte >> 4, byte & 15] {
                into.push(char::from(b"0123456789ABCDEF"[usize::from(half)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_query_is_the_first_page_of_twenty() {
        let query = Query::read("").unwrap();
        assert_eq!((query.page.number, query.page.size), (0, 20));
        assert!(query.page.sort.is_empty() && query.conditions.is_empty());
    }

    #[test]
    fn page_size_sort_and_conditions_are_distinguished() {
        let at_least = PositionToken(9);
        let query = format!("page=2&size=5&sort=name,desc&at-least={at_least}&name=Kim%20%26+Co");
        let query = Query::read(&query).unwrap();
        assert_eq!((query.page.number, query.page.size, query.at_least), (2, 5, Some(9)));
        assert!(query.page.sort[0].descending);
        assert_eq!(query.conditions, [("name".to_owned(), "Kim & Co".to_owned())]);
        assert_eq!(query.at_page(3), "page=3&size=5&sort=name,desc&name=Kim%20%26%20Co");
    }

    #[test]
    fn a_query_with_too_many_parameters_or_bytes_is_refused() {
        let parameters = vec!["id=1"; PARAMETERS_MAX].join("&");
        assert_eq!(Query::read(&parameters).unwrap().conditions.len(), PARAMETERS_MAX);
        let problem = Query::read(&format!("{parameters}&id=1")).unwrap_err();
        assert_eq!(problem.family.status, 400);
        assert!(problem.detail.contains("at most 64"), "{}", problem.detail);
        let problem = Query::read(&format!("name={}", "x".repeat(QUERY_BYTES_MAX))).unwrap_err();
        assert_eq!(problem.family.status, 400);
        assert!(problem.detail.contains("at most 8192"), "{}", problem.detail);
    }

    #[test]
    fn an_invalid_query_is_refused_with_a_message() {
        for query in [
            "page=-1",
            "page=x",
            "size=0",
            "size=201",
            "size=",
            "sort=",
            "sort=a,up",
            "at-least=+1",
            "at-least=9",
        ] {
            let problem = Query::read(query).unwrap_err();
            assert_eq!(problem.family.status, 400, "{query}");
        }
    }
}
