//! The deferred calls of a port, by conversation, so that waiting clients get an early answer.
//!
//! The answer says that the result follows later.

use crate::sync;
use std::{collections::HashMap, sync::Mutex};
use tokio::sync::oneshot;

/// The deferred calls of one port, by conversation.
pub struct Deferrals {
    questions_max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The number of guards for each conversation. After a restart the new effect may defer its
    /// call before the guard of the old effect is dropped.
    put_off: HashMap<u64, usize>,
    /// The waiting clients of each conversation whose call is not deferred yet.
    waiting: HashMap<u64, Vec<oneshot::Sender<()>>>,
}

/// The guard of a deferred call. It is dropped when the call is answered or given up.
pub struct Deferral<'a> {
    at: &'a Deferrals,
    conversation: u64,
}

impl Deferrals {
    /// Creates an empty list. At most this many calls are deferred at once.
    pub fn new(questions_max: usize) -> Self {
        Self { questions_max, state: Mutex::default() }
    }

    /// Whether one more call can be deferred.
    pub fn has_room(&self) -> bool {
        sync::lock(&self.state).put_off.len() < self.questions_max
    }

    /// Defers the call of a conversation; `None` when the limit is reached. A call that is already
    /// deferred takes no further place.
    pub fn put_off(&self, conversation: u64) -> Option<Deferral<'_>> {
        let mut state = sync::lock(&self.state);
        let is_full = state.put_off.len() >= self.questions_max;
        if is_full && !state.put_off.contains_key(&conversation) {
            return None;
        }
        *state.put_off.entry(conversation).or_default() += 1;
        // Dropping the senders wakes the waiting clients.
        state.waiting.remove(&conversation);
        Some(Deferral { at: self, conversation })
    }

    /// Waits until the call of this conversation is deferred.
    pub async fn is_put_off(&self, conversation: u64) {
        let _leaving = Leaving { at: self, conversation };
        let deferred = {
            let mut state = sync::lock(&self.state);
            if state.put_off.contains_key(&conversation) {
                return;
            }
            let (sender, receiver) = oneshot::channel();
            state.waiting.entry(conversation).or_default().push(sender);
            receiver
        };
        let _ = deferred.await;
    }
}

impl Drop for Deferral<'_> {
    fn drop(&mut self) {
        let mut state = sync::lock(&self.at.state);
        let Some(count) = state.put_off.get_mut(&self.conversation) else { return };
        *count -= 1;
        if *count == 0 {
            state.put_off.remove(&self.conversation);
        }
    }
}

/// The entry of a waiting client. It is removed when this guard is dropped.
struct Leaving<'a> {
    at: &'a Deferrals,
    conversation: u64,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let mut state = sync::lock(&self.at.state);
        let Some(waiting) = state.waiting.get_mut(&self.conversation) else { return };
        waiting.retain(|sender| !sender.is_closed());
        if waiting.is_empty() {
            state.waiting.remove(&self.conversation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use tokio::task::yield_now;

    #[test]
    fn no_more_calls_are_deferred_than_the_limit_allows() {
        let deferrals = Deferrals::new(2);
        let first = deferrals.put_off(1);
        let _second = deferrals.put_off(2);
        assert!(first.is_some() && deferrals.put_off(3).is_none() && !deferrals.has_room());
        drop(first);
        assert!(deferrals.has_room() && deferrals.put_off(3).is_some());
    }

    #[test]
    fn a_deferred_call_takes_one_place_until_its_last_guard_is_dropped() {
        let deferrals = Deferrals::new(1);
        let first = deferrals.put_off(1);
        let again = deferrals.put_off(1);
        assert!(again.is_some());
        drop(first);
        assert!(!deferrals.has_room() && deferrals.put_off(2).is_none());
        drop(again);
        assert!(deferrals.has_room());
    }

    #[tokio::test]
    async fn a_wait_ends_when_the_call_is_deferred_and_a_later_wait_ends_at_once() {
        let deferrals = Deferrals::new(2);
        let mut waiting = pin!(deferrals.is_put_off(7));
        tokio::select! {
            biased;
            () = &mut waiting => panic!("no call is deferred"),
            () = yield_now() => {}
        }
        let _other = deferrals.put_off(8);
        tokio::select! {
            biased;
            () = &mut waiting => panic!("another call is deferred"),
            () = yield_now() => {}
        }
        let _put_off = deferrals.put_off(7);
        waiting.await;
        deferrals.is_put_off(7).await;
    }

    #[tokio::test]
    async fn a_client_that_stops_waiting_leaves_no_entry() {
        let deferrals = Deferrals::new(2);
        tokio::select! {
            biased;
            () = deferrals.is_put_off(7) => panic!("no call is deferred"),
            () = yield_now() => {}
        }
        assert!(sync::lock(&deferrals.state).waiting.is_empty());
    }
}
