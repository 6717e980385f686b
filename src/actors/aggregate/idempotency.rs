//! Requests under way, by idempotency key. The same key never runs twice at once, and the answer to
//! its client is decided once.
//!
//! ```text
//!          the aggregate submits the command, which is pending
//!   Open ─────────────────────────────────────────────▶ Pending ──▶ Answered   by the aggregate
//!    │ patience is over first: 202                          │ patience is over first: 202
//!    ▼                                                      ▼
//!   Undecided(202): stored with the command              GivenUp(202): stored before it is sent
//! ```

use crate::actors::api::{IdempotencyKey, Reply};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// The keys of all requests whose answer is not durable yet.
#[derive(Clone, Debug, Default)]
pub struct InFlightKeys {
    under_way: Arc<Mutex<HashMap<u128, Arc<UnderWay>>>>,
}

/// The guard of a key whose request is under way. It is passed on with the command. The key is free
/// when the last copy is dropped: with the waiting clients, and with the record that is not durable
/// yet.
#[derive(Clone, Debug)]
pub struct KeyGuard(Arc<Airborne>);

#[derive(Debug)]
struct Airborne(Watch);

/// A request under way, as seen by tasks that wait for it.
#[derive(Clone, Debug)]
pub struct Watch {
    key: u128,
    flights: InFlightKeys,
    under_way: Arc<UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    /// The fingerprint of the request under the key.
    fingerprint: u128,
    changes: Arc<Notify>,
    state: Mutex<(Verdict, Option<u64>)>,
}

/// The answer to the client of a request under way.
#[derive(Clone, Debug, Default)]
pub enum Verdict {
    /// It is not known whether the command was decided.
    #[default]
    Open,
    /// The command was carried out, and its outcome is pending.
    Pending,
    /// The aggregate has submitted the answer.
    Answered,
    /// The client was answered this before the command was decided. It is stored with it.
    Undecided(Reply),
    /// The client is answered this while the outcome is pending. It is stored before it is sent.
    GivenUp(Reply),
}

/// How a request under a key begins.
#[derive(Debug)]
pub enum Boarding {
    /// It is the only one under its key.
    Alone(KeyGuard),
    /// Another one is under way, was not decided in time, and was answered this.
    Undecided(Reply),
    /// Another request with a different fingerprint is under way.
    Reused,
}

impl InFlightKeys {
    /// Waits until no other request with this key is under way, then claims the key.
    pub async fn board(&self, IdempotencyKey { key, fingerprint }: IdempotencyKey) -> Boarding {
        loop {
            let other = {
                let mut under_way = lock(&self.under_way);
                let Some(other) = under_way.get(&key) else {
                    let (changes, state) = Default::default();
                    let new = Arc::new(UnderWay { fingerprint, changes, state });
                    under_way.insert(key, Arc::clone(&new));
                    let flights = self.clone();
                    let watch = Watch { key, flights, under_way: new };
                    return Boarding::Alone(KeyGuard(Arc::new(Airborne(watch))));
                };
                // Registered under the lock and before the look, so that no change is missed.
                let change = Arc::clone(&other.changes).notified_owned();
                if let Verdict::Undecided(reply) = &lock(&other.state).0 {
                    let is_same = other.fingerprint == fingerprint;
                    let reply = is_same.then(|| reply.clone());
                    return reply.map_or(Boarding::Reused, Boarding::Undecided);
                }
                change
            };
            other.await;
        }
    }

    /// The request under way with this key.
    pub fn watch(&self, key: u128) -> Option<Watch> {
        let under_way = lock(&self.under_way).get(&key).cloned()?;
        Some(Watch { key, flights: self.clone(), under_way })
    }
}

impl KeyGuard {
    /// A watch for tasks that wait for this request.
    pub fn watch(&self) -> Watch {
        self.0.0.clone()
    }

    /// The command goes to the aggregate of this number.
    pub fn goes_to(&self, number: u64) {
        lock(&self.0.0.under_way.state).1 = Some(number);
    }

    /// Marks the command as carried out with a pending outcome. Returns what its client was
    /// answered already, if it was.
    pub fn is_pending(&self) -> Option<Reply> {
        self.turn(Verdict::Pending)
    }

    /// Marks the command as answered by the aggregate. Returns what its client was answered
    /// already, if it was; the aggregate must not answer then.
    pub fn is_answered(&self) -> Option<Reply> {
        self.turn(Verdict::Answered)
    }

    fn turn(&self, to: Verdict) -> Option<Reply> {
        let mut state = lock(&self.0.0.under_way.state);
        match &state.0 {
            Verdict::Undecided(reply) | Verdict::GivenUp(reply) => Some(reply.clone()),
            Verdict::Open | Verdict::Pending | Verdict::Answered => {
                state.0 = to;
                None
            }
        }
    }
}

impl Watch {
    /// Whether the request has this fingerprint.
    pub fn says(&self, fingerprint: u128) -> bool {
        self.under_way.fingerprint == fingerprint
    }

    /// The number of the aggregate that the command went to.
    pub fn number(&self) -> Option<u64> {
        lock(&self.under_way.state).1
    }

    /// The client's patience is over: it is answered with `reply`, unless the verdict says
    /// otherwise. Returns the verdict then.
    pub fn give_up(&self, reply: &Reply) -> Verdict {
        let mut state = lock(&self.under_way.state);
        match &state.0 {
            Verdict::Open => {
                state.0 = Verdict::Undecided(reply.clone());
                drop(state);
                self.under_way.changes.notify_waiters();
                return Verdict::Undecided(reply.clone());
            }
            Verdict::Pending => state.0 = Verdict::GivenUp(reply.clone()),
            Verdict::Answered | Verdict::Undecided(_) => return state.0.clone(),
            // Another request stores that reply at this moment.
            Verdict::GivenUp(_) => return Verdict::Answered,
        }
        Verdict::GivenUp(reply.clone())
    }

    /// Reverts [`Self::give_up`] when its reply could not be stored, and was not sent.
    pub fn take_back(&self) {
        let mut state = lock(&self.under_way.state);
        if matches!(state.0, Verdict::GivenUp(_)) {
            state.0 = Verdict::Pending;
        }
    }

    /// Frees the key once the answer is stored: the next request with this key may begin.
    pub fn land(&self) {
        let mut under_way = lock(&self.flights.under_way);
        if under_way.get(&self.key).is_some_and(|other| Arc::ptr_eq(other, &self.under_way)) {
            under_way.remove(&self.key);
        }
        drop(under_way);
        self.under_way.changes.notify_waiters();
    }
}

impl Drop for Airborne {
    fn drop(&mut self) {
        self.0.land();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::api::Outcome;

    const KEY: IdempotencyKey = IdempotencyKey { key: 7, fingerprint: 8 };

    fn reply(number: u64) -> Reply {
        Reply {
            outcome: Outcome::Pending,
            number,
            version: 1,
            position: 1,
            body: b"{}".to_vec(),
            possible: [].as_slice().into(),
        }
    }

    async fn alone(flights: &InFlightKeys) -> KeyGuard {
        match flights.board(KEY).await {
            Boarding::Alone(flight) => flight,
            other => panic!("{other:?}"),
        }
    }

    #[actix::test]
    async fn a_retry_waits_until_the_first_has_landed() {
        let flights = InFlightKeys::default();
        let first = alone(&flights).await;
        let retry = flights.board(KEY);
        tokio::pin!(retry);
        tokio::select! {
            biased;
            _ = &mut retry => panic!("two flights with one key"),
            () = tokio::task::yield_now() => {}
        }
        drop(first);
        retry.await;
    }

    #[actix::test]
    async fn a_retry_waits_until_every_copy_has_landed() {
        let flights = InFlightKeys::default();
        let waiting = alone(&flights).await;
        let record = waiting.clone();
        drop(waiting);
        assert!(flights.watch(KEY.key).is_some(), "the record is not durable");
        drop(record);
        assert!(flights.watch(KEY.key).is_none());
    }

    #[actix::test]
    async fn what_a_client_was_answered_before_the_decision_stands() {
        let flights = InFlightKeys::default();
        let flight = alone(&flights).await;
        assert!(matches!(flight.watch().give_up(&reply(1)), Verdict::Undecided(_)));
        let Boarding::Undecided(told) = flights.board(KEY).await else { panic!("two flights") };
        assert_eq!(told.number, 1, "a retry is answered the same");
        let other = flights.board(IdempotencyKey { fingerprint: 9, ..KEY }).await;
        assert!(matches!(other, Boarding::Reused));
        assert_eq!(flight.is_pending().map(|reply| reply.number), Some(1));
        assert_eq!(flight.is_answered().map(|reply| reply.number), Some(1));
    }

    #[actix::test]
    async fn either_the_aggregate_answers_or_patience_does() {
        let flights = InFlightKeys::default();
        let flight = alone(&flights).await;
        assert!(flight.is_pending().is_none() && flight.is_answered().is_none());
        assert!(matches!(flight.watch().give_up(&reply(1)), Verdict::Answered));
        drop(flight);
        let flight = alone(&flights).await;
        assert!(flight.is_pending().is_none());
        let watch = flight.watch();
        assert!(matches!(watch.give_up(&reply(2)), Verdict::GivenUp(_)));
        assert_eq!(flight.is_answered().map(|reply| reply.number), Some(2));
        watch.take_back();
        assert!(flight.is_answered().is_none(), "it was not stored, and not sent");
    }

    #[actix::test]
    async fn one_that_has_landed_does_not_end_the_next() {
        let flights = InFlightKeys::default();
        let first = alone(&flights).await;
        first.watch().land();
        let _second = alone(&flights).await;
        drop(first);
        assert!(flights.watch(7).is_some());
    }
}
