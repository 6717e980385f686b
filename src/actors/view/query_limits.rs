//! The limits of view queries: how many run at once, and for how long. Under normal load no query
//! waits. Hostile queries cannot occupy all threads and cores.

use crate::{
    actors::{
        api::{RequestError, blocking, busy},
        support::{Bulkhead, NoTurn},
    },
    store::read_model::{Ended, LongQueries, QueryLimit, SearchError},
};
use std::{num::NonZero, sync::Arc, thread, time::Duration};

/// Upper bound of queries that run at once. Each holds one of the hundreds of threads for blocking
/// work.
const RUNNING_MAX: usize = 32;

/// Upper bound of queries that wait for a running one to finish. Further ones are answered 503.
const WAITING_MAX: usize = 1_024;

/// Lower bound of the number of long queries that run at once.
const LONG_MIN: usize = 2;

/// The time limit of a lookup's query, after which it is retried. No client waits for its result
/// directly, and no client can choose the query.
const LOOKUP_MAX: Duration = Duration::from_secs(30);

/// The limits of queries, shared by all views.
pub struct Queries {
    bulkhead: Bulkhead,
    long: Arc<LongQueries>,
    time_max: Duration,
}

impl Queries {
    /// Creates the limits. A client's query ends when it takes longer than `time_max`.
    #[must_use]
    pub fn new(time_max: Duration) -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            bulkhead: Bulkhead::new(RUNNING_MAX, WAITING_MAX),
            // Half of the cores stay free for other work.
            long: Arc::new(LongQueries::at_most((cores / 2).max(LONG_MIN))),
            time_max,
        }
    }

    /// Runs a client's query on a thread for blocking work. The query is cancelled when its caller
    /// drops the future.
    ///
    /// # Errors
    /// When too many queries wait, it takes too long or is invalid, or the view cannot be read.
    pub async fn run<T: Send + 'static>(
        &self,
        query: impl FnOnce(&QueryLimit) -> Result<T, SearchError> + Send + 'static,
    ) -> Result<T, RequestError> {
        let limit = QueryLimit::new(self.time_max, Some(Arc::clone(&self.long)));
        let turn = self.bulkhead.enter(limit.left()).await.map_err(|why| match why {
            NoTurn::QueueFull => busy("the queue of queries"),
            NoTurn::TooLate => ended(limit.too_slow()),
        })?;
        run(limit, move |limit| {
            let _turn = turn;
            query(limit)
        })
        .await
    }
}

/// Runs a lookup's query on a thread for blocking work.
///
/// # Errors
/// When it takes too long, or the view cannot be read.
pub async fn look_up<T: Send + 'static>(
    query: impl FnOnce(&QueryLimit) -> Result<T, SearchError> + Send + 'static,
) -> Result<T, RequestError> {
    run(QueryLimit::new(LOOKUP_MAX, None), query).await
}

async fn run<T: Send + 'static>(
    limit: QueryLimit,
    query: impl FnOnce(&QueryLimit) -> Result<T, SearchError> + Send + 'static,
) -> Result<T, RequestError> {
    let _abandon = limit.abandon_on_drop();
    match blocking(move || Ok(query(&limit))).await? {
        Ok(done) => Ok(done),
        Err(SearchError::BadQuery(reason)) => Err(RequestError::BadQuery(reason)),
        Err(SearchError::Ended(why)) => Err(ended(why)),
        Err(error @ SearchError::Failed(_)) => {
            tracing::warn!(%error, "a view cannot be read");
            Err(busy("the view"))
        }
    }
}

fn ended(why: Ended) -> RequestError {
    RequestError::QueryEnded(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    type Query = Box<dyn FnOnce(&QueryLimit) -> Result<u8, SearchError> + Send>;

    /// A query that blocks until the sender is dropped, and sends its limit when it has begun.
    struct Held {
        query: Query,
        begins: mpsc::Receiver<QueryLimit>,
        stays: mpsc::Sender<()>,
    }

    fn held() -> Held {
        let ((begun, begins), (stays, ends)) = (mpsc::channel(), mpsc::channel::<()>());
        let query = Box::new(move |limit: &QueryLimit| {
            begun.send(limit.clone()).expect("a receiver");
            let _ = ends.recv();
            Ok(7)
        });
        Held { query, begins, stays }
    }

    async fn begun(begins: mpsc::Receiver<QueryLimit>) -> QueryLimit {
        let begun = tokio::task::spawn_blocking(move || begins.recv());
        begun.await.expect("the task ends").expect("the query begins")
    }

    #[tokio::test]
    async fn a_query_waits_in_the_queue_until_its_deadline_and_frees_its_place_then() {
        let queries = Arc::new(Queries::new(Duration::from_millis(20)));
        let mut running = Vec::new();
        for _ in 0..RUNNING_MAX {
            let Held { query, begins, stays } = held();
            let of_task = Arc::clone(&queries);
            let task = tokio::spawn(async move { of_task.run(query).await });
            begun(begins).await;
            running.push((task, stays));
        }
        let late = queries.run(|_| Ok(7)).await;
        assert!(matches!(late, Err(RequestError::QueryEnded(_))), "{late:?}");
        for (task, stays) in running {
            drop(stays);
            task.await.expect("the task ends").expect("a result");
        }
        assert_eq!(queries.run(|_| Ok(7)).await, Ok(7));
    }

    #[tokio::test]
    async fn a_query_ends_when_its_client_disconnects() {
        let queries = Arc::new(Queries::new(Duration::from_secs(600)));
        let Held { query, begins, stays } = held();
        let task = tokio::spawn(async move { queries.run(query).await });
        let limit = begun(begins).await;
        assert!(!limit.is_abandoned());
        task.abort();
        task.await.expect_err("the task is dropped");
        assert!(limit.is_abandoned());
        drop(stays);
    }
}
