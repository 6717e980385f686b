//! The index of who else took part: records of a conversation that do not stand in the first
//! pages of a history that bears its number.
//!
//! A record belongs to the conversation in which it was said, and that is in its cause; what a
//! client said belongs to the conversation to which a saga counts it. Nearly all of them stand in
//! histories of the conversation's own number, and are found there without an index. What is left
//! is a taxi that came, a car that was rented: a row for each of those, written by a projector
//! beside the views, never by those who write the journal.

use super::kinds::KindNames;
use crate::{
    actors::{dispatch::Registry, view::Projection},
    domain::kernel::{Field, Saga},
    store::{Cause, KindId, KindSet, Payload, Record, Stream, read_model::Layout},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The name of the index, which is also that of its file.
pub const INDEX: &str = "conversations";

/// The field that is searched.
pub const CONVERSATION: &str = "conversation";

/// To which conversation a saga counts an event; `None` when to none.
pub type Route = Arc<dyn Fn(&Registry, &Record) -> Result<Option<u64>, String> + Send + Sync>;

/// How this saga counts events.
pub fn route<S: Saga>() -> Route {
    Arc::new(|rooms, record| Ok(rooms.hear::<S::Hears>(record)?.as_ref().and_then(S::route)))
}

/// The sagas' routes, with the business of each.
pub type Routes = Arc<Vec<(&'static str, Route)>>;

/// One record that took part, by its position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexedRecord {
    /// In what: `taxi/7`.
    pub conversation: String,
    kind: KindId,
    number: u64,
    /// Its place in its history.
    pub version: u32,
}

impl IndexedRecord {
    /// Whose history it stands in.
    pub const fn stream(&self) -> Stream {
        Stream { kind: self.kind, number: self.number }
    }
}

/// What the conversation is called in the index.
pub fn name_of(business: &str, number: u64) -> String {
    format!("{business}/{number}")
}

/// The fold of the journal into the index.
#[derive(Clone)]
pub struct Index {
    /// Who is who.
    pub directory: Arc<KindNames>,
    /// To which conversations sagas count what clients said.
    pub routes: Routes,
}

impl Projection for Index {
    type Row = IndexedRecord;
    type Heard = IndexedRecord;

    fn layout() -> Layout {
        const FIELDS: &[Field] = &[Field::text(CONVERSATION)];
        let columns = &[CONVERSATION, "kind", "number", "version"];
        Layout { name: INDEX, fields: FIELDS, columns, shape: 0 }
    }

    fn kinds(&self, rooms: &Registry) -> KindSet {
        rooms.kinds()
    }

    fn hear(
        &self,
        rooms: &Registry,
        record: &Record,
    ) -> Result<Option<(u64, IndexedRecord)>, String> {
        let Some(listed) = self.directory.get(record.stream.kind) else { return Ok(None) };
        let number = match conversation_of(&self.routes, &listed.business, rooms, record)? {
            Some(number) if is_elsewhere(record, number) => number,
            _ => return Ok(None),
        };
        let Stream { kind, number: of } = record.stream;
        let conversation = name_of(&listed.business, number);
        let member = IndexedRecord { conversation, kind, number: of, version: record.version };
        Ok(Some((record.position, member)))
    }

    fn fold(
        &self,
        _row: Option<IndexedRecord>,
        heard: IndexedRecord,
        _record: &Record,
    ) -> Option<IndexedRecord> {
        Some(heard)
    }
}

/// Whether a record is not found by reading the beginnings of the histories of this number.
fn is_elsewhere(record: &Record, number: u64) -> bool {
    record.stream.number != number || record.version > HISTORY_RECORDS_MAX
}

/// The conversation that a record belongs to; `None` when to none.
///
/// # Errors
/// When the record cannot be read.
pub fn conversation_of(
    routes: &Routes,
    business: &str,
    rooms: &Registry,
    record: &Record,
) -> Result<Option<u64>, String> {
    match record.cause {
        Cause::Dispatch(origin) => Ok(Some(origin.conversation)),
        Cause::Alarm => Ok(Some(record.stream.number)),
        Cause::Request(_) if !matches!(record.payload, Payload::Event(_)) => Ok(None),
        Cause::Request(_) => {
            let mut of_business = routes.iter().filter(|(of, _)| *of == business).peekable();
            if of_business.peek().is_none() {
                return Ok(Some(record.stream.number));
            }
            for (_, route) in of_business {
                if let Some(number) = route(rooms, record)? {
                    return Ok(Some(number));
                }
            }
            Ok(None)
        }
    }
}

/// So many first records of a history are read in search of a conversation; those further on are
/// in the index.
pub(super) const HISTORY_RECORDS_MAX: u32 = 256;
