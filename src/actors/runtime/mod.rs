//! The runtime: the running system, which is started from settings and stopped as a whole.

mod backup;
mod builder;
mod erasure;
mod events;
mod fault_injection;
mod forwarding;
mod gate_driver;
mod gates;
mod health;
mod history;
mod launch;
mod measured;
mod metrics;
mod operations;
mod parts;
mod positions;
mod reload;
mod subscriptions;
mod traces;

pub use builder::RuntimeBuilder;
pub use history::HistoryEntry;
pub use parts::RuntimeParts;
pub use subscriptions::{Claimed, ClaimedEvent, Lag, SubscriptionInfo};

use crate::actors::{
    api::{
        Caller, Collection, ComponentInfo, Example, Page, QuarantineEntry, Reply, Request,
        RequestError, ResourceInfo, Row, Sight, ViewInfo, ViewQuery,
    },
    conversation::Conversation,
    operations::Component,
    subscription::Progress,
    support::name_this_thread,
};
use crate::domain::kernel::Readers;
use operations::completed;
use std::{sync::Arc, time::Duration};

/// The longest wait at the stop for the last records, before their spans are made.
const SETTLED_WITHIN: Duration = Duration::from_secs(1);

/// The running system. Cheap to clone.
#[derive(Clone)]
pub struct Runtime {
    pub(in crate::actors) parts: Arc<RuntimeParts>,
}

impl Runtime {
    /// Creates the handle of started parts.
    pub(in crate::actors) fn of(parts: RuntimeParts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// The number of aggregates in the journal.
    pub(in crate::actors) fn aggregates(&self) -> u64 {
        let journal = &self.parts.journal;
        self.parts.endpoints.iter().map(|endpoint| journal.count(endpoint.kind())).sum()
    }

    /// Stops all subscribers, finishes what is submitted, and closes the journal.
    pub async fn stop(&self) {
        let supervisor = Arc::clone(&self.parts.supervisor);
        // An injected slowdown ends here, so that the last commits are as fast as the disk.
        if let Some(faults) = self.parts.journal.faults() {
            faults.slow_commits(Duration::ZERO, Duration::ZERO);
        }
        let (journal, operations_log) =
            (Arc::clone(&self.parts.journal), Arc::clone(&self.parts.shared.operations_log));
        let runtime = self.clone();
        let mut rows = self.parts.rows.clone();
        rows.push(Arc::clone(&self.parts.conversations.index));
        let stopped = tokio::task::spawn_blocking(move || {
            let arbiters = supervisor.end();
            for arbiter in &arbiters {
                arbiter.stop();
            }
            // A subscriber that still runs would find the journal closed and log errors.
            for arbiter in arbiters {
                let _ = arbiter.join();
            }
            for rows in &rows {
                rows.seal();
            }
            operations_log.close();
            if let Some(traces) = &runtime.parts.traces {
                // The last records have spans as well.
                let _ = journal.settle(SETTLED_WITHIN);
                traces.stop();
            }
            journal.close();
        });
        let _ = stopped.await;
        for shard in self.parts.supervisor.end_shards() {
            shard.stop();
        }
    }

    /// Ends the waits of clients for outcomes: they get the present state as pending.
    pub fn end_waits(&self) {
        self.parts.shared.waits_end.cancel();
    }

    /// Names the calling thread, an actix event loop that serves clients, and monitors it from now
    /// on. While it is blocked, [`Self::blocked`] lists it.
    pub fn look_after_this_loop(&self, name: &str) {
        name_this_thread(name);
        actix::spawn(self.parts.supervisor.add_foreign_loop(name.to_owned()));
    }

    /// Returns the descriptions of all aggregate kinds.
    #[must_use]
    pub fn resources(&self) -> &[ResourceInfo] {
        &self.parts.resources
    }

    /// Returns the descriptions of all views.
    #[must_use]
    pub fn views(&self) -> &[ViewInfo] {
        &self.parts.views
    }

    /// Returns the example requests of the businesses that have one.
    #[must_use]
    pub fn examples(&self) -> &[Example] {
        &self.parts.examples
    }

    /// Submits a command and waits until its pending outcome is final, or `wait_max` of the request
    /// is over.
    ///
    /// # Errors
    /// The reason why the command did not succeed.
    pub async fn submit(&self, request: Request) -> Result<Reply, RequestError> {
        let endpoint = &self.parts.endpoints[request.resource];
        let timing = self.parts.measured.command(request.resource, request.command_route);
        let submitted = match endpoint.forwarded(&request) {
            Ok(None) => Arc::clone(endpoint).submit(request).await,
            Ok(Some(dispatch)) => Box::pin(self.forward(dispatch, request)).await,
            Err(request_error) => Err(request_error),
        };
        timing.end_command(&submitted);
        submitted
    }

    /// Returns one aggregate, as of its last durable record.
    ///
    /// # Errors
    /// When there is none, or it cannot be read now.
    pub async fn show(
        &self,
        resource: usize,
        number: u64,
        caller: &Caller,
    ) -> Result<Reply, RequestError> {
        Arc::clone(&self.parts.endpoints[resource]).show(number, caller).await
    }

    /// Returns a page of aggregates.
    ///
    /// # Errors
    /// When it cannot be sorted like that, or cannot be read now.
    pub async fn list(
        &self,
        resource: usize,
        page: Page,
        caller: &Caller,
    ) -> Result<Collection<Reply>, RequestError> {
        Arc::clone(&self.parts.endpoints[resource]).list(page, caller).await
    }

    /// Returns a page of rows of a view.
    ///
    /// # Errors
    /// When the conditions are invalid, or the view lags too far behind.
    pub async fn search(
        &self,
        view: usize,
        mut query: ViewQuery,
        caller: &Caller,
    ) -> Result<Collection<Row>, RequestError> {
        let sight = self.sight_of_rows(view, caller)?;
        query.owner = sight.limited_to(self.parts.views[view].readers).map(str::to_owned);
        self.check_position(query.at_least)?;
        let timing = self.parts.measured.view(view);
        let found = self.parts.rows[view].search(query).await;
        timing.end_query(&found);
        found
    }

    /// Returns one row of a view.
    ///
    /// # Errors
    /// When there is none, or the view lags too far behind.
    pub async fn row(
        &self,
        view: usize,
        number: u64,
        (at_least, wait_max): (Option<u64>, Duration),
        caller: &Caller,
    ) -> Result<Row, RequestError> {
        let sight = self.sight_of_rows(view, caller)?;
        self.check_position(at_least)?;
        let timing = self.parts.measured.view(view);
        let found = self.parts.rows[view].row(number, at_least, wait_max).await;
        timing.end_query(&found);
        let found = found?;
        let ViewInfo { name: resource, readers, .. } = self.parts.views[view];
        let seen = found.filter(|row| sight.sees(readers, row.owner.as_deref()));
        let row = seen.ok_or(RequestError::NotFound { resource, number })?;
        Ok(Row { number, body: row.body })
    }

    /// Returns what the client may see of the rows of this view.
    fn sight_of_rows(&self, view: usize, caller: &Caller) -> Result<Sight, RequestError> {
        let ViewInfo { business, readers, .. } = self.parts.views[view];
        self.sight(business, readers, caller)
    }

    fn sight(
        &self,
        business: &str,
        readers: Readers,
        caller: &Caller,
    ) -> Result<Sight, RequestError> {
        caller.sight_for(readers, business, self.parts.staff_of(business))
    }

    /// Returns a page of the conversation of a number in a business, and the status of its sagas. A
    /// customer gets the records that belong to it.
    ///
    /// # Errors
    /// When the number is unused, or the index of conversations lags too far behind.
    pub async fn conversation(
        &self,
        business: &str,
        number: u64,
        (page, wait_max): (Page, Duration),
        caller: &Caller,
    ) -> Result<Conversation, RequestError> {
        let sight = self.sight(business, Readers::Owner, caller)?;
        let owner = sight.limited_to(Readers::Owner).map(str::to_owned);
        let conversations = Arc::clone(&self.parts.conversations);
        conversations.tell((business.to_owned(), number), page, wait_max, owner).await
    }

    /// Returns all components, by name.
    #[must_use]
    pub fn components(&self) -> Vec<ComponentInfo> {
        let components = self.parts.components.all();
        components.iter().map(|component| self.component_info(component)).collect()
    }

    /// Returns the component of this name.
    #[must_use]
    pub fn component(&self, name: &str) -> Option<ComponentInfo> {
        self.parts.components.get(name).map(|component| self.component_info(&component))
    }

    /// Suspends or resumes a component durably. Does nothing when it is in that state already.
    /// Returns `None` when there is no component of this name.
    ///
    /// # Errors
    /// When the journal does not take the change now.
    pub async fn set_suspended(
        &self,
        name: &str,
        suspend: bool,
    ) -> Result<Option<ComponentInfo>, RequestError> {
        let Some(component) = self.parts.components.get(name) else { return Ok(None) };
        let (components, turned) = (Arc::clone(&self.parts.components), Arc::clone(&component));
        completed(async move { components.set_suspended(&turned, suspend).await }).await?;
        Ok(Some(self.component_info(&component)))
    }

    /// Returns the component of a view, if it is suspended.
    #[must_use]
    pub fn suspended_view(&self, view: usize) -> Option<&'static str> {
        let component = self.parts.rows[view].progress.component();
        component.is_suspended().then_some(component.name)
    }

    pub(in crate::actors) fn component_info(&self, component: &Arc<Component>) -> ComponentInfo {
        let durable = self.parts.journal.durable();
        let subscribers = self.parts.subscribers.iter();
        let subscribers: Vec<_> =
            subscribers.filter(|progress| Arc::ptr_eq(progress.component(), component)).collect();
        let mut figures = vec![("commandsWaiting", component.waiting())];
        if !subscribers.is_empty() {
            let position = |progress: &&Arc<Progress>| progress.position(durable);
            let last = subscribers.iter().map(position).min().unwrap_or(durable);
            let under_way = subscribers.iter().map(|progress| progress.waiting()).sum();
            figures.push(("recordsBehind", durable.saturating_sub(last)));
            figures.push(("underWay", under_way));
        }
        ComponentInfo {
            name: component.name,
            parts: component.parts(),
            is_suspended: component.is_suspended(),
            since_ms: component.since_ms(),
            figures,
        }
    }

    /// Returns all entries of the quarantine: aggregates and saga, port and lookup instances.
    #[must_use]
    pub fn quarantine(&self) -> Vec<QuarantineEntry> {
        self.parts.shared.quarantine.entries()
    }

    /// Returns whether there is an aggregate kind, saga, port or lookup of this name.
    #[must_use]
    pub fn can_release(&self, name: &str) -> bool {
        self.parts.shared.quarantine.knows(name)
    }

    /// Releases an instance of an aggregate kind, saga, port or lookup from quarantine, by the name
    /// of its kind: `taxi/orders`. Returns false when it was not in quarantine.
    #[must_use]
    pub fn release(&self, name: &str, number: u64) -> bool {
        self.parts.shared.quarantine.release(name, number)
    }
}
