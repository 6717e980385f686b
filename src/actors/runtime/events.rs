//! The events of all aggregates in the order of the journal, for feeds.

use super::Runtime;
use crate::{
    actors::{
        api::{Caller, RequestError, Sight},
        dispatch::named,
        support::run_blocking,
    },
    domain::kernel::{Readers, Timestamp},
    store::{
        KindSet, Payload, Record,
        journal::{Listener, ReadLevel},
    },
};
use serde_json::Value;
use std::sync::{Arc, atomic::AtomicUsize};

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
    /// The number of the aggregate.
    pub number: u64,
    /// The version of the aggregate after the event.
    pub version: u32,
    /// The number of the conversation that it belongs to.
    pub correlation: u64,
    /// The subject of the customer to whom the aggregate belongs.
    pub owner: Option<Box<str>>,
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

/// A stretch of the journal: its events, and the position up to which it was read.
#[derive(Clone, Debug)]
pub struct EventBatch {
    /// The wanted events, in order of position.
    pub events: Vec<AggregateEvent>,
    /// The position up to which there are no further wanted events.
    pub reached: u64,
}

impl Runtime {
    /// The last durable position.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.parts.journal.durable()
    }

    /// What the client may see of a business.
    #[must_use]
    pub fn sight_of(&self, business: &str, caller: &Caller) -> Sight {
        caller.sight(business, self.parts.staff_of(business))
    }

    /// Calls this function with the last durable position after each commit of records, as long as
    /// the count is not zero. The function must not block.
    pub fn on_durable(
        &self,
        is_waited_for: Arc<AtomicUsize>,
        wake: Arc<dyn Fn(u64) + Send + Sync>,
    ) {
        // No kind wakes it, only the count: a wake at each commit costs a switch of threads.
        let (kinds, pass) = (KindSet::default(), Arc::new(|_| {}));
        let listener = Listener { kinds, is_waited_for, wake, pass };
        self.parts.journal.subscribe(ReadLevel::Durable, listener);
    }

    /// Runs work that reads the journal on a thread where it may block.
    ///
    /// # Errors
    /// The error of the work, or its panic.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, RequestError> + Send + 'static,
    ) -> Result<T, RequestError> {
        run_blocking(work).await.map_err(RequestError::Failed)?
    }

    /// Reads up to `records_max` durable records after a position and returns the events among them
    /// that are wanted. Blocking.
    ///
    /// # Errors
    /// When the disk fails, or an event cannot be read.
    pub fn events(
        &self,
        after: u64,
        records_max: usize,
        is_wanted: &dyn Fn(&EventHeader) -> bool,
    ) -> Result<EventBatch, RequestError> {
        let records = self.parts.journal.read(after, records_max, ReadLevel::Durable)?;
        let reached = records.last().map_or(after, |last| last.position);
        let events = records.iter().filter_map(|record| self.event(record, is_wanted).transpose());
        let events = events.collect::<Result<_, _>>().map_err(RequestError::Failed)?;
        Ok(EventBatch { events, reached })
    }

    fn event(
        &self,
        record: &Record,
        is_wanted: &dyn Fn(&EventHeader) -> bool,
    ) -> Result<Option<AggregateEvent>, String> {
        let Payload::Event(bytes) = &record.payload else { return Ok(None) };
        let mut endpoints = self.parts.endpoints.iter();
        let Some(endpoint) = endpoints.find(|endpoint| endpoint.kind() == record.stream.kind)
        else {
            return Ok(None);
        };
        let info = endpoint.info();
        let header = EventHeader {
            position: record.position,
            time: record.time,
            business: info.business,
            resource: info.name,
            number: record.stream.number,
            version: record.version,
            correlation: record.correlation,
            owner: record.owner().map(Into::into),
            readers: info.readers,
        };
        if !is_wanted(&header) {
            return Ok(None);
        }
        let (name, details) = named(endpoint.describe_event(bytes).map_err(|reason| {
            format!("the event at {} cannot be read: {reason}", record.position)
        })?);
        Ok(Some(AggregateEvent { header, name, details }))
    }
}
