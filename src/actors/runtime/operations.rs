//! What operators do beside suspending: restart a component, read the log of operations, see what is blocked,
//! break something on purpose.

use super::Runtime;
use crate::actors::{
    api::{Collection, ComponentInfo, Fault, FaultError, OperationsEntry, Page, RequestError},
    operations::log,
};
use std::sync::Arc;

impl Runtime {
    /// Begins everything of a component again: aggregates from their histories, whoever follows the
    /// journal from the last checkpoint. `None` when there is none of this name.
    ///
    /// # Errors
    /// When a part cannot be begun again now.
    pub async fn restart_context(&self, name: &str) -> Result<Option<ComponentInfo>, RequestError> {
        let Some(context) = self.parts.contexts.get(name) else { return Ok(None) };
        let (supervisor, restarted) = (Arc::clone(&self.parts.supervisor), Arc::clone(&context));
        let restarting = tokio::task::spawn_blocking(move || supervisor.restart(&restarted));
        let restarted =
            restarting.await.map_err(|error| RequestError::Failed(error.to_string()))?;
        restarted.map_err(RequestError::Failed)?;
        Ok(Some(self.context_info(&context)))
    }

    /// The loops that are blocked, by name, among them those that were replaced and have not woken
    /// up; and the journal, while its disk hangs. Never waits.
    #[must_use]
    pub fn blocked(&self) -> Vec<String> {
        self.parts.supervisor.blocked()
    }

    /// Rises as long as somebody looks whether everything lives. Never waits.
    #[must_use]
    pub fn looks(&self) -> u64 {
        self.parts.supervisor.looks()
    }

    /// Breaks something on purpose; says what was done.
    ///
    /// # Errors
    /// When that is not allowed here, or there is nothing of that name.
    pub async fn break_on_purpose(&self, fault: Fault) -> Result<String, FaultError> {
        // Off the loop: whoever is just being begun again is waited for.
        let parts = Arc::clone(&self.parts);
        let breaking = tokio::task::spawn_blocking(move || parts.break_on_purpose(&fault));
        breaking.await.unwrap_or(Err(FaultError::Failed))
    }

    /// What happened to the parts of the runtime, the latest first.
    ///
    /// # Errors
    /// When the journal cannot be read now.
    pub async fn diary(&self, page: Page) -> Result<Collection<OperationsEntry>, RequestError> {
        log::read(Arc::clone(&self.parts.journal), page).await
    }
}
