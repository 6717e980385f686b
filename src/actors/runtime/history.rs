//! The past of aggregates for clients: representations as they were, and histories.

use super::Runtime;
use crate::actors::{
    aggregate::HistoryStep,
    api::{Caller, Collection, FieldChange, Moment, Page, PastReply, RequestError},
    conversation::ConversationEntry,
};
use std::sync::Arc;

/// A record in the history of an aggregate.
#[derive(Clone, Debug)]
pub struct HistoryEntry {
    /// The record, with who caused it and why.
    pub entry: ConversationEntry,
    /// The number of the conversation that it belongs to.
    pub correlation: u64,
    /// The fields of the representation that it changed; `None` when they cannot be told.
    pub changes: Option<Vec<FieldChange>>,
}

impl Runtime {
    /// Returns one aggregate as it was at a moment.
    ///
    /// # Errors
    /// When there was none, or the moment is not reached yet.
    pub async fn past(
        &self,
        resource: usize,
        number: u64,
        moment: Moment,
        caller: &Caller,
    ) -> Result<PastReply, RequestError> {
        Arc::clone(&self.parts.endpoints[resource]).past(number, moment, caller).await
    }

    /// Returns a page of the history of one aggregate.
    ///
    /// # Errors
    /// When there is no such aggregate, or the history cannot be sorted like that.
    pub async fn history(
        &self,
        resource: usize,
        number: u64,
        page: Page,
        caller: &Caller,
    ) -> Result<Collection<HistoryEntry>, RequestError> {
        let endpoint = Arc::clone(&self.parts.endpoints[resource]);
        let Collection { items, total } = endpoint.history(number, page, caller).await?;
        let entries = items.into_iter().map(|HistoryStep { record, changes }| {
            let entry = self.parts.conversations.entry(&record)?;
            Ok(HistoryEntry { entry, correlation: record.correlation, changes })
        });
        Ok(Collection { items: entries.collect::<Result<_, RequestError>>()?, total })
    }
}
