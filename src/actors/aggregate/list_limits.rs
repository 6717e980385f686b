//! The limits of lists of instances. A page costs as much as many single requests, so few pages are
//! made at once and the others wait: single requests are answered in between.

use crate::actors::{
    api::{RequestError, busy},
    support::{Bulkhead, NoTurn},
};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Upper bound of pages that are made at once, of all kinds together.
const RUNNING_MAX: usize = 4;

/// Upper bound of requests that wait for their page. Further ones are answered 503.
const WAITING_MAX: usize = 1_024;

/// The limits of pages, shared by all kinds.
pub struct ListLimits {
    bulkhead: Bulkhead,
    time_max: Duration,
}

impl ListLimits {
    /// Creates the limits. A page that takes longer than `time_max` is not finished.
    pub fn new(time_max: Duration) -> Self {
        Self { bulkhead: Bulkhead::new(RUNNING_MAX, WAITING_MAX), time_max }
    }

    /// Makes a page when it is its turn.
    ///
    /// # Errors
    /// When too many pages wait, or the time is over. Also any error of the page.
    pub async fn run<T>(
        &self,
        page: impl Future<Output = Result<T, RequestError>>,
    ) -> Result<T, RequestError> {
        let late =
            || RequestError::QueryEnded(format!("the page took more than {:?}", self.time_max));
        let until = Instant::now() + self.time_max;
        let _turn = self.bulkhead.enter(self.time_max).await.map_err(|why| match why {
            NoTurn::QueueFull => busy("the queue of lists"),
            NoTurn::TooLate => late(),
        })?;
        timeout_at(until, page).await.unwrap_or_else(|_| Err(late()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test]
    async fn a_page_that_takes_too_long_is_not_finished_and_frees_its_turn() {
        let limits = ListLimits::new(Duration::from_millis(1));
        for _ in 0..=RUNNING_MAX {
            let late = limits.run(pending::<Result<(), RequestError>>()).await;
            assert!(matches!(late, Err(RequestError::QueryEnded(_))), "{late:?}");
        }
        assert_eq!(limits.run(async { Ok(7) }).await, Ok(7));
    }

    #[tokio::test]
    async fn few_pages_are_made_at_once() {
        let limits = ListLimits::new(Duration::from_millis(1));
        let held: Vec<_> =
            (0..RUNNING_MAX).map(|_| limits.bulkhead.enter(Duration::ZERO)).collect();
        let mut turns = Vec::new();
        for turn in held {
            turns.push(turn.await.expect("a turn"));
        }
        let late = limits.run(async { Ok(7) }).await;
        assert!(matches!(late, Err(RequestError::QueryEnded(_))), "{late:?}");
        turns.pop();
        assert_eq!(limits.run(async { Ok(7) }).await, Ok(7));
    }
}
