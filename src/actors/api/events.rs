//! Events of aggregates, as feeds and subscriptions show them, and the filter that both have.

use super::{ResourceInfo, Sight};
use crate::{
    domain::kernel::{Readers, Timestamp},
    store::{Stream, Subject},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashMap;

/// The names of events that a filter may list.
const TYPES_MAX: usize = 32;

/// One event of an aggregate, without its details.
#[derive(Clone, Debug)]
pub struct EventHeader {
    /// The position in the journal.
    pub position: u64,
    /// The time of the event.
    pub time: Timestamp,
    /// `taxi`
    pub business: &'static str,
    /// `orders`
    pub resource: &'static str,
    /// The aggregate in the journal.
    pub stream: Stream,
    /// The version of the aggregate after the event.
    pub version: u32,
    /// The number of the conversation that it belongs to.
    pub correlation: u64,
    /// The subject of the customer to whom the aggregate belongs.
    pub owner: Option<Subject>,
    /// Who may read the aggregate.
    pub readers: Readers,
}

/// One event of an aggregate.
#[derive(Clone, Debug)]
pub struct AggregateEvent {
    /// Everything but the details.
    pub header: EventHeader,
    /// The name of the event: `Called`.
    pub name: String,
    /// The details of the event as JSON; `null` when it has none.
    pub details: Value,
}

impl AggregateEvent {
    /// The name of the event for clients: `taxi.orders.Called`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}.{}.{}", self.header.business, self.header.resource, self.name)
    }
}

/// A stretch of the journal: its events, and the position up to which it was read.
#[derive(Clone, Debug)]
pub struct EventBatch {
    /// The wanted events, in order of position.
    pub events: Vec<AggregateEvent>,
    /// The position up to which there are no further wanted events.
    pub reached: u64,
}

/// The limits of one read of the journal. It ends at the first that is reached.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimits {
    /// The most events.
    pub events: usize,
    /// The most records.
    pub records: usize,
    /// About the bytes of the events, as they are shown; the last event may exceed them.
    pub bytes: usize,
}

/// What a client sees of each business.
pub type Sights = HashMap<&'static str, Sight>;

/// Where a feed or a subscription starts. Stored with subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// With the first event.
    Beginning,
    /// With the next event.
    Now,
    /// With the first event after this position.
    After(u64),
}

/// A filter of events. Stored with subscriptions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFilter {
    /// Only events of this business.
    pub business: Option<String>,
    /// Only events of aggregates with this name: `orders`.
    pub aggregate: Option<String>,
    /// Only events of aggregates with this number.
    pub number: Option<u64>,
    /// Only events with one of these names, `Called` or `taxi.orders.Called`; all when it is empty.
    pub types: Vec<String>,
    /// Only events of the conversation of this number.
    pub correlation: Option<u64>,
}

impl EventFilter {
    /// Checks that the filter has at most 32 names, and that its business and its
    /// aggregates exist.
    ///
    /// # Errors
    /// A sentence that says what there is not.
    pub fn check(&self, resources: &[ResourceInfo]) -> Result<(), String> {
        if self.types.len() > TYPES_MAX {
            return Err(format!("there are more than {TYPES_MAX} names in `type`"));
        }
        let short = |text: &str| text.chars().take(60).collect::<String>();
        if let Some(business) = &self.business
            && !resources.iter().any(|known| known.business == business)
        {
            return Err(format!("there is no business `{}`", short(business)));
        }
        let is_of_business =
            |known: &&ResourceInfo| self.business.as_deref().is_none_or(|of| of == known.business);
        if let Some(aggregate) = &self.aggregate
            && !resources.iter().filter(is_of_business).any(|known| known.name == aggregate)
        {
            return Err(format!("there are no aggregates `{}`", short(aggregate)));
        }
        Ok(())
    }

    /// Whether an event passes the filter, as far as its header tells, and may be seen.
    #[must_use]
    pub fn admits(&self, header: &EventHeader, sights: &Sights) -> bool {
        let Self { business, aggregate, number, correlation, .. } = self;
        business.as_deref().is_none_or(|it| it == header.business)
            && aggregate.as_deref().is_none_or(|it| it == header.resource)
            && number.is_none_or(|it| it == header.stream.number)
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
        self.types.is_empty() || self.names(&event.name, &event.full_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::KindId;

    fn header(number: u64, owner: Option<&str>, readers: Readers) -> EventHeader {
        EventHeader {
            position: 1,
            time: Timestamp(0),
            business: "taxi",
            resource: "orders",
            stream: Stream { kind: KindId(1), number },
            version: 1,
            correlation: number,
            owner: owner.map(Into::into),
            readers,
        }
    }

    #[test]
    fn an_event_is_admitted_when_it_is_wanted_and_the_client_may_see_it() {
        let kim = Sights::from([("taxi", Sight::Own("kim".into()))]);
        let all = EventFilter::default();
        assert!(all.admits(&header(7, Some("kim"), Readers::Owner), &kim));
        assert!(all.admits(&header(7, None, Readers::Anyone), &kim));
        assert!(!all.admits(&header(7, Some("lee"), Readers::Owner), &kim));
        assert!(!all.admits(&header(7, None, Readers::Owner), &kim));
        assert!(!all.admits(&header(7, Some("kim"), Readers::Staff), &kim));
        assert!(!all.admits(&header(7, Some("kim"), Readers::Owner), &Sights::new()));
        let business = |it: &str| EventFilter { business: Some(it.into()), ..all.clone() };
        let aggregate = |it: &str| EventFilter { aggregate: Some(it.into()), ..all.clone() };
        let number = |it| EventFilter { number: Some(it), ..all.clone() };
        let correlation = |it| EventFilter { correlation: Some(it), ..all.clone() };
        for (filter, is_admitted) in [
            (business("taxi"), true),
            (business("rental"), false),
            (aggregate("orders"), true),
            (aggregate("taxis"), false),
            (number(7), true),
            (number(8), false),
            (correlation(7), true),
            (correlation(8), false),
        ] {
            let admitted = filter.admits(&header(7, Some("kim"), Readers::Owner), &kim);
            assert_eq!(admitted, is_admitted, "{filter:?}");
        }
    }

    #[test]
    fn a_name_is_wanted_alone_or_with_its_business_and_aggregate() {
        let filter = |types: &[&str]| EventFilter {
            types: types.iter().map(|it| (*it).to_owned()).collect(),
            ..EventFilter::default()
        };
        let short = filter(&["Called", "Paid"]);
        let names = |name| short.names(name, &format!("taxi.orders.{name}"));
        assert!(names("Called") && names("Paid") && !names("Cancelled"));
        let full = filter(&["taxi.orders.Called"]);
        assert!(full.names("Called", "taxi.orders.Called"));
        assert!(!full.names("Called", "rental.orders.Called"));
    }
}
