//! Batches wake-ups of tasks across threads. A sleeping event loop is woken by a system call.
//! Without batches, a thread that commits for a hundred clients at once would make a hundred system
//! calls.
//!
//! A wake-up from another thread is put into the queue of the waiting thread. The first wake-up
//! wakes the driver of the queue. The driver then wakes all queued tasks on its own thread.

use crate::sync;
use actix::Arbiter;
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    mem,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
};

/// Awaits a future that another thread completes. A task on a thread without an event loop is woken
/// individually.
pub async fn batch_wakes<F: Future>(future: F) -> F::Output {
    let Some(queue) = WakeQueue::of_this_thread() else { return future.await };
    let mut future = pin!(future);
    poll_fn(|context| {
        let (queue, task) = (Arc::clone(&queue), context.waker().clone());
        let waker = Waker::from(Arc::new(QueuedWaker { queue, task }));
        future.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await
}

/// A waker that wakes a task through the queue of its thread.
struct QueuedWaker {
    queue: Arc<WakeQueue>,
    task: Waker,
}

impl Wake for QueuedWaker {
    fn wake(self: Arc<Self>) {
        self.queue.push(self.task.clone());
    }
}

/// The queue of wake-ups for one thread.
#[derive(Default)]
struct WakeQueue {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    queued: Vec<Waker>,
    /// The waker of the queue's driver while it sleeps.
    driver_waker: Option<Waker>,
    /// Whether the queue has no driver any more, because the event loop has ended.
    is_closed: bool,
}

thread_local! {
    static QUEUE: RefCell<Option<Arc<WakeQueue>>> = const { RefCell::new(None) };
}

impl WakeQueue {
    fn of_this_thread() -> Option<Arc<Self>> {
        Arbiter::try_current()?;
        QUEUE.with_borrow_mut(|queue| {
            let queue = queue.get_or_insert_with(|| {
                let queue = Arc::<Self>::default();
                actix::spawn(QueueDriver(Arc::clone(&queue)).run());
                queue
            });
            Some(Arc::clone(queue))
        })
    }

    fn push(&self, waker: Waker) {
        let mut state = sync::lock(&self.state);
        if state.is_closed {
            drop(state);
            return waker.wake();
        }
        state.queued.push(waker);
        let driver = state.driver_waker.take();
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}

/// The driver of a queue. It runs as long as the event loop of its thread.
struct QueueDriver(Arc<WakeQueue>);

impl QueueDriver {
    async fn run(self) {
        poll_fn(|context| {
            let mut state = sync::lock(&self.0.state);
            state.driver_waker = Some(context.waker().clone());
            let queued = mem::take(&mut state.queued);
            drop(state);
            queued.into_iter().for_each(Waker::wake);
            Poll::<()>::Pending
        })
        .await;
    }
}

impl Drop for QueueDriver {
    fn drop(&mut self) {
        // Another event loop on this thread gets its own queue.
        let _ = QUEUE.try_with(RefCell::take);
        let mut state = sync::lock(&self.0.state);
        state.is_closed = true;
        let queued = mem::take(&mut state.queued);
        drop(state);
        queued.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
    };
    use tokio::sync::oneshot;

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Waits for this many tasks that another thread wakes. Returns the sum of their results.
    async fn woken_by_another_thread(waiting: usize) -> usize {
        let (tell, receiver): (Vec<_>, Vec<_>) =
            (0..waiting).map(|_| oneshot::channel::<usize>()).unzip();
        let receiver: Vec<_> =
            receiver.into_iter().map(|receiver| actix::spawn(batch_wakes(receiver))).collect();
        let telling = thread::spawn(|| {
            tell.into_iter().enumerate().for_each(|(nth, tell)| tell.send(nth).unwrap());
        });
        let mut sum = 0;
        for receiver in receiver {
            sum += receiver.await.unwrap().unwrap();
        }
        telling.join().unwrap();
        sum
    }

    #[test]
    fn all_tasks_are_woken_also_in_another_event_loop_of_the_same_thread() {
        for _ in 0..3 {
            assert_eq!(actix::System::new().block_on(woken_by_another_thread(100)), 4_950);
        }
    }

    #[tokio::test]
    async fn a_task_without_an_event_loop_is_woken_directly() {
        let (tell, receiver) = oneshot::channel();
        let telling = thread::spawn(move || tell.send(7).unwrap());
        assert_eq!(batch_wakes(receiver).await, Ok(7));
        telling.join().unwrap();
    }

    #[test]
    fn the_driver_is_woken_once_for_all_wake_ups_while_it_sleeps() {
        let (queue, bell, task) =
            (WakeQueue::default(), Arc::<Bell>::default(), Arc::<Bell>::default());
        sync::lock(&queue.state).driver_waker = Some(Arc::clone(&bell).into());
        (0..5).for_each(|_| queue.push(Arc::clone(&task).into()));
        let wakes = |bell: &Bell| bell.0.load(Ordering::SeqCst);
        assert_eq!((wakes(&bell), wakes(&task)), (1, 0));
        drop(QueueDriver(Arc::new(queue)));
        assert_eq!(wakes(&task), 5, "all queued tasks are woken");
    }
}
