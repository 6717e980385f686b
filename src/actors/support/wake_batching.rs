//! Wake-ups of tasks across threads are batched. A sleeping event loop is woken by a system call. A
//! thread that commits for a hundred clients at once would make one for each of them.
//!
//! A wake from another thread is queued at the home of the waiting thread. The first one wakes the
//! home's shard, and the shard, on its own thread, wakes all tasks queued by then.

use actix::Arbiter;
use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    mem,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

/// Awaits a future that another thread completes. A thread without an event loop is woken
/// individually.
pub async fn batch_wakes<F: Future>(future: F) -> F::Output {
    let Some(home) = Home::of_this_thread() else { return future.await };
    let mut future = pin!(future);
    poll_fn(|context| {
        let (home, task) = (Arc::clone(&home), context.waker().clone());
        let waker = Waker::from(Arc::new(Homing { home, task }));
        future.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await
}

/// A waker that wakes a task through its home.
struct Homing {
    home: Arc<Home>,
    task: Waker,
}

impl Wake for Homing {
    fn wake(self: Arc<Self>) {
        self.home.call(self.task.clone());
    }
}

/// The queue of wakes for one thread.
#[derive(Default)]
struct Home {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    called: Vec<Waker>,
    /// The waker of the shard while it sleeps.
    keeper: Option<Waker>,
    /// The home has no shard any more: the event loop has ended.
    is_left: bool,
}

thread_local! {
    static HOME: RefCell<Option<Arc<Home>>> = const { RefCell::new(None) };
}

impl Home {
    fn of_this_thread() -> Option<Arc<Self>> {
        Arbiter::try_current()?;
        HOME.with_borrow_mut(|home| {
            let home = home.get_or_insert_with(|| {
                let home = Arc::<Self>::default();
                actix::spawn(Shard(Arc::clone(&home)).keep());
                home
            });
            Some(Arc::clone(home))
        })
    }

    fn call(&self, waker: Waker) {
        let mut state = self.lock();
        if state.is_left {
            drop(state);
            return waker.wake();
        }
        state.called.push(waker);
        let keeper = state.keeper.take();
        drop(state);
        if let Some(keeper) = keeper {
            keeper.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a home for as long as its loop runs.
struct Shard(Arc<Home>);

impl Shard {
    async fn keep(self) {
        poll_fn(|context| {
            let mut state = self.0.lock();
            state.keeper = Some(context.waker().clone());
            let called = mem::take(&mut state.called);
            drop(state);
            called.into_iter().for_each(Waker::wake);
            Poll::<()>::Pending
        })
        .await;
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        // Another event loop on this thread gets a home of its own.
        let _ = HOME.try_with(RefCell::take);
        let mut state = self.0.lock();
        state.is_left = true;
        let called = mem::take(&mut state.called);
        drop(state);
        called.into_iter().for_each(Waker::wake);
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

    /// This many tasks wait here, and another thread wakes all of them.
    async fn told_by_another_thread(waiting: usize) -> usize {
        let (tell, told): (Vec<_>, Vec<_>) =
            (0..waiting).map(|_| oneshot::channel::<usize>()).unzip();
        let told: Vec<_> = told.into_iter().map(|told| actix::spawn(batch_wakes(told))).collect();
        let telling = thread::spawn(|| {
            tell.into_iter().enumerate().for_each(|(nth, tell)| tell.send(nth).unwrap());
        });
        let mut sum = 0;
        for told in told {
            sum += told.await.unwrap().unwrap();
        }
        telling.join().unwrap();
        sum
    }

    #[test]
    fn everybody_comes_home_also_in_another_loop_of_the_same_thread() {
        for _ in 0..3 {
            assert_eq!(actix::System::new().block_on(told_by_another_thread(100)), 4_950);
        }
    }

    #[tokio::test]
    async fn without_a_loop_everybody_is_woken_as_ever() {
        let (tell, told) = oneshot::channel();
        let telling = thread::spawn(move || tell.send(7).unwrap());
        assert_eq!(batch_wakes(told).await, Ok(7));
        telling.join().unwrap();
    }

    #[test]
    fn the_keeper_is_woken_once_for_all_who_come_while_it_sleeps() {
        let (home, bell, task) = (Home::default(), Arc::<Bell>::default(), Arc::<Bell>::default());
        home.lock().keeper = Some(Arc::clone(&bell).into());
        (0..5).for_each(|_| home.call(Arc::clone(&task).into()));
        let rung = |bell: &Bell| bell.0.load(Ordering::SeqCst);
        assert_eq!((rung(&bell), rung(&task)), (1, 0));
        drop(Shard(Arc::new(home)));
        assert_eq!(rung(&task), 5, "nobody is left behind");
    }
}
