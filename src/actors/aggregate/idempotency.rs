//! Requests in flight, by idempotency key. Two requests with one key never run at once, and the
//! answer to the client is decided once.
//!
//! ```text
//!          the aggregate submits the command, which is pending
//!   Open ─────────────────────────────────────────────▶ Pending ──▶ Answered   by the aggregate
//!    │ wait time ends first: 202                            │ wait time ends first: 202
//!    ▼                                                      ▼
//!   Undecided(202): stored with the command              GivenUp(202): stored before it is sent
//! ```

use crate::actors::api::{IdempotencyKey, Reply};
use crate::sync;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tokio::sync::Notify;

/// The keys of all requests whose answer is not durable yet.
#[derive(Clone, Debug, Default)]
pub struct InFlightKeys {
    under_way: Arc<Mutex<HashMap<u128, Arc<UnderWay>>>>,
}

/// The guard of a key whose request is in flight. It is passed on with the command. The waiting
/// client and the record that is not durable yet can each hold a copy. The key is free when the
/// last copy is dropped.
#[derive(Clone, Debug)]
pub struct KeyGuard(Arc<Airborne>);

#[derive(Debug)]
struct Airborne(Watch);

/// A handle to a request in flight, for the tasks that wait for it.
#[derive(Clone, Debug)]
pub struct Watch {
    key: u128,
    in_flight_keys: InFlightKeys,
    under_way: Arc<UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    /// The fingerprint of the request under the key.
    fingerprint: u128,
    changes: Arc<Notify>,
    state: Mutex<(AnswerState, Option<u64>)>,
}

/// The answer to the client of a request in flight.
#[derive(Clone, Debug, Default)]
pub enum AnswerState {
    /// It is not known whether the command was decided.
    #[default]
    Open,
    /// The command was carried out, and its outcome is pending.
    Pending,
    /// The aggregate has submitted the answer.
    Answered,
    /// The client got this reply before the command was decided. The reply is stored with the
    /// command.
    Undecided(Reply),
    /// The client gets this reply while the outcome is pending. The reply is stored before it is
    /// sent.
    GivenUp(Reply),
}

/// The result of claiming a key.
#[derive(Debug)]
pub enum Acquired {
    /// No other request has the key.
    Alone(KeyGuard),
    /// Another request is in flight. It was not decided in time, and its client got this reply.
    Undecided(Reply),
    /// Another request with a different fingerprint is in flight.
    Reused,
}

impl InFlightKeys {
    /// Waits until no other request with this key is in flight, then claims the key.
    pub async fn acquire(&self, IdempotencyKey { key, fingerprint }: IdempotencyKey) -> Acquired {
        loop {
            let other = {
                let mut under_way = sync::lock(&self.under_way);
                let Some(other) = under_way.get(&key) else {
                    let (changes, state) = Default::default();
                    let new = Arc::new(UnderWay { fingerprint, changes, state });
                    under_way.insert(key, Arc::clone(&new));
                    let in_flight_keys = self.clone();
                    let watch = Watch { key, in_flight_keys, under_way: new };
                    return Acquired::Alone(KeyGuard(Arc::new(Airborne(watch))));
                };
                // Registered under the lock, before the state is read, so that no change is missed.
                let change = Arc::clone(&other.changes).notified_owned();
                if let AnswerState::Undecided(reply) = &sync::lock(&other.state).0 {
                    let is_same = other.fingerprint == fingerprint;
                    let reply = is_same.then(|| reply.clone());
                    return reply.map_or(Acquired::Reused, Acquired::Undecided);
                }
                change
            };
            other.await;
        }
    }

    /// The request in flight with this key; `None` when there is none.
    pub fn watch(&self, key: u128) -> Option<Watch> {
        let under_way = sync::lock(&self.under_way).get(&key).cloned()?;
        Some(Watch { key, in_flight_keys: self.clone(), under_way })
    }
}

impl KeyGuard {
    /// A watch for tasks that wait for this request.
    pub fn watch(&self) -> Watch {
        self.0.0.clone()
    }

    /// Sets the number of the aggregate that the command goes to.
    pub fn goes_to(&self, number: u64) {
        sync::lock(&self.0.0.under_way.state).1 = Some(number);
    }

    /// Marks the command as carried out with a pending outcome. Returns the reply that its client
    /// already got, if it got one.
    pub fn is_pending(&self) -> Option<Reply> {
        self.set_state(AnswerState::Pending)
    }

    /// Marks the command as answered by the aggregate. Returns the reply that its client already
    /// got, if it got one. In that case the aggregate must not answer.
    pub fn is_answered(&self) -> Option<Reply> {
        self.set_state(AnswerState::Answered)
    }

    fn set_state(&self, to: AnswerState) -> Option<Reply> {
        let mut state = sync::lock(&self.0.0.under_way.state);
        match &state.0 {
            AnswerState::Undecided(reply) | AnswerState::GivenUp(reply) => Some(reply.clone()),
            AnswerState::Open | AnswerState::Pending | AnswerState::Answered => {
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
        sync::lock(&self.under_way.state).1
    }

    /// Ends the wait of the client, whose wait time is over. The client gets `reply`, unless it has
    /// an answer already. Returns the verdict after that.
    pub fn give_up(&self, reply: &Reply) -> AnswerState {
        let mut state = sync::lock(&self.under_way.state);
        match &state.0 {
            AnswerState::Open => {
                state.0 = AnswerState::Undecided(reply.clone());
                drop(state);
                self.under_way.changes.notify_waiters();
                return AnswerState::Undecided(reply.clone());
            }
            AnswerState::Pending => state.0 = AnswerState::GivenUp(reply.clone()),
            AnswerState::Answered | AnswerState::Undecided(_) => return state.0.clone(),
            // Another request stores that reply now.
            AnswerState::GivenUp(_) => return AnswerState::Answered,
        }
        AnswerState::GivenUp(reply.clone())
    }

    /// Reverts [`Self::give_up`] when its reply could not be stored and was not sent.
    pub fn take_back(&self) {
        let mut state = sync::lock(&self.under_way.state);
        if matches!(state.0, AnswerState::GivenUp(_)) {
            state.0 = AnswerState::Pending;
        }
    }

    /// Frees the key once the answer is stored: the next request with this key may begin.
    pub fn land(&self) {
        let mut under_way = sync::lock(&self.in_flight_keys.under_way);
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
            available_commands: [].as_slice().into(),
        }
    }

    async fn alone(in_flight_keys: &InFlightKeys) -> KeyGuard {
        match in_flight_keys.acquire(KEY).await {
            Acquired::Alone(guard) => guard,
            other => panic!("{other:?}"),
        }
    }

    #[actix::test]
    async fn a_retry_waits_until_the_first_request_is_answered() {
        let in_flight_keys = InFlightKeys::default();
        let first = alone(&in_flight_keys).await;
        let retry = in_flight_keys.acquire(KEY);
        tokio::pin!(retry);
        tokio::select! {
            biased;
            _ = &mut retry => panic!("two requests with one key are in flight"),
            () = tokio::task::yield_now() => {}
        }
        drop(first);
        retry.await;
    }

    #[actix::test]
    async fn a_key_is_in_use_until_every_copy_of_its_guard_is_dropped() {
        let in_flight_keys = InFlightKeys::default();
        let waiting = alone(&in_flight_keys).await;
        let record = waiting.clone();
        drop(waiting);
        assert!(in_flight_keys.watch(KEY.key).is_some(), "the record is not durable");
        drop(record);
        assert!(in_flight_keys.watch(KEY.key).is_none());
    }

    #[actix::test]
    async fn an_answer_sent_before_the_decision_is_final() {
        let in_flight_keys = InFlightKeys::default();
        let guard = alone(&in_flight_keys).await;
        assert!(matches!(guard.watch().give_up(&reply(1)), AnswerState::Undecided(_)));
        let Acquired::Undecided(reply) = in_flight_keys.acquire(KEY).await else {
            panic!("two requests are in flight")
        };
        assert_eq!(reply.number, 1, "a retry gets the same answer");
        let other = in_flight_keys.acquire(IdempotencyKey { fingerprint: 9, ..KEY }).await;
        assert!(matches!(other, Acquired::Reused));
        assert_eq!(guard.is_pending().map(|reply| reply.number), Some(1));
        assert_eq!(guard.is_answered().map(|reply| reply.number), Some(1));
    }

    #[actix::test]
    async fn a_client_is_answered_by_the_aggregate_or_when_its_wait_time_ends() {
        let in_flight_keys = InFlightKeys::default();
        let guard = alone(&in_flight_keys).await;
        assert!(guard.is_pending().is_none() && guard.is_answered().is_none());
        assert!(matches!(guard.watch().give_up(&reply(1)), AnswerState::Answered));
        drop(guard);
        let guard = alone(&in_flight_keys).await;
        assert!(guard.is_pending().is_none());
        let watch = guard.watch();
        assert!(matches!(watch.give_up(&reply(2)), AnswerState::GivenUp(_)));
        assert_eq!(guard.is_answered().map(|reply| reply.number), Some(2));
        watch.take_back();
        assert!(guard.is_answered().is_none(), "the reply was not stored and not sent");
    }

    #[actix::test]
    async fn an_answered_request_does_not_free_the_key_of_the_next_request() {
        let in_flight_keys = InFlightKeys::default();
        let first = alone(&in_flight_keys).await;
        first.watch().land();
        let _second = alone(&in_flight_keys).await;
        drop(first);
        assert!(in_flight_keys.watch(7).is_some());
    }
}
