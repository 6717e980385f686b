//! The view reader: queries the rows of a view, and waits until they have reached a position.

use super::{
    query_limits::{Queries, look_up},
    storage::ViewStorage,
    waiting_readers::WaitingReaders,
};
use crate::{
    actors::{
        api::{Collection, Page, RequestError, Row, Sort, ViewInfo, ViewQuery, busy},
        subscription::Progress,
        support::RETRY_PAUSE,
    },
    domain::kernel::{Query, View},
    store::read_model::{FoundRow, ReadModel, ReadModelError, SortBy, Wanted},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Upper bound of clients that wait at the same time for one view to reach a position. Further
/// clients are answered 503.
const WAITING_MAX: usize = 1_024;

/// Reads the rows of one view for clients and lookups.
pub struct ViewReader {
    /// The description of the view for clients.
    pub info: ViewInfo,
    /// The progress of the projector.
    pub progress: Arc<Progress>,
    pub(super) storage: Arc<ViewStorage>,
    /// The position that the rows have reached, sent by the projector.
    pub(super) reached: watch::Sender<u64>,
    /// The readers that wait for a position. While there are some, records that do not concern the
    /// view also advance it.
    pub(super) waiting: WaitingReaders,
    queries: Arc<Queries>,
}

impl ViewReader {
    /// Creates the reader of a view on this storage. A projector has to write the rows.
    pub fn new(
        info: ViewInfo,
        storage: Arc<ViewStorage>,
        progress: Arc<Progress>,
        queries: Arc<Queries>,
    ) -> Self {
        let (reached, waiting) = (watch::Sender::new(0), WaitingReaders::default());
        Self { info, progress, storage, reached, waiting, queries }
    }

    /// Returns the read model for a new projector: the rows in place, or new ones to be rebuilt.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn model(&self, durable: u64) -> Result<Arc<ReadModel>, ReadModelError> {
        self.storage.go_on(durable)
    }

    /// A receiver of the position that the rows have reached. It is 0 when they are not usable.
    pub fn reached(&self) -> watch::Receiver<u64> {
        self.reached.subscribe()
    }

    /// Waits until the rows include everything up to this position.
    async fn reach(&self, position: u64) {
        let mut reached = self.reached.subscribe();
        if *reached.borrow() >= position {
            return;
        }
        let _waiting = self.waiting.begin();
        self.progress.wake();
        // The channel is open as long as the reader exists.
        let _ = reached.wait_for(|reached| *reached >= position).await;
    }

    /// Waits like `reach`, but at most for `wait_max`.
    ///
    /// # Errors
    /// When the rows have not reached it by then.
    pub async fn reach_within(
        &self,
        position: Option<u64>,
        wait_max: Duration,
    ) -> Result<(), RequestError> {
        let Some(position) = position else { return Ok(()) };
        let component = self.progress.component();
        if component.is_suspended() && *self.reached.borrow() < position {
            return Err(component.request_error());
        }
        if *self.reached.borrow() >= position {
            return Ok(());
        }
        if self.waiting.count() >= WAITING_MAX {
            return Err(busy("the view"));
        }
        let reached = tokio::time::timeout(wait_max, self.reach(position)).await;
        reached.map_err(|_| match self.storage.readable() {
            Err(request_error) => request_error,
            Ok(_) if component.is_suspended() => component.request_error(),
            Ok(_) => {
                RequestError::NotYet(format!("the view has not reached position {position} yet"))
            }
        })
    }

    /// Returns the storage of the rows.
    pub fn storage(&self) -> &ViewStorage {
        &self.storage
    }

    /// Returns a page of rows.
    pub async fn search(&self, query: ViewQuery) -> Result<Collection<Row>, RequestError> {
        let Page { number: page, size, sort } = query.page;
        let by = |Sort { field, descending }| SortBy { field, descending };
        let sort = sort.into_iter().map(by).collect();
        let skip = page.saturating_mul(size as u64);
        let newest_first = self.info.newest_first;
        let owner = query.owner;
        let wanted = Wanted { skip, size, sort, newest_first, owner };
        self.reach_within(query.at_least, query.wait_max).await?;
        self.wanted(query.conditions, wanted).await
    }

    /// Returns `size` rows after `skip` rows, in order of number, as of a position or later; only those
    /// of this owner, if one is given.
    pub async fn stretch(
        &self,
        conditions: Vec<(String, String)>,
        (skip, size): (u64, usize),
        (at_least, wait_max): (u64, Duration),
        owner: Option<String>,
    ) -> Result<Collection<Row>, RequestError> {
        self.reach_within(Some(at_least), wait_max).await?;
        self.wanted(conditions, Wanted { skip, size, owner, ..Wanted::default() }).await
    }

    async fn wanted(
        &self,
        conditions: Vec<(String, String)>,
        wanted: Wanted,
    ) -> Result<Collection<Row>, RequestError> {
        let model = self.storage.readable()?;
        let found = self.queries.run(move |limit| model.search(&conditions, &wanted, limit));
        let (rows, total) = found.await?;
        let items = rows.into_iter().map(|FoundRow { number, body, .. }| Row { number, body });
        let items = items.collect();
        Ok(Collection { items, total })
    }

    /// Returns one row; `None` when there is none.
    pub async fn row(
        &self,
        number: u64,
        at_least: Option<u64>,
        wait_max: Duration,
    ) -> Result<Option<FoundRow>, RequestError> {
        self.reach_within(at_least, wait_max).await?;
        let model = self.storage.readable()?;
        self.queries.run(move |_| Ok(model.get(number)?)).await
    }

    /// Returns the rows that a lookup asks for, as of this position or later. Retries until the
    /// query succeeds.
    pub async fn find<V: View>(&self, query: Query, at_least: u64) -> Vec<(u64, V)> {
        self.reach(at_least).await;
        loop {
            let query = query.clone();
            let found = match self.storage.readable() {
                Ok(model) => look_up(move |limit| model.find(&query, limit)).await,
                Err(request_error) => Err(request_error),
            };
            match found {
                Ok(rows) => {
                    let read =
                        |row: FoundRow| Some((row.number, serde_json::from_slice(&row.body).ok()?));
                    return rows.into_iter().filter_map(read).collect();
                }
                Err(request_error) => {
                    tracing::warn!(view = V::NAME, %request_error, "a lookup is retried later");
                }
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// Seals the file of the rows, so that the next start can check it quickly. Call this only
    /// after the projector has stopped.
    pub fn seal(&self) {
        self.storage.seal();
    }
}
