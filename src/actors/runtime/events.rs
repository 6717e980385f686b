//! The events of all aggregates in the order of the journal, for feeds.

use super::Runtime;
use crate::{
    actors::{
        api::{
            AggregateEvent, Caller, EventBatch, EventFilter, EventHeader, ReadLimits, RequestError,
            Sight, Sights,
        },
        dispatch::named,
        support::run_blocking,
    },
    store::{
        KindSet, Payload, Record,
        journal::{Listener, ReadLevel},
    },
};
use std::sync::{Arc, atomic::AtomicUsize};

/// About the size of an event without details, as it is shown.
const HEADER_BYTES: usize = 256;

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

    /// What the client may see of each business.
    #[must_use]
    pub fn sights(&self, caller: &Caller) -> Sights {
        let businesses = self.parts.resources.iter().map(|known| known.business);
        businesses.map(|business| (business, self.sight_of(business, caller))).collect()
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

    /// Reads durable records after a position, and returns the events among them that pass the filter
    /// and may be seen, within the limits. Blocking.
    ///
    /// # Errors
    /// When the disk fails, or an event cannot be read.
    pub fn filtered_events(
        &self,
        (filter, sights): (&EventFilter, &Sights),
        after: u64,
        limits: ReadLimits,
    ) -> Result<EventBatch, RequestError> {
        let records = self.parts.journal.read(after, limits.records, ReadLevel::Durable);
        let records = records.map_err(|error| RequestError::Failed(error.to_string()))?;
        let is_wanted = |header: &EventHeader| filter.admits(header, sights);
        let (mut events, mut bytes, mut reached) = (Vec::new(), 0, after);
        for record in &records {
            let event = self.event(record, &is_wanted).map_err(RequestError::Failed)?;
            if let Some(event) = event.filter(|event| filter.names_event(event)) {
                events.push(event);
                bytes += event_bytes(record);
            }
            reached = record.position;
            if events.len() >= limits.events || bytes >= limits.bytes {
                break;
            }
        }
        Ok(EventBatch { events, reached })
    }

    fn event(
        &self,
        record: &Record,
        is_wanted: &dyn Fn(&EventHeader) -> bool,
    ) -> Result<Option<AggregateEvent>, String> {
        let Payload::Event(_) = &record.payload else { return Ok(None) };
        let Some(endpoint) = self.parts.endpoint_of(record.stream.kind) else { return Ok(None) };
        let info = endpoint.info();
        let header = EventHeader {
            position: record.position,
            time: record.time,
            business: info.business,
            resource: info.name,
            stream: record.stream,
            version: record.version,
            correlation: record.correlation,
            owner: record.principals.as_ref().and_then(|all| all.owner.clone()),
            readers: info.readers,
        };
        if !is_wanted(&header) {
            return Ok(None);
        }
        let (name, details) = named(endpoint.describe_event(record).map_err(|reason| {
            format!("the event at {} cannot be read: {reason}", record.position)
        })?);
        Ok(Some(AggregateEvent { header, name, details }))
    }
}

/// About the size of the event in a record, as it is shown.
const fn event_bytes(record: &Record) -> usize {
    match &record.payload {
        Payload::Event(bytes) => bytes.len() + HEADER_BYTES,
        _ => 0,
    }
}
