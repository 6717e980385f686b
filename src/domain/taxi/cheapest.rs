//! The lookup of the cheapest taxi with stock, of the grade that was paid for or a better one, for
//! reservations that accept any taxi.
//!
//! When no such taxi has stock, a second query searches all taxis, of any grade. A company without
//! any taxi confirms without one; a company whose taxis are all assigned does not.

use super::{
    availability::Availability,
    grade::Grade,
    reservation::{
        Among,
        Command::Find,
        Event::{self, TaxiSought},
        Reservation,
    },
};
use crate::domain::kernel::prelude::*;

#[derive(Clone, Copy, Debug)]
pub struct Cheapest;

impl Lookup for Cheapest {
    const NAME: &'static str = "taxi/cheapest";
    type Events = (Id<Reservation>, Event);
    type View = Availability;

    fn query((_, event): &Self::Events, _meta: &Meta) -> Option<Query> {
        let TaxiSought { among, grade } = event else { return None };
        let mut filters = vec![];
        if *among == Among::InStock {
            filters.push(Filter::AtLeast("stockCnt", 1));
            // Every taxi is of the lowest grade or better.
            if *grade > Grade::default() {
                let grades = grade.or_better().map(|grade| grade.to_string()).collect();
                filters.push(Filter::IsOneOf("grade", grades));
            }
        }
        Some(Query { filters, sort: Some("itemPrice"), rows_max: 1 })
    }

    fn on_rows(
        (reservation, _): &Self::Events,
        _meta: &Meta,
        rows: &[(u64, Availability)],
    ) -> Dispatch {
        Dispatch::new(*reservation, Find { taxi: rows.first().map(|(taxi, _)| Id::new(*taxi)) })
    }
}
