//! The figures of open sagas. A census reads their stored states: memory holds only some of them.

use super::Runtime;
use crate::{
    actors::{
        saga::{Census, CountSagas, STATES},
        support::now,
    },
    domain::kernel::Timestamp,
    metrics::Families,
    sync,
};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// The longest time of a census. A longer one is cut, and tells so.
const CENSUS_TIME_MAX: Duration = Duration::from_millis(500);

/// A census serves for this many times its duration, so that it costs at most a fiftieth of a core.
const REST: u32 = 50;

/// The last census of all sagas.
pub struct SagaCensus {
    sagas: Vec<(&'static str, CountSagas)>,
    last: Mutex<Option<Taken>>,
    /// The saga with which the next census begins, so that a cut does not leave out the same ones.
    next: AtomicUsize,
}

/// A census and the time until which it serves.
struct Taken {
    until: Instant,
    sagas: Vec<(&'static str, Census, Begins)>,
}

/// When the oldest instance of each state began, if that is known.
type Begins = [Option<Timestamp>; STATES.len()];

impl SagaCensus {
    /// A census of these sagas that is not taken yet.
    #[must_use]
    pub fn of(sagas: Vec<(&'static str, CountSagas)>) -> Self {
        Self { sagas, last: Mutex::default(), next: AtomicUsize::new(0) }
    }

    fn take(&self, begun: impl Fn(&str, u64) -> Option<Timestamp>) -> Taken {
        let start = Instant::now();
        let count = |(name, count): &(&'static str, CountSagas)| {
            let census = count(start + CENSUS_TIME_MAX);
            // A journal that is being reopened is counted at a later scrape.
            let census = census.unwrap_or(Census { is_cut: true, ..Census::default() });
            let first = |first: u64| Some(first).filter(|first| *first > 0);
            let begins = census.states.map(|state| begun(name, first(state.first)?));
            (*name, census, begins)
        };
        let first = self.next.fetch_add(1, Ordering::Relaxed) % self.sagas.len().max(1);
        let (later, earlier) = self.sagas.split_at(first);
        let sagas = earlier.iter().chain(later).map(count).collect();
        Taken { until: Instant::now() + start.elapsed() * REST, sagas }
    }
}

impl Runtime {
    pub(super) fn add_sagas(&self, families: &mut Families) {
        let mut last = sync::lock(&self.parts.saga_census.last);
        if last.as_ref().is_none_or(|last| last.until <= Instant::now()) {
            let begun = |saga: &str, number| {
                let business = saga.split_once('/').map_or("", |(business, _)| business);
                self.parts.conversations.begun(business, number)
            };
            *last = Some(self.parts.saga_census.take(begun));
        }
        let Some(Taken { sagas, .. }) = &*last else { return };
        let family = families.gauge("madang_sagas_open", "Open sagas by state");
        for (saga, census, _) in sagas {
            for (state, open) in STATES.into_iter().zip(census.states) {
                family.add([("saga", *saga), ("state", state)], open.count);
            }
        }
        let now = now();
        let family = families
            .gauge("madang_saga_oldest_age_seconds", "Time since the oldest open saga began");
        for (saga, _, begins) in sagas {
            for (state, begun) in STATES.into_iter().zip(begins) {
                if let Some(begun) = begun {
                    let age = Duration::from_millis(now.0.saturating_sub(begun.0));
                    family.add([("saga", *saga), ("state", state)], age.as_secs_f64());
                }
            }
        }
        let family = families
            .gauge("madang_saga_census_cut", "Whether there was no time to count all sagas (1)");
        for (saga, census, _) in sagas {
            family.add([("saga", *saga)], census.is_cut);
        }
    }
}
