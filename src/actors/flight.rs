//! Requests under way, by idempotency key: the same key never runs twice at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// The keys of all requests whose answer is not durable yet.
#[derive(Clone, Debug, Default)]
pub struct Flights {
    under_way: Arc<Mutex<HashMap<u128, Arc<Notify>>>>,
}

/// A request under way; it travels with its command and lands when dropped.
#[derive(Debug)]
pub struct Flight {
    key: u128,
    flights: Flights,
}

impl Flights {
    /// Waits until no other request with this key is under way, then is under way.
    pub async fn board(&self, key: u128) -> Flight {
        loop {
            let other = {
                let mut under_way = self.lock();
                let Some(other) = under_way.get(&key) else {
                    under_way.insert(key, Arc::default());
                    return Flight { key, flights: self.clone() };
                };
                // Registered under the lock, so that a landing in between is not missed.
                Arc::clone(other).notified_owned()
            };
            other.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u128, Arc<Notify>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(waiting) = self.flights.lock().remove(&self.key) {
            waiting.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix::test]
    async fn a_retry_waits_until_the_first_has_landed() {
        let flights = Flights::default();
        let first = flights.board(7).await;
        let retry = flights.board(7);
        tokio::pin!(retry);
        tokio::select! {
            biased;
            _ = &mut retry => panic!("two flights with one key"),
            () = tokio::task::yield_now() => {}
        }
        drop(first);
        retry.await;
    }
}
