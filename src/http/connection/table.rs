//! The table of connections of one worker: enforces their number and their deadlines.

use super::{
    load::WorkerLoad,
    state::{Closing, ConnectionState, Phase, Timeouts},
};
use crate::sync::CountGuard;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// The interval between checks of the deadlines.
const TICK: Duration = Duration::from_millis(100);

/// The connections that are closed at once for their deadlines. Many that were opened together are
/// late together; closing all of them at once would delay all other requests of the worker.
const CLOSED_AT_ONCE: usize = 32;

/// The connections allowed above the limit while others are being closed.
pub const SPARE_CONNECTIONS: usize = 32;

/// The divisor of an eviction: a full table closes 1/64 of its connections at once. It is then not
/// searched for every new connection.
const EVICTED_PART: usize = 64;

/// The age from which an unfinished head is evicted before idle connections, in milliseconds.
const SLOW_HEAD_MS: u64 = 1_000;

/// The connections of one worker.
#[derive(Debug)]
pub struct ConnectionTable {
    begun: Instant,
    clock: Rc<Cell<u64>>,
    /// Whether the table is empty and the clock stands still, so that an idle worker sleeps.
    rests: Cell<bool>,
    /// Notified when the rest ends.
    opened: Notify,
    load: Arc<WorkerLoad>,
    open: RefCell<Vec<Rc<ConnectionState>>>,
    /// The number of sockets whose last response is being written.
    lingering: Arc<AtomicUsize>,
    /// The most connections, without the spare ones.
    connections_max: usize,
}

/// The place of one connection in the table; dropping it frees the place.
#[derive(Debug)]
pub struct Place {
    table: Rc<ConnectionTable>,
    state: Rc<ConnectionState>,
}

impl ConnectionTable {
    /// Creates an empty table.
    pub fn new(connections_max: usize, load: Arc<WorkerLoad>) -> Rc<Self> {
        let connections_max = connections_max.max(1);
        let (clock, open, lingering) = (Rc::default(), RefCell::default(), Arc::default());
        let (begun, rests, opened) = (Instant::now(), Cell::default(), Notify::new());
        Rc::new(Self { begun, clock, rests, opened, load, open, lingering, connections_max })
    }

    /// Takes a place for a new connection. A full table closes the connections that have waited
    /// longest for their clients. `None` when no connection can be closed, or the spare places are
    /// used up.
    pub fn admit(self: &Rc<Self>) -> Option<Place> {
        let count = self.count();
        if count >= self.connections_max
            && (self.evict() == 0 || count >= self.connections_max + SPARE_CONNECTIONS)
        {
            return None;
        }
        if self.rests.take() {
            self.clock.set(self.now_ms());
            self.opened.notify_one();
        }
        let state = ConnectionState::new(Rc::clone(&self.clock), Arc::clone(&self.load));
        let mut open = self.open.borrow_mut();
        state.index.set(open.len());
        open.push(Rc::clone(&state));
        self.load.connections.store(open.len(), Ordering::Relaxed);
        Some(Place { table: Rc::clone(self), state })
    }

    fn count(&self) -> usize {
        self.open.borrow().len() + self.lingering.load(Ordering::Relaxed)
    }

    /// Marks some connections for closing; returns how many are about to close.
    fn evict(&self) -> usize {
        let now_ms = self.clock.get();
        let open = self.open.borrow();
        let closing = open.iter().filter(|state| state.closing().is_some()).count();
        if closing > 0 {
            return closing;
        }
        let mut waiting: Vec<_> = open
            .iter()
            .filter_map(|state| {
                if let Some(since_ms) = state.blocked_since_ms() {
                    return Some((false, since_ms, state));
                }
                let (phase, since_ms) = state.waits();
                let is_slow =
                    phase != Phase::Idle && now_ms.saturating_sub(since_ms) >= SLOW_HEAD_MS;
                (phase != Phase::Serving).then_some((!is_slow, since_ms, state))
            })
            .collect();
        let count = open.len().div_ceil(EVICTED_PART).min(waiting.len());
        if count < waiting.len() {
            waiting.select_nth_unstable_by_key(count, |(rank, since_ms, _)| (*rank, *since_ms));
        }
        waiting.iter().take(count).for_each(|(_, _, state)| state.close(Closing::Idle));
        count
    }

    /// Checks all deadlines at every tick, while there are connections; never returns.
    pub async fn watch(self: Rc<Self>, timeouts: Timeouts) {
        let mut every = tokio::time::interval(TICK);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            if self.open.borrow().is_empty() {
                self.rests.set(true);
                self.opened.notified().await;
            }
            every.tick().await;
            self.check(&timeouts, || self.now_ms()).await;
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Checks all connections once. Between a few that are closed, other tasks of the worker run.
    async fn check(&self, timeouts: &Timeouts, now_ms: impl Fn() -> u64) {
        self.clock.set(now_ms());
        // A removed connection is replaced by the last one. From the end on, that one is checked
        // already.
        let (mut index, mut closed) = (self.open.borrow().len(), 0);
        while index > 0 {
            index -= 1;
            let state = self.open.borrow().get(index).cloned();
            if state.is_some_and(|state| state.check(timeouts)) {
                closed += 1;
                if closed % CLOSED_AT_ONCE == 0 {
                    tokio::task::yield_now().await;
                    self.clock.set(now_ms());
                }
            }
        }
    }

    fn remove(&self, state: &ConnectionState) {
        let mut open = self.open.borrow_mut();
        let index = state.index.get();
        if index < open.len() {
            open.swap_remove(index);
            if let Some(moved) = open.get(index) {
                moved.index.set(index);
            }
        }
        self.load.connections.store(open.len(), Ordering::Relaxed);
    }
}

impl Place {
    /// The state of the connection at this place.
    pub const fn state(&self) -> &Rc<ConnectionState> {
        &self.state
    }

    /// Frees the place while the socket stays open for its last response. The socket counts as open
    /// until the result is dropped. `None` when the table is full: then close the socket at once.
    pub fn linger(self) -> Option<CountGuard> {
        if self.table.count() >= self.table.connections_max {
            return None;
        }
        Some(CountGuard::new(&self.table.lingering))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.table.remove(&self.state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Waker};

    fn table(connections_max: usize) -> Rc<ConnectionTable> {
        ConnectionTable::new(connections_max, Arc::default())
    }

    fn closing(places: &[Place]) -> Vec<usize> {
        let closing = |place: &Place| place.state.closing().is_some();
        places.iter().enumerate().filter(|(_, place)| closing(place)).map(|(n, _)| n).collect()
    }

    #[test]
    fn a_full_table_closes_the_connection_that_has_waited_longest() {
        let table = table(3);
        let mut places = Vec::new();
        for ms in [10, 20, 30] {
            table.clock.set(ms);
            let place = table.admit().unwrap();
            drop(place.state.serve(false));
            places.push(place);
        }
        let served = places[0].state.serve(false);
        table.clock.set(35);
        places.push(table.admit().unwrap());
        assert_eq!(closing(&places), [1]);
        table.clock.set(40);
        drop(served);
        places.remove(1);
        places.push(table.admit().unwrap());
        assert_eq!(closing(&places), [1], "the first was served at 40, the other at 30");
    }

    #[test]
    fn a_slow_head_is_closed_before_an_idle_connection() {
        let table = table(2);
        let idle = table.admit().unwrap();
        drop(idle.state.serve(false));
        table.clock.set(10);
        let slow = table.admit().unwrap();
        table.clock.set(10 + SLOW_HEAD_MS);
        let places = [idle, slow, table.admit().unwrap()];
        assert_eq!(closing(&places), [1]);
    }

    #[test]
    fn connections_that_are_late_together_are_closed_in_groups() {
        let table = table(100);
        let mut places: Vec<_> = (0..100).map(|_| table.admit().unwrap()).collect();
        let timeouts =
            Timeouts { head_ms: 5_000, keep_alive_ms: 60_000, body_ms: 5_000, write_ms: 10_000 };
        let mut check = Box::pin(table.check(&timeouts, || 5_000));
        let mut context = Context::from_waker(Waker::noop());
        assert!(check.as_mut().poll(&mut context).is_pending());
        assert_eq!(closing(&places).len(), CLOSED_AT_ONCE);
        places.retain(|place| place.state.closing().is_none());
        while check.as_mut().poll(&mut context).is_pending() {}
        assert_eq!(closing(&places).len(), places.len(), "no connection is passed over");
    }

    #[test]
    fn no_connection_is_admitted_while_all_are_served() {
        let table = table(2);
        let places = [table.admit().unwrap(), table.admit().unwrap()];
        let _served = places.iter().map(|place| place.state.serve(false)).collect::<Vec<_>>();
        assert!(table.admit().is_none());
        assert_eq!(table.load.connections.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn the_places_above_the_limit_are_counted_too() {
        let table = table(4);
        let places: Vec<_> = std::iter::from_fn(|| table.admit()).take(1_000).collect();
        assert_eq!(places.len(), 4 + SPARE_CONNECTIONS);
        drop(places);
        assert!(table.open.borrow().is_empty() && table.admit().is_some());
    }
}
