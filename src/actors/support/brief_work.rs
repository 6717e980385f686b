//! Brief blocking work, such as one read of the journal. To hand work over to a thread for blocking
//! work costs a wake-up there and one back, often more than the work itself. The brief work of one
//! turn of an event loop is therefore handed over together, in groups.

use super::{panics::catch_panic, wake_batching::batch_wakes};
use crate::traces::Correlation;
use actix::Arbiter;
use std::cell::RefCell;
use tokio::{sync::oneshot, task::spawn_blocking};

/// The work of a turn is divided into two groups, as long as each has as many works as this.
const GROUP_MIN: usize = 8;

/// Upper bound of works in a group. They are done one after the other, so each waits for the
/// others of its group.
const GROUP_MAX: usize = 32;

type Work = Box<dyn FnOnce() + Send>;

thread_local! {
    /// The work that this thread hands over at the end of the turn.
    static PENDING: RefCell<Vec<Work>> = const { RefCell::new(Vec::new()) };
}

/// Begins work that waits for the disk for a few milliseconds at most, off the event loop. The
/// result waits for its end. Longer work belongs into [`super::run_blocking`].
///
/// # Errors
/// The reason, when the work panicked or the runtime stops.
pub fn begin_brief<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, String>> {
    let (sender, done) = oneshot::channel();
    let correlation = Correlation::current();
    hand_over(Box::new(move || {
        let _entered = correlation.enter();
        let _ = sender.send(catch_panic(work));
    }));
    async { batch_wakes(done).await.unwrap_or_else(|_| Err("the runtime stops".to_owned())) }
}

fn hand_over(work: Work) {
    if Arbiter::try_current().is_none() {
        drop(spawn_blocking(work));
        return;
    }
    let is_first = PENDING.with_borrow_mut(|pending| {
        pending.push(work);
        pending.len() == 1
    });
    if is_first {
        let turn = Turn;
        actix::spawn(async move {
            hand_over_groups();
            drop(turn);
        });
    }
}

fn hand_over_groups() {
    let pending = PENDING.take();
    let size = pending.len().div_ceil(2).clamp(GROUP_MIN, GROUP_MAX);
    let mut pending = pending.into_iter();
    loop {
        let group: Vec<Work> = pending.by_ref().take(size).collect();
        if group.is_empty() {
            return;
        }
        spawn_blocking(move || group.into_iter().for_each(|work| work()));
    }
}

/// The rest of a turn. When the event loop ends before it, its work is dropped.
struct Turn;

impl Drop for Turn {
    fn drop(&mut self) {
        // The thread may have ended its local values already.
        let _ = PENDING.try_with(RefCell::take);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[actix::test]
    async fn the_works_of_a_turn_are_done_in_two_groups_and_each_returns_its_result() {
        let begun: Vec<_> =
            (0..20).map(|n| begin_brief(move || (n, thread::current().id()))).collect();
        let mut threads = Vec::new();
        for (expected, result) in begun.into_iter().enumerate() {
            let (n, thread) = result.await.unwrap();
            assert_eq!(n, expected);
            threads.push(thread);
        }
        for group in threads.chunks(10) {
            assert!(group.iter().all(|thread| *thread == group[0]), "{threads:?}");
        }
        assert_ne!(threads[0], thread::current().id());
    }

    #[actix::test]
    async fn a_panic_is_the_error_of_its_work_alone() {
        let (bad, good) = (begin_brief(|| -> u64 { panic!("no taxi") }), begin_brief(|| 7_u64));
        assert_eq!(bad.await, Err("panicked: no taxi".to_owned()));
        assert_eq!(good.await, Ok(7));
    }

    #[test]
    fn work_of_an_ended_event_loop_does_not_keep_back_that_of_the_next() {
        for n in 0..3 {
            let done = actix::System::new().block_on(async move {
                let result = begin_brief(move || n).await;
                drop(begin_brief(|| 0));
                result
            });
            assert_eq!(done, Ok(n));
        }
    }

    #[tokio::test]
    async fn work_without_an_event_loop_is_handed_over_at_once() {
        assert_eq!(begin_brief(|| 7).await, Ok(7));
    }
}
