//! The filter of a feed, and the position where it starts.

use crate::{
    actors::{EventFilter, Runtime, Start},
    inbound::{escape::short, feed::start, problem::Problem},
};
use actix_web::web;

/// The events of a page by default, and at most.
const SIZE_DEFAULT: usize = 100;
const SIZE_MAX: usize = 1_000;

/// The longest query, in bytes.
const QUERY_BYTES_MAX: usize = 4_096;

const PARAMETERS: &str =
    "`business`, `aggregate`, `number`, `type`, `correlation`, `after`, `size`";

/// The events that a client wants, and where it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The events.
    pub filter: EventFilter,
    /// Where it starts, if it says so.
    pub start: Option<Start>,
    /// The events of a page, at most.
    pub size: usize,
}

impl Wanted {
    /// Reads the filter from a query: `business=taxi&aggregate=orders&number=7&type=Called`.
    ///
    /// # Errors
    /// When a parameter is unknown or invalid, or names a business or an aggregate that there is
    /// not.
    pub fn read(query: &str, runtime: &Runtime) -> Result<Self, Problem> {
        let wanted = Self::parse(query)?;
        wanted.filter.check(runtime.resources()).map_err(Problem::bad_query)?;
        Ok(wanted)
    }

    fn parse(query: &str) -> Result<Self, Problem> {
        let mut wanted = Self { size: SIZE_DEFAULT, ..Self::default() };
        if query.len() > QUERY_BYTES_MAX {
            let reason = format!("the query has more than {QUERY_BYTES_MAX} bytes");
            return Err(Problem::bad_query(reason));
        }
        let pairs = web::Query::<Vec<(String, String)>>::from_query(query)
            .map_err(|error| Problem::bad_query(format!("the query cannot be read: {error}")))?;
        for (name, value) in pairs.into_inner() {
            let number = || {
                value.parse().map_err(|_| {
                    let value = short(&value);
                    Problem::bad_query(format!("`{name}` is `{value}`, not a whole number"))
                })
            };
            match name.as_str() {
                "business" => wanted.filter.business = Some(value),
                "aggregate" => wanted.filter.aggregate = Some(value),
                "number" => wanted.filter.number = Some(number()?),
                "correlation" => wanted.filter.correlation = Some(number()?),
                "type" => wanted.filter.types.extend(value.split(',').map(str::to_owned)),
                "after" => wanted.start = Some(start("after", &value)?),
                "size" => wanted.size = size(&value)?,
                _ => {
                    let name = short(&name);
                    let reason =
                        format!("`{name}` is not a parameter here; there are {PARAMETERS}");
                    return Err(Problem::bad_query(reason));
                }
            }
        }
        Ok(wanted)
    }
}

fn size(text: &str) -> Result<usize, Problem> {
    let size = text.parse().ok().filter(|size| (1..=SIZE_MAX).contains(size));
    size.ok_or_else(|| {
        let text = short(text);
        Problem::bad_query(format!("`size` is `{text}`; possible is a number from 1 to {SIZE_MAX}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbound::position_token::PositionToken;

    #[test]
    fn a_filter_is_read_from_the_query() {
        let token = PositionToken(41);
        let query =
            format!("business=taxi&aggregate=orders&number=7&type=Called,Paid&after={token}");
        let wanted = Wanted::parse(&query).unwrap();
        assert_eq!((wanted.filter.number, wanted.start), (Some(7), Some(Start::After(41))));
        assert_eq!(wanted.filter.types, ["Called", "Paid"]);
        let wanted = Wanted::parse("type=taxi.orders.Called&size=3").unwrap();
        assert_eq!((&*wanted.filter.types[0], wanted.size), ("taxi.orders.Called", 3));
        assert_eq!(Wanted::parse("after=now").unwrap().start, Some(Start::Now));
    }

    #[test]
    fn an_invalid_filter_is_refused_with_the_reason() {
        for (query, reason) in [
            ("colour=red", "`colour` is not a parameter here; there are `business`"),
            ("number=seven", "`number` is `seven`, not a whole number"),
            ("number=-1", "not a whole number"),
            ("after=47295", "`after` is `47295`, not a position from this server"),
            ("size=0", "possible is a number from 1 to 1000"),
            ("size=1001", "possible is a number from 1 to 1000"),
        ] {
            let problem = Wanted::parse(query).unwrap_err();
            assert!(problem.detail.contains(reason), "{query}: {}", problem.detail);
            assert_eq!(problem.family.status, 400);
        }
        let many = Wanted::parse(&format!("type={}", "a,".repeat(33))).unwrap();
        assert!(many.filter.check(&[]).is_err());
        assert!(Wanted::parse(&"a".repeat(5_000)).is_err());
    }
}
