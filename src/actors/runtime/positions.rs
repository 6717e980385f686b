//! The positions of the journal, for clients that wait for one and for the shutdown of the process.

use super::Runtime;
use crate::actors::{api::RequestError, support::in_millis};

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
