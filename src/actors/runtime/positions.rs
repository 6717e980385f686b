//! The positions of the journal, for clients that wait for one and for the shutdown of the process.

use super::Runtime;
use crate::{
    actors::{
        api::{RequestError, blocking},
        support::in_millis,
    },
    store::Stream,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

impl Runtime {
    /// Returns the number of records that are submitted and not durable. Never waits.
    #[must_use]
    pub fn records_not_durable(&self) -> u64 {
        let durable = self.parts.journal.durable();
        self.parts.journal.submitted().saturating_sub(durable)
    }

    /// Returns how long the current commit has taken, in milliseconds; 0 when there is none.
    #[must_use]
    pub fn committing_ms(&self) -> u64 {
        in_millis(self.parts.journal.committing().unwrap_or_default())
    }

    /// Returns a receiver of the position that the rows of a view have reached.
    #[must_use]
    pub fn rows_reached(&self, view: usize) -> watch::Receiver<u64> {
        self.parts.rows[view].reached()
    }

    /// Waits until the rows of a view have reached a position, but not longer than this.
    ///
    /// # Errors
    /// When the journal has no such position yet, or the rows do not reach it in time.
    pub async fn reach(
        &self,
        view: usize,
        (at_least, wait_max): (Option<u64>, Duration),
    ) -> Result<(), RequestError> {
        self.check_position(at_least)?;
        self.parts.rows[view].reach_within(at_least, wait_max).await
    }

    /// Returns the position of the last durable record of an aggregate; 0 when it has none.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn last_position(&self, resource: usize, number: u64) -> Result<u64, RequestError> {
        let journal = Arc::clone(&self.parts.journal);
        let stream = Stream { kind: self.parts.endpoints[resource].kind(), number };
        blocking(move || {
            let before = journal.last_version(stream)?.saturating_sub(1);
            let last = journal.some_records(stream, before, 1)?;
            Ok(last.first().map_or(0, |record| record.position))
        })
        .await
    }

    /// Checks that the position a client waits for exists.
    ///
    /// # Errors
    /// When no record has this position yet: it may never exist.
    pub(in crate::actors) fn check_position(
        &self,
        at_least: Option<u64>,
    ) -> Result<(), RequestError> {
        let head = self.parts.journal.submitted();
        if at_least.is_none_or(|position| position <= head) {
            return Ok(());
        }
        Err(RequestError::BadQuery("the journal has not reached this position".to_owned()))
    }
}
