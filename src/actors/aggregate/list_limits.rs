//! The limits of lists of instances. A page costs as much as many single requests, so few pages are
//! made at once and the others wait: single requests are answered in between.

use crate::actors::{
    api::{RequestError, busy},
    support::{Bulkhead, NoTurn},
};
use std::time::Duration;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};

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

    /// Makes a page when it is its turn. The page ends its turn by dropping the permit, also in work
    /// that goes on after the time is over.
    ///
    /// # Errors
    /// When too many pages wait, or the time is over. Also any error of the page.
    pub async fn run<T, P: Future<Output = Result<T, RequestError>>>(
        &self,
        page: impl FnOnce(OwnedSemaphorePermit) -> P,
    ) -> Result<T, RequestError> {
        let late = || {
            RequestError::QueryEnded(format!(
                "the page took more than {} ms",
                self.time_max.as_millis()
            ))
        };
        let until = Instant::now() + self.time_max;
        let turn = self.bulkhead.enter(self.time_max).await.map_err(|why| match why {
            NoTurn::QueueFull => busy("the queue of lists"),
            NoTurn::TooLate => late(),
        })?;
        timeout_at(until, page(turn)).await.unwrap_or_else(|_| Err(late()))
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
            let late = limits.run(|_turn| pending::<Result<(), RequestError>>()).await;
            assert!(matches!(late, Err(RequestError::QueryEnded(_))), "{late:?}");
        }
        assert_eq!(limits.run(async |_turn| Ok(7)).await, Ok(7));
    }

    #[tokio::test]
    async fn few_pages_are_made_at_once_and_late_work_keeps_its_turn() {
        let limits = ListLimits::new(Duration::from_millis(1));
        let mut turns = Vec::new();
        for _ in 0..RUNNING_MAX {
            let late = limits.run(|turn| {
                turns.push(turn);
                pending::<Result<(), RequestError>>()
            });
            assert!(matches!(late.await, Err(RequestError::QueryEnded(_))));
        }
        let waits = limits.run(async |_turn| Ok(7)).await;
        assert!(matches!(waits, Err(RequestError::QueryEnded(_))), "{waits:?}");
        turns.pop();
        assert_eq!(limits.run(async |_turn| Ok(7)).await, Ok(7));
    }
}
