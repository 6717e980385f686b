//! The evaluation of live queries: once for all streams with the same query, when something may have
//! changed, and at a bounded pace.

use super::query::{Key, LiveQuery, State};
use crate::{
    actors::{RequestError, Runtime},
    inbound::feed::Hub,
    sync,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::{Semaphore, watch};

/// The shortest time between two evaluations of a query: at most 20 in a second.
const PAUSE_MIN: Duration = Duration::from_millis(50);

/// The part of the pause that each different query adds, so that all of them together are evaluated
/// at most 1,000 times in a second.
const PAUSE_PER_QUERY: Duration = Duration::from_millis(1);

/// The most evaluations at once. Further ones wait, so that other reads find threads and places.
const EVALUATING_MAX: usize = 4;

/// The pause after an evaluation that failed and may succeed later.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// What the streams of a query get.
#[derive(Clone)]
pub enum Published {
    /// The newest state.
    State(Arc<State>),
    /// There are no further states, for this reason.
    End(Arc<str>),
}

type Newest = watch::Sender<Option<Published>>;

/// The evaluations of all different live queries of the server.
pub struct Evaluations {
    newest: Mutex<HashMap<Key, Arc<Newest>>>,
    turns: Semaphore,
}

/// The subscription of one stream.
pub struct Subscription(watch::Receiver<Option<Published>>);

impl Subscription {
    /// Waits for the next newest state; `None` when the query is no longer evaluated.
    pub async fn changed(&mut self) -> Option<Published> {
        loop {
            self.0.changed().await.ok()?;
            if let Some(published) = self.0.borrow_and_update().clone() {
                return Some(published);
            }
        }
    }
}

impl Default for Evaluations {
    fn default() -> Self {
        Self { newest: Mutex::default(), turns: Semaphore::new(EVALUATING_MAX) }
    }
}

impl Evaluations {
    /// Subscribes to the states of a query after the present one.
    pub fn subscribe(
        self: &Arc<Self>,
        hub: &Hub,
        runtime: &Runtime,
        query: &LiveQuery,
    ) -> Subscription {
        let mut newest = sync::lock(&self.newest);
        if let Some(known) = newest.get(&query.key) {
            return Subscription(known.subscribe());
        }
        let (sender, receiver) = watch::channel(None);
        let sender = Arc::new(sender);
        newest.insert(query.key.clone(), Arc::clone(&sender));
        drop(newest);
        let evaluation = Evaluation {
            all: Arc::clone(self),
            runtime: runtime.clone(),
            query: query.clone(),
            newest: sender,
        };
        let signal = query.signal(hub, runtime);
        actix_web::rt::spawn(evaluation.run(signal));
        Subscription(receiver)
    }

    /// The time between two evaluations of a query.
    fn pause(&self) -> Duration {
        let queries = u32::try_from(sync::lock(&self.newest).len()).unwrap_or(u32::MAX);
        PAUSE_PER_QUERY.saturating_mul(queries).max(PAUSE_MIN)
    }
}

/// The evaluation of one query. When it is dropped, the query is no longer evaluated.
struct Evaluation {
    all: Arc<Evaluations>,
    runtime: Runtime,
    query: LiveQuery,
    newest: Arc<Newest>,
}

impl Evaluation {
    /// Evaluates the query after each signal as long as it has streams.
    async fn run(self, mut signal: watch::Receiver<u64>) {
        while !self.is_over() {
            tokio::select! {
                () = self.newest.closed() => continue,
                changed = signal.changed() => if changed.is_err() { return },
            }
            while let Err(error) = self.evaluate(&mut signal).await {
                if is_final(&error) {
                    self.newest.send_replace(Some(Published::End(error.to_string().into())));
                    return;
                }
                tracing::debug!(%error, "a live query is evaluated again later");
                tokio::time::sleep(RETRY_PAUSE).await;
                if self.newest.is_closed() {
                    break;
                }
            }
            tokio::time::sleep(self.all.pause()).await;
        }
    }

    /// Publishes the present state, if it differs from the last one.
    async fn evaluate(&self, signal: &mut watch::Receiver<u64>) -> Result<(), RequestError> {
        let _turn = self.all.turns.acquire().await;
        signal.borrow_and_update();
        let state = Arc::new(self.query.evaluate(&self.runtime, Duration::ZERO).await?);
        self.newest.send_if_modified(|newest| {
            let is_same =
                matches!(newest, Some(Published::State(last)) if !state.differs_after(last));
            if !is_same {
                *newest = Some(Published::State(state));
            }
            !is_same
        });
        Ok(())
    }

    /// Whether the query has no streams any more. Then a further stream begins a new evaluation.
    fn is_over(&self) -> bool {
        let mut newest = sync::lock(&self.all.newest);
        let is_over = self.newest.is_closed();
        if is_over {
            self.forget(&mut newest);
        }
        is_over
    }

    fn forget(&self, newest: &mut HashMap<Key, Arc<Newest>>) {
        if newest.get(&self.query.key).is_some_and(|known| Arc::ptr_eq(known, &self.newest)) {
            newest.remove(&self.query.key);
        }
    }
}

impl Drop for Evaluation {
    fn drop(&mut self) {
        self.forget(&mut sync::lock(&self.all.newest));
    }
}

/// Whether an error of an evaluation ends its streams: it does not pass by itself.
const fn is_final(error: &RequestError) -> bool {
    matches!(
        error,
        RequestError::NotFound { .. }
            | RequestError::BadQuery(_)
            | RequestError::Unauthenticated
            | RequestError::Forbidden(_)
    )
}
