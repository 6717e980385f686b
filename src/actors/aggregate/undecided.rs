//! The numbers of new aggregates whose command was answered 202 before it was decided.

use super::envelope::ReplyReceiver;
use crate::sync;
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

/// The numbers of new aggregates whose command was answered 202 before it was decided.
#[derive(Clone, Debug, Default)]
pub(super) struct Undecided {
    numbers: Arc<Mutex<HashSet<u64>>>,
    count: Arc<AtomicUsize>,
}

impl Undecided {
    /// Adds a number, and removes it when its command is decided.
    pub(super) fn add(&self, number: u64, receiver: Option<ReplyReceiver>) {
        let Some(receiver) = receiver else { return };
        let undecided = self.clone();
        undecided.change(|numbers| numbers.insert(number));
        tokio::spawn(async move {
            // The command is decided when the channel is answered or dropped.
            let _ = receiver.await;
            undecided.change(|numbers| numbers.remove(&number));
        });
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.count.load(Ordering::Acquire) > 0 && sync::lock(&self.numbers).contains(&number)
    }

    fn change(&self, change: impl FnOnce(&mut HashSet<u64>) -> bool) {
        let mut numbers = sync::lock(&self.numbers);
        change(&mut numbers);
        self.count.store(numbers.len(), Ordering::Release);
    }
}
