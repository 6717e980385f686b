//! The filter of a feed, and the position where it starts.

use crate::{
    actors::{AggregateEvent, Caller, EventHeader, Runtime, Sight},
    http::{escape::short, problem::Problem, streams::position},
};
use actix_web::web;
use std::collections::HashMap;

/// The events of a page by default, and at most.
const SIZE_DEFAULT: usize = 100;
const SIZE_MAX: usize = 1_000;

/// The longest query, in bytes.
const QUERY_BYTES_MAX: usize = 4_096;

/// The names of events that a filter may list.
const TYPES_MAX: usize = 32;

const PARAMETERS: &str =
    "`business`, `aggregate`, `number`, `type`, `correlation`, `after`, `size`";

/// The events that a client wants, and where it starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    business: Option<String>,
    aggregate: Option<String>,
    number: Option<u64>,
    types: Vec<String>,
    correlation: Option<u64>,
    /// Where it starts, if it says so.
    pub start: Option<Start>,
    /// The events of a page, at most.
    pub size: usize,
}

/// Where a feed starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the first event.
    Beginning,
    /// With the next event.
    Now,
    /// With the first event after this position.
    After(u64),
}

/// What a client sees of each business.
pub type Sights = HashMap<&'static str, Sight>;

impl Wanted {
    /// Reads the filter from a query: `business=taxi&aggregate=orders&number=7&type=Called`.
    ///
    /// # Errors
    /// When a parameter is unknown or invalid, or names a business or an aggregate that there is
    /// not.
    pub fn read(query: &str, runtime: &Runtime) -> Result<Self, Problem> {
        let wanted = Self::parse(query)?;
        let resources = runtime.resources();
        if let Some(business) = &wanted.business
            && !resources.iter().any(|known| known.business == business)
        {
            let business = short(business);
            return Err(Problem::bad_query(format!("there is no business `{business}`")));
        }
        if let Some(aggregate) = &wanted.aggregate
            && !resources.iter().any(|known| {
                known.name == aggregate
                    && wanted.business.as_deref().is_none_or(|of| of == known.business)
            })
        {
            let aggregate = short(aggregate);
            return Err(Problem::bad_query(format!("there are no aggregates `{aggregate}`")));
        }
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
                "business" => wanted.business = Some(value),
                "aggregate" => wanted.aggregate = Some(value),
                "number" => wanted.number = Some(number()?),
                "correlation" => wanted.correlation = Some(number()?),
                "type" => wanted.types.extend(value.split(',').map(str::to_owned)),
                "after" => wanted.start = Some(start(&value)?),
                "size" => wanted.size = size(&value)?,
                _ => {
                    let name = short(&name);
                    let reason =
                        format!("`{name}` is not a parameter here; there are {PARAMETERS}");
                    return Err(Problem::bad_query(reason));
                }
            }
        }
        if wanted.types.len() > TYPES_MAX {
            let reason = format!("there are more than {TYPES_MAX} names in `type`");
            return Err(Problem::bad_query(reason));
        }
        Ok(wanted)
    }

    /// Whether an event passes the filter, as far as its header tells, and may be seen.
    #[must_use]
    pub fn admits(&self, header: &EventHeader, sights: &Sights) -> bool {
        let Self { business, aggregate, number, correlation, .. } = self;
        business.as_deref().is_none_or(|it| it == header.business)
            && aggregate.as_deref().is_none_or(|it| it == header.resource)
            && number.is_none_or(|it| it == header.number)
            && correlation.is_none_or(|it| it == header.correlation)
            && sights
                .get(header.business)
                .is_some_and(|sight| sight.sees(header.readers, header.owner.as_deref()))
    }

    /// Whether an event has one of the wanted names: `Called`, or `taxi.orders.Called`.
    #[must_use]
    pub fn names(&self, name: &str, full_name: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|it| it == name || it == full_name)
    }

    /// The same for an event.
    #[must_use]
    pub fn names_event(&self, event: &AggregateEvent) -> bool {
        self.types.is_empty() || self.names(&event.name, &super::cloud_event::type_of(event))
    }
}

/// What a client sees of each business.
#[must_use]
pub fn sights(runtime: &Runtime, caller: &Caller) -> Sights {
    let businesses = runtime.resources().iter().map(|known| known.business);
    businesses.map(|business| (business, runtime.sight_of(business, caller))).collect()
}

fn start(text: &str) -> Result<Start, Problem> {
    match text {
        "beginning" => Ok(Start::Beginning),
        "now" => Ok(Start::Now),
        token => Ok(Start::After(position("after", token)?)),
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
    use crate::{
        domain::kernel::{Readers, Timestamp},
        http::position_token::PositionToken,
    };

    fn header(number: u64, owner: Option<&str>, readers: Readers) -> EventHeader {
        EventHeader {
            position: 1,
            time: Timestamp(0),
            business: "taxi",
            resource: "orders",
            number,
            version: 1,
            correlation: number,
            owner: owner.map(Into::into),
            readers,
        }
    }

    #[test]
    fn a_filter_is_read_from_the_query() {
        let token = PositionToken(41);
        let query =
            format!("business=taxi&aggregate=orders&number=7&type=Called,Paid&after={token}");
        let wanted = Wanted::parse(&query).unwrap();
        assert_eq!((wanted.number, wanted.start), (Some(7), Some(Start::After(41))));
        let names = |name| wanted.names(name, &format!("taxi.orders.{name}"));
        assert!(names("Called") && names("Paid") && !names("Cancelled"));
        let wanted = Wanted::parse("type=taxi.orders.Called&size=3").unwrap();
        assert!(wanted.names("Called", "taxi.orders.Called") && wanted.size == 3);
        assert!(!wanted.names("Called", "rental.orders.Called"));
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
        assert!(Wanted::parse(&format!("type={}", "a,".repeat(33))).is_err());
        assert!(Wanted::parse(&"a".repeat(5_000)).is_err());
    }

    #[test]
    fn an_event_is_admitted_when_it_is_wanted_and_the_client_may_see_it() {
        let kim = Sights::from([("taxi", Sight::Own("kim".into()))]);
        let all = Wanted::parse("").unwrap();
        assert!(all.admits(&header(7, Some("kim"), Readers::Owner), &kim));
        assert!(all.admits(&header(7, None, Readers::Anyone), &kim));
        assert!(!all.admits(&header(7, Some("lee"), Readers::Owner), &kim));
        assert!(!all.admits(&header(7, None, Readers::Owner), &kim));
        assert!(!all.admits(&header(7, Some("kim"), Readers::Staff), &kim));
        assert!(!all.admits(&header(7, Some("kim"), Readers::Owner), &Sights::new()));
        for (query, is_admitted) in [
            ("business=taxi&aggregate=orders", true),
            ("business=rental", false),
            ("aggregate=taxis", false),
            ("number=7&correlation=7", true),
            ("number=8", false),
            ("correlation=8", false),
        ] {
            let wanted = Wanted::parse(query).unwrap();
            let admitted = wanted.admits(&header(7, Some("kim"), Readers::Owner), &kim);
            assert_eq!(admitted, is_admitted, "{query}");
        }
    }
}
