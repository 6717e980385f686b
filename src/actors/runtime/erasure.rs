//! The erasure of a person in the running system.

use super::Runtime;
use crate::actors::{
    api::RequestError,
    erasure::{ErasurePlan, Person},
    support::run_blocking,
};
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::Mutex;

/// One person is erased at a time.
static ERASURES: Mutex<()> = Mutex::const_new(());

impl Runtime {
    /// Returns what an erasure of the person will do.
    ///
    /// # Errors
    /// When the business is unknown, or the store cannot be read.
    pub async fn erasure(&self, person: Person) -> Result<ErasurePlan, RequestError> {
        let parts = Arc::clone(&self.parts);
        blocking(move || parts.persons.plan(&person)).await
    }

    /// Erases the person, and returns what was done. The keys are destroyed first. Then the
    /// aggregates that may have personal texts in memory are rebuilt, and the views with such texts.
    ///
    /// # Errors
    /// When the business is unknown, the store cannot be read, or a key cannot be destroyed. The
    /// erasure has to be begun again then.
    pub async fn erase(&self, person: Person) -> Result<ErasurePlan, RequestError> {
        let runtime = self.clone();
        // The erasure is completed even if the client leaves.
        let erasing = tokio::spawn(async move {
            let _turn = ERASURES.lock().await;
            runtime.erase_now(person).await
        });
        erasing.await.map_err(|error| RequestError::Failed(error.to_string()))?
    }

    async fn erase_now(&self, person: Person) -> Result<ErasurePlan, RequestError> {
        let parts = Arc::clone(&self.parts);
        let planned = blocking(move || {
            let plan = parts.persons.plan(&person)?;
            if !plan.numbers.is_empty() {
                parts.persons.destroy_keys(&plan)?;
            }
            Ok(plan)
        });
        let plan = planned.await?;
        if plan.numbers.is_empty() {
            return Ok(plan);
        }
        let streams = self.parts.persons.streams_of(&plan);
        let kinds: BTreeSet<_> = streams.iter().map(|stream| stream.kind).collect();
        for (_, name) in self.parts.journal.kinds().iter().filter(|(kind, _)| kinds.contains(kind))
        {
            // The kind of a saga is `saga taxi/ride`, and its component `taxi/ride`.
            self.restart_component(name.trim_start_matches("saga ")).await?;
        }
        for stream in streams {
            self.parts.shared.representations.invalidate(stream);
        }
        let parts = Arc::clone(&self.parts);
        let removed = blocking(move || {
            // No view is made again from records that were read before.
            parts.reads.forget();
            parts.persons.remove_views().map_err(|error| RequestError::Failed(error.to_string()))
        });
        removed.await?;
        // Each view finds at once that its file is gone.
        self.parts.subscribers.iter().for_each(|progress| progress.wake());
        let numbers: usize = plan.numbers.values().map(BTreeSet::len).sum();
        tracing::info!(
            numbers,
            "a person was erased; the views with personal texts are made again"
        );
        Ok(plan)
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RequestError> + Send + 'static,
) -> Result<T, RequestError> {
    run_blocking(work).await.map_err(RequestError::Failed)?
}
