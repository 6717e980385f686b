//! Limits of a query: its deadline, the disconnection of its client and, beyond a short time, the
//! number of other long queries.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Time after which a query counts as long. Nearly all queries take less than a tenth of it.
const LONG_AFTER: Duration = Duration::from_millis(50);

/// Steps of `SQLite`'s virtual machine between two checks of the limit: some 50 µs.
pub(super) const STEPS: i32 = 1_000;

/// Why a query was ended before it had its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The query reached its deadline.
    #[error("the query took longer than {0} ms and was ended; ask for less")]
    TooSlow(u64),
    /// The maximum number of long queries is running already.
    #[error("the query takes long, and {0} others that take long run already; come back later")]
    Crowded(usize),
    /// The client no longer waits for the result.
    #[error("the query was ended because its client has gone")]
    Abandoned,
}

/// Counter of the long queries that run at once, over all read models that share it.
#[derive(Debug)]
pub struct LongQueries {
    running: AtomicUsize,
    max: usize,
}

impl LongQueries {
    /// Allows at most `max` long queries at once.
    #[must_use]
    pub const fn at_most(max: usize) -> Self {
        Self { running: AtomicUsize::new(0), max }
    }

    fn enter(self: &Arc<Self>) -> Option<LongQuery> {
        let enter = |running| (running < self.max).then_some(running + 1);
        let entered = self.running.fetch_update(Ordering::AcqRel, Ordering::Acquire, enter);
        entered.ok().map(|_| LongQuery(Arc::clone(self)))
    }
}

/// A running long query, counted until it is dropped.
struct LongQuery(Arc<LongQueries>);

impl Drop for LongQuery {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The limit of one query. Clones share it.
#[derive(Clone, Debug)]
pub struct QueryLimit(Arc<Limit>);

#[derive(Debug)]
struct Limit {
    asked: Instant,
    time_max: Duration,
    long: Option<Arc<LongQueries>>,
    is_abandoned: AtomicBool,
    ended: OnceLock<Ended>,
}

/// Guard that ends the query when it is dropped.
#[derive(Debug)]
pub struct AbandonOnDrop(QueryLimit);

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        self.0.0.is_abandoned.store(true, Ordering::Release);
    }
}

impl QueryLimit {
    /// Creates a limit with a deadline `time_max` from now. With `long`, the query runs beyond a
    /// short time only while few other queries do.
    #[must_use]
    pub fn new(time_max: Duration, long: Option<Arc<LongQueries>>) -> Self {
        let (is_abandoned, ended) = (AtomicBool::new(false), OnceLock::new());
        Self(Arc::new(Limit { asked: Instant::now(), time_max, long, is_abandoned, ended }))
    }

    /// Returns a guard that ends the query when it is dropped. The client's request holds it while
    /// it waits for the result.
    #[must_use]
    pub fn abandon_on_drop(&self) -> AbandonOnDrop {
        AbandonOnDrop(self.clone())
    }

    /// Returns the reason why the query was ended, if it was.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        self.0.ended.get().copied()
    }

    /// Whether the client no longer waits for the result.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.0.is_abandoned.load(Ordering::Acquire)
    }

    /// Returns the time that is left until the deadline.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.0.time_max.saturating_sub(self.0.asked.elapsed())
    }

    /// Returns the outcome of a query that reached its deadline.
    #[must_use]
    pub fn too_slow(&self) -> Ended {
        Ended::TooSlow(u64::try_from(self.0.time_max.as_millis()).unwrap_or(u64::MAX))
    }

    /// Returns a callback that a query that begins now calls at intervals; true when it is over.
    pub(super) fn watch(&self) -> impl FnMut() -> bool + Send + 'static {
        let (limit, begun, mut entered) = (self.clone(), Instant::now(), None);
        move || {
            let over = limit.over(begun, &mut entered);
            over.is_some_and(|ended| {
                limit.0.ended.get_or_init(|| ended);
                true
            })
        }
    }

    fn over(&self, begun: Instant, entered: &mut Option<LongQuery>) -> Option<Ended> {
        let limit = &self.0;
        if self.is_abandoned() {
            return Some(Ended::Abandoned);
        }
        if limit.asked.elapsed() >= limit.time_max {
            return Some(self.too_slow());
        }
        let long = limit.long.as_ref()?;
        if entered.is_none() && begun.elapsed() >= LONG_AFTER {
            *entered = long.enter();
            return entered.is_none().then_some(Ended::Crowded(long.max));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_runs_until_its_deadline_or_until_its_client_disconnects() {
        let limit = QueryLimit::new(Duration::from_secs(600), None);
        let mut is_over = limit.watch();
        assert!(!is_over());
        drop(limit.abandon_on_drop());
        assert!(is_over());
        assert_eq!(limit.ended(), Some(Ended::Abandoned));
        let limit = QueryLimit::new(Duration::ZERO, None);
        assert!(limit.watch()());
        assert_eq!(limit.ended(), Some(Ended::TooSlow(0)));
    }

    #[test]
    fn the_number_of_concurrent_long_queries_is_limited() {
        let long = Arc::new(LongQueries::at_most(1));
        let limit = || QueryLimit::new(Duration::from_secs(600), Some(Arc::clone(&long)));
        let before = Instant::now().checked_sub(LONG_AFTER).expect("the uptime exceeds 50 ms");
        let (first, second) = (limit(), limit());
        let (mut first_entered, mut second_entered) = (None, None);
        assert_eq!(first.over(before, &mut first_entered), None);
        assert_eq!(second.over(before, &mut second_entered), Some(Ended::Crowded(1)));
        assert_eq!(second.over(Instant::now(), &mut second_entered), None);
        drop(first_entered);
        assert_eq!(second.over(before, &mut second_entered), None);
    }
}
