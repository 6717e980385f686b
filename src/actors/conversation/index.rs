//! The index of conversations: lists the records of a conversation that are not in the first 256
//! records of a history with its number.
//!
//! A record belongs to the conversation in its cause. A client's record belongs to the conversation
//! that a saga routes it to. Nearly all records are in histories with the conversation's own
//! number, and are found there without an index. Each other record, such as that of a taxi that
//! came or a car that was rented, gets a row. A projector beside the views writes the rows, so the
//! journal's writer thread does no work for them.

use super::kinds::KindNames;
use crate::{
    actors::{dispatch::Registry, view::Projection},
    domain::kernel::{Field, Saga},
    store::{Cause, KindId, KindSet, Payload, Record, Stream, read_model::Layout},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The name of the index and of its file.
pub const INDEX: &str = "conversations";

/// The field by which the index is searched.
pub const CONVERSATION: &str = "conversation";

/// A function that returns the conversation that a saga routes an event to; `None` without one.
pub type Route = Arc<dyn Fn(&Registry, &Record) -> Result<Option<u64>, String> + Send + Sync>;

/// Returns the route of this saga.
pub fn route<S: Saga>() -> Route {
    Arc::new(|registry, record| {
        Ok(registry.decode::<S::Events>(record)?.as_ref().and_then(S::route))
    })
}

/// The routes of all sagas, each with the name of its business.
pub type Routes = Arc<Vec<(&'static str, Route)>>;

/// A row of the index: one record of a conversation. The row's number is the record's position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexedRecord {
    /// The conversation: `taxi/7`.
    pub conversation: String,
    kind: KindId,
    number: u64,
    /// The version of the record in its history.
    pub version: u32,
}

impl IndexedRecord {
    /// Returns the stream of the record.
    pub const fn stream(&self) -> Stream {
        Stream { kind: self.kind, number: self.number }
    }
}

/// Returns the name of a conversation in the index.
pub fn name_of(business: &str, number: u64) -> String {
    format!("{business}/{number}")
}

/// The projection of the journal into the index.
#[derive(Clone)]
pub struct Index {
    /// The names of all kinds.
    pub directory: Arc<KindNames>,
    /// The routes of client records to conversations.
    pub routes: Routes,
}

impl Projection for Index {
    type Row = IndexedRecord;
    type Event = IndexedRecord;

    fn layout() -> Layout {
        const FIELDS: &[Field] = &[Field::text(CONVERSATION)];
        let columns = &[CONVERSATION, "kind", "number", "version"];
        Layout { name: INDEX, fields: FIELDS, columns, shape: 0 }
    }

    /// The kinds of sagas, ports and lookups receive the outcomes of their commands without an
    /// event, and timers. These records belong to conversations too.
    fn kinds(&self, _: &Registry) -> KindSet {
        self.directory.kinds()
    }

    fn decode(
        &self,
        registry: &Registry,
        record: &Record,
    ) -> Result<Option<(Vec<u64>, IndexedRecord)>, String> {
        let Some(listed) = self.directory.get(record.stream.kind) else { return Ok(None) };
        let number = match conversation_of(&self.routes, &listed.business, registry, record)? {
            Some(number) if is_elsewhere(record, number) => number,
            _ => return Ok(None),
        };
        let Stream { kind, number: of } = record.stream;
        let conversation = name_of(&listed.business, number);
        let row = IndexedRecord { conversation, kind, number: of, version: record.version };
        Ok(Some((vec![record.position], row)))
    }

    fn fold(
        &self,
        _number: u64,
        _row: Option<IndexedRecord>,
        indexed: IndexedRecord,
        _record: &Record,
    ) -> Option<IndexedRecord> {
        Some(indexed)
    }
}

/// Returns whether a record is outside the first records of the histories with this number.
fn is_elsewhere(record: &Record, number: u64) -> bool {
    record.stream.number != number || record.version > HISTORY_RECORDS_MAX
}

/// Returns the conversation that a record belongs to; `None` when it belongs to none.
///
/// # Errors
/// When the record cannot be decoded.
pub fn conversation_of(
    routes: &Routes,
    business: &str,
    registry: &Registry,
    record: &Record,
) -> Result<Option<u64>, String> {
    match record.cause {
        Cause::Dispatch(origin) => Ok(Some(origin.conversation)),
        Cause::Timer => Ok(Some(record.stream.number)),
        Cause::Request(_) if !matches!(record.payload, Payload::Event(_)) => Ok(None),
        Cause::Request(_) => {
            let mut of_business = routes.iter().filter(|(of, _)| *of == business).peekable();
            if of_business.peek().is_none() {
                return Ok(Some(record.stream.number));
            }
            for (_, route) in of_business {
                if let Some(number) = route(registry, record)? {
                    return Ok(Some(number));
                }
            }
            Ok(None)
        }
    }
}

/// The number of records that are read from the start of a history for a conversation. Later
/// records are in the index.
pub(super) const HISTORY_RECORDS_MAX: u32 = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::journal::{Journal, MemoryJournal};

    #[test]
    fn the_timers_of_a_saga_and_the_refusals_of_its_commands_concern_the_index() {
        let journal = MemoryJournal::new();
        let kinds = ["taxi/orders", "saga taxi/ride"].map(|name| journal.kind(name).expect("new"));
        let directory = Arc::new(KindNames::of(&*journal));
        let index = Index { directory, routes: Arc::default() };
        let concerned = index.kinds(&Registry::default());
        assert!(kinds.iter().all(|kind| concerned.contains(*kind)));
    }
}
