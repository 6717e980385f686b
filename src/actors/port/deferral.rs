//! Deferred questions: how many there are, and of which conversations, so that a waiting client is
//! told that the answer comes later.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// The deferred questions of one port, by conversation.
pub struct Deferrals {
    questions_max: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The number of guards for each conversation. After a restart the new effect may defer its
    /// question before the guard of the old one is dropped.
    put_off: HashMap<u64, usize>,
    /// The waiting clients of each conversation whose question is not deferred yet.
    waiting: HashMap<u64, Vec<oneshot::Sender<()>>>,
}

/// The guard of a deferred question; dropped when it is answered or given up.
pub struct PutOff<'a> {
    at: &'a Deferrals,
    conversation: u64,
}

impl Deferrals {
    /// At most this many questions are deferred at once.
    pub fn new(questions_max: usize) -> Self {
        Self { questions_max, state: Mutex::default() }
    }

    /// Whether one more question can be deferred.
    pub fn has_room(&self) -> bool {
        self.lock().put_off.len() < self.questions_max
    }

    /// Defers the question of a conversation; `None` when there is no room. A question that is
    /// deferred already needs none.
    pub fn put_off(&self, conversation: u64) -> Option<PutOff<'_>> {
        let mut state = self.lock();
        let is_full = state.put_off.len() >= self.questions_max;
        if is_full && !state.put_off.contains_key(&conversation) {
            return None;
        }
        *state.put_off.entry(conversation).or_default() += 1;
        // Dropping the senders wakes the waiting clients.
        state.waiting.remove(&conversation);
        Some(PutOff { at: self, conversation })
    }

    /// Waits until the question of this conversation is deferred.
    pub async fn is_put_off(&self, conversation: u64) {
        let _leaving = Leaving { at: self, conversation };
        let told = {
            let mut state = self.lock();
            if state.put_off.contains_key(&conversation) {
                return;
            }
            let (tell, told) = oneshot::channel();
            state.waiting.entry(conversation).or_default().push(tell);
            told
        };
        let _ = told.await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PutOff<'_> {
    fn drop(&mut self) {
        let mut state = self.at.lock();
        let Some(count) = state.put_off.get_mut(&self.conversation) else { return };
        *count -= 1;
        if *count == 0 {
            state.put_off.remove(&self.conversation);
        }
    }
}

/// The entry of a waiting client; removed when this guard is dropped.
struct Leaving<'a> {
    at: &'a Deferrals,
    conversation: u64,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        let mut state = self.at.lock();
        let Some(waiting) = state.waiting.get_mut(&self.conversation) else { return };
        waiting.retain(|tell| !tell.is_closed());
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
    fn no_more_are_put_off_than_there_is_room_for() {
        let desk = Deferrals::new(2);
        let first = desk.put_off(1);
        let _second = desk.put_off(2);
        assert!(first.is_some() && desk.put_off(3).is_none() && !desk.has_room());
        drop(first);
        assert!(desk.has_room() && desk.put_off(3).is_some());
    }

    #[test]
    fn what_is_put_off_needs_no_room_and_is_so_until_nobody_says_so_any_more() {
        let desk = Deferrals::new(1);
        let first = desk.put_off(1);
        let again = desk.put_off(1);
        assert!(again.is_some());
        drop(first);
        assert!(!desk.has_room() && desk.put_off(2).is_none());
        drop(again);
        assert!(desk.has_room());
    }

    #[tokio::test]
    async fn whoever_waits_is_told_when_it_is_put_off_and_whoever_comes_later_at_once() {
        let desk = Deferrals::new(2);
        let mut waiting = pin!(desk.is_put_off(7));
        tokio::select! {
            biased;
            () = &mut waiting => panic!("nothing is put off"),
            () = yield_now() => {}
        }
        let _other = desk.put_off(8);
        tokio::select! {
            biased;
            () = &mut waiting => panic!("another is put off"),
            () = yield_now() => {}
        }
        let _put_off = desk.put_off(7);
        waiting.await;
        desk.is_put_off(7).await;
    }

    #[tokio::test]
    async fn whoever_stops_waiting_leaves_nothing_behind() {
        let desk = Deferrals::new(2);
        tokio::select! {
            biased;
            () = desk.is_put_off(7) => panic!("nothing is put off"),
            () = yield_now() => {}
        }
        assert!(desk.lock().waiting.is_empty());
    }
}
