//! The functions for operators besides suspension: restart a component, read the operations log,
//! list what is blocked, inject a fault.

use super::Runtime;
use crate::actors::{
    api::{
        Collection, ComponentInfo, Fault, FaultError, OperationsEntry, Page, RequestError, WAIT_MAX,
    },
    operations::log,
};
use std::sync::Arc;
use tokio::time::timeout;

impl Runtime {
    /// Restarts all parts of a component: aggregates from their histories, subscribers from their
    /// last checkpoint. `None` when there is no component of this name.
    ///
    /// # Errors
    /// When a part cannot be restarted now.
    pub async fn restart_component(
        &self,
        name: &str,
    ) -> Result<Option<ComponentInfo>, RequestError> {
        let Some(component) = self.parts.components.get(name) else { return Ok(None) };
        let (supervisor, restarted) = (Arc::clone(&self.parts.supervisor), Arc::clone(&component));
        let restarting = tokio::task::spawn_blocking(move || supervisor.restart(&restarted));
        let restarted =
            restarting.await.map_err(|error| RequestError::Failed(error.to_string()))?;
        restarted.map_err(RequestError::Failed)?;
        Ok(Some(self.component_info(&component)))
    }

    /// Returns the names of blocked event loops, including replaced ones that are still blocked,
    /// and the journal while its disk hangs. Never waits.
    #[must_use]
    pub fn blocked(&self) -> Vec<String> {
        self.parts.supervisor.blocked()
    }

    /// Returns a counter that rises as long as the supervisor runs. Never waits.
    #[must_use]
    pub fn looks(&self) -> u64 {
        self.parts.supervisor.looks()
    }

    /// Injects a fault and returns a description of what was done.
    ///
    /// # Errors
    /// When faults are not allowed here, or there is no part of that name.
    pub async fn break_on_purpose(&self, fault: Fault) -> Result<String, FaultError> {
        // Not on the event loop: this waits for the lock of a part that is being restarted.
        let parts = Arc::clone(&self.parts);
        let breaking = tokio::task::spawn_blocking(move || parts.break_on_purpose(&fault));
        breaking.await.unwrap_or(Err(FaultError::Failed))
    }

    /// Returns a page of the operations log, the latest entry first.
    ///
    /// # Errors
    /// When the journal cannot be read now.
    pub async fn operations_log(
        &self,
        page: Page,
    ) -> Result<Collection<OperationsEntry>, RequestError> {
        log::read(Arc::clone(&self.parts.journal), page).await
    }
}

/// Runs a change that is written to the journal on a task of its own, so that it completes even if
/// the caller drops this future. Waits for it, within a bound.
pub(super) async fn completed<T: Send + 'static>(
    change: impl Future<Output = Result<T, RequestError>> + Send + 'static,
) -> Result<T, RequestError> {
    let changed = timeout(WAIT_MAX, tokio::spawn(change)).await.map_err(|_| {
        let reason = "the journal shows whether it was stored when it has recovered";
        RequestError::Failed(reason.to_owned())
    })?;
    changed.map_err(|error| RequestError::Failed(error.to_string()))?
}
