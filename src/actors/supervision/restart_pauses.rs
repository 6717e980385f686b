//! The backoff before restarts of a child that crashes repeatedly.

use crate::actors::support::Backoff;
use std::time::{Duration, Instant};

/// The pauses from the second restart in a row on; there is none before the first.
const BACKOFF: Backoff = Backoff { base: Duration::from_millis(50), max: Duration::from_secs(5) };

/// A child that runs for this long after a restart has recovered. Its next restart counts as the
/// first.
const RECOVERED_AFTER: Duration = Duration::from_secs(10);

/// Exponential backoff: none, 50 ms, 100 ms, 200 ms, ... 5 s.
#[derive(Debug, Default)]
pub struct Pauses {
    /// Number of restarts in a row.
    restarts: u32,
    /// The time of the last restart.
    last: Option<Instant>,
    /// The time at which the supervisor found the child stopped after that restart.
    dead_since: Option<Instant>,
}

impl Pauses {
    /// Returns whether the stopped child may be restarted now. The caller asks again until it has
    /// restarted the child.
    pub fn may_begin(&mut self, now: Instant) -> bool {
        let Some(last) = self.last else { return true };
        let dead_since = *self.dead_since.get_or_insert(now);
        if dead_since.saturating_duration_since(last) >= RECOVERED_AFTER {
            self.restarts = 0;
        }
        now.saturating_duration_since(dead_since) >= self.pause()
    }

    /// Records a restart.
    pub fn begun(&mut self, now: Instant) {
        self.restarts = self.restarts.saturating_add(1);
        (self.last, self.dead_since) = (Some(now), None);
    }

    fn pause(&self) -> Duration {
        match self.restarts {
            0 => Duration::ZERO,
            restarts => BACKOFF.pause(restarts - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the restart times of a child that is checked every 50 ms and crashes at once.
    fn restarts_within(time: Duration) -> Vec<Duration> {
        let (mut pauses, begun) = (Pauses::default(), Instant::now());
        let looks = (0..).map(|check| BACKOFF.base * check).take_while(|at| *at < time);
        looks
            .filter(|at| {
                let may_begin = pauses.may_begin(begun + *at);
                if may_begin {
                    pauses.begun(begun + *at);
                }
                may_begin
            })
            .collect()
    }

    #[test]
    fn a_child_that_dies_at_once_is_restarted_at_once_and_then_after_growing_pauses() {
        let restarts = restarts_within(Duration::from_secs(3_600));
        assert_eq!(restarts[0], Duration::ZERO);
        let pauses: Vec<_> = restarts.windows(2).map(|two| two[1].saturating_sub(two[0])).collect();
        assert!(pauses.is_sorted());
        assert!(pauses[0] <= BACKOFF.base * 2, "{:?}", pauses[0]);
        assert_eq!(pauses.last(), Some(&(BACKOFF.max + BACKOFF.base)));
        assert!(restarts.len() < 720 + 10, "{}", restarts.len());
    }

    #[test]
    fn a_child_that_has_recovered_is_restarted_at_once_again() {
        let (mut pauses, begun) = (Pauses::default(), Instant::now());
        for _ in 0..5 {
            pauses.begun(begun);
        }
        assert!(!pauses.may_begin(begun + Duration::from_millis(1)));
        pauses.begun(begun);
        assert!(pauses.may_begin(begun + RECOVERED_AFTER));
    }
}
