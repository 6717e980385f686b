//! The conversation of a number: every record that belongs to it, in order of position.
//!
//! ```text
//!  histories that bear the number ──┐
//!  (orders 7, payments 7, ride 7)   ├─▶ by position ─▶ a page of entries
//!  the index: taxi 3 came for 7 ────┘                  and what each saga waits for now
//! ```

mod entry;
pub mod index;
mod kinds;

pub use entry::{Conversation, ConversationEntry, Issuer, What};
pub use index::{
    CONVERSATION, INDEX, Index, IndexedRecord, Route, Routes, conversation_of, name_of,
};
pub use kinds::{KindNames, Role};

use crate::{
    actors::{
        api::{Collection, Page, RequestError, blocking},
        dispatch::{Registry, named},
        saga::AskSaga,
        view::ViewReader,
    },
    domain::kernel::Timestamp,
    store::{
        Cause, KindId, Payload, Record, Stream,
        journal::{Journal, StoreError},
    },
};
use index::HISTORY_RECORDS_MAX;
use std::{sync::Arc, time::Duration};

/// Reads conversations from the journal, the index and the sagas.
pub struct Conversations {
    /// The journal.
    pub journal: Arc<dyn Journal>,
    /// The registry of aggregate kinds.
    pub registry: Arc<Registry>,
    /// The names of all kinds.
    pub directory: Arc<KindNames>,
    /// The routes of client records to conversations.
    pub routes: Routes,
    /// The query functions of all sagas, each with the name of its business.
    pub sagas: Vec<(&'static str, AskSaga)>,
    /// The index of conversations.
    pub index: Arc<ViewReader>,
}

/// The part of a conversation that is read: the records up to a position, of all or of one owner.
#[derive(Clone, Copy)]
struct Part<'a> {
    business: &'a str,
    number: u64,
    durable: u64,
    owner: Option<&'a str>,
}

/// A record of the conversation: already read, or listed in the index.
enum Found {
    Read(Record),
    Indexed(u64, IndexedRecord),
}

impl Found {
    const fn position(&self) -> u64 {
        match self {
            Self::Read(record) => record.position,
            Self::Indexed(position, _) => *position,
        }
    }
}

impl Conversations {
    /// Returns a page of a conversation. It covers all records that are durable at the call, or those
    /// of them that belong to this owner.
    ///
    /// # Errors
    /// When the number is unused, the index lags, or a record cannot be read.
    pub async fn tell(
        self: Arc<Self>,
        (business, number): (String, u64),
        page: Page,
        wait_max: Duration,
        owner: Option<String>,
    ) -> Result<Conversation, RequestError> {
        let durable = self.journal.durable();
        let shown = page.number.saturating_mul(page.size as u64);
        // At most this many records of the conversation are in histories. Of the entries before
        // this page, at least `skip` are therefore in the index, and need not be read.
        let in_histories = self.directory.with_histories(&business).count() as u64
            * u64::from(HISTORY_RECORDS_MAX);
        let skip = shown.saturating_sub(in_histories);
        let shown = usize::try_from(shown - skip).unwrap_or(usize::MAX);
        let size = shown.saturating_add(page.size);
        let conditions = vec![(CONVERSATION.to_owned(), name_of(&business, number))];
        let indexed = self
            .index
            .stretch(conditions, (skip, size), (durable, wait_max), owner.clone())
            .await?;
        let (me, of) = (Arc::clone(&self), business.clone());
        let happenings = blocking(move || {
            let part = Part { business: &of, number, durable, owner: owner.as_deref() };
            me.read(part, indexed, shown, page.size)
        })
        .await?;
        if happenings.total == 0 {
            return Err(RequestError::NotFound { resource: "conversation", number });
        }
        let mut waiting = Vec::new();
        for (_, ask) in self.sagas.iter().filter(|(of, _)| *of == business) {
            waiting.push(ask(number).await.map_err(RequestError::NotYet)?);
        }
        Ok(Conversation { happenings, waiting })
    }

    /// Returns the time of the first record of a conversation in the histories with its number.
    /// Blocking.
    #[must_use]
    pub fn begun(&self, business: &str, number: u64) -> Option<Timestamp> {
        let part = Part { business, number, durable: self.journal.durable(), owner: None };
        let kinds = self.directory.with_histories(business);
        let records = kinds.filter_map(|kind| self.of_history(kind, part).ok()?.next());
        records.map(|record| record.time).min()
    }

    fn read(
        &self,
        part: Part<'_>,
        indexed: Collection<crate::actors::api::Row>,
        skip: usize,
        take: usize,
    ) -> Result<Collection<ConversationEntry>, StoreError> {
        let mut found: Vec<Found> = Vec::new();
        for kind in self.directory.with_histories(part.business) {
            found.extend(self.of_history(kind, part)?.map(Found::Read));
        }
        let total = found.len() as u64 + indexed.total;
        for row in indexed.items {
            let member = serde_json::from_slice(&row.body)
                .map_err(|error| StoreError::Failed(format!("the index: {error}")))?;
            found.push(Found::Indexed(row.number, member));
        }
        found.sort_by_key(Found::position);
        let page = found.into_iter().skip(skip).take(take);
        let items: Result<Vec<_>, _> = page.map(|found| self.entry_of(found)).collect();
        Ok(Collection { items: items?, total })
    }

    /// Returns the records of this number's history that belong to the conversation.
    fn of_history(
        &self,
        kind: KindId,
        Part { business, number, durable, owner }: Part<'_>,
    ) -> Result<impl Iterator<Item = Record>, StoreError> {
        let stream = Stream { kind, number };
        let mut records = self.journal.some_records(stream, 0, HISTORY_RECORDS_MAX)?;
        records.retain(|record| {
            record.position <= durable && (owner.is_none() || record.owner() == owner)
        });
        let mut of_conversation = Vec::new();
        for record in records {
            let belongs_to = conversation_of(&self.routes, business, &self.registry, &record);
            if belongs_to.map_err(StoreError::Failed)? == Some(number) {
                of_conversation.push(record);
            }
        }
        Ok(of_conversation.into_iter())
    }

    fn entry_of(&self, found: Found) -> Result<ConversationEntry, StoreError> {
        let record = match found {
            Found::Read(record) => record,
            Found::Indexed(position, member) => {
                let stream = member.stream();
                let records = self.journal.some_records(stream, member.version - 1, 1)?;
                records.into_iter().next().ok_or_else(|| {
                    StoreError::Failed(format!("record {position} of the index is missing"))
                })?
            }
        };
        self.entry(&record)
    }

    /// Returns the entry of a record.
    ///
    /// # Errors
    /// When its event cannot be read.
    pub fn entry(&self, record: &Record) -> Result<ConversationEntry, StoreError> {
        let part = |kind: KindId| self.directory.get(kind);
        let (issuer, because_of) = match record.cause {
            Cause::Request(_) => {
                let issuer = record.principals.as_deref().and_then(|all| all.issuer.clone());
                (Issuer::Client(issuer), None)
            }
            Cause::Timer => {
                let of = part(record.stream.kind).map_or_else(String::new, |of| of.name.clone());
                (Issuer::Timer(of), None)
            }
            Cause::Dispatch(origin) => {
                let by = part(origin.by);
                let name = by.map_or_else(|| "unknown".to_owned(), |by| by.name.clone());
                let role = by.map_or(Role::Saga, |by| by.role);
                (Issuer::Part(role, name), Some(origin.position))
            }
        };
        Ok(ConversationEntry {
            position: record.position,
            time: record.time,
            whom: part(record.stream.kind).map_or_else(String::new, |whom| whom.name.clone()),
            number: record.stream.number,
            version: record.version,
            what: self.what(record)?,
            issuer,
            because_of,
        })
    }

    fn what(&self, record: &Record) -> Result<What, StoreError> {
        let unreadable = |reason: String| StoreError::Unreadable { stream: record.stream, reason };
        match &record.payload {
            Payload::Event(_) => {
                let (_, aggregate) = self.registry.of(record.stream.kind).ok_or_else(|| {
                    unreadable(format!("record {}: of an unknown kind", record.position))
                })?;
                let (name, details) = named(aggregate.describe_event(record).map_err(unreadable)?);
                Ok(What::Event(name, details))
            }
            Payload::Refused { command, reason, .. } => {
                Ok(What::Refused(command.clone(), reason.clone()))
            }
            Payload::Unchanged { command } => Ok(What::Unchanged(command.clone())),
            Payload::TimerFired => Ok(What::TimerFired),
        }
    }
}
