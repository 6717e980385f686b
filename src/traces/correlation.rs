//! The conversation and the trace of what a thread is doing: every log line of that time has them.
//!
//! Entering costs two writes to a variable of the thread. A line reads the variable only when it is
//! written.

use super::TraceContext;
use std::{
    cell::Cell,
    future::{Future, poll_fn},
    marker::PhantomData,
    pin::pin,
};

/// A conversation and its trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Correlation {
    /// The number of the conversation; 0 while it is not known.
    pub conversation: u64,
    /// The id of the trace; 0 when the client named none.
    pub trace_id: u128,
}

thread_local! {
    static CURRENT: Cell<Correlation> =
        const { Cell::new(Correlation { conversation: 0, trace_id: 0 }) };
}

/// Lines have a conversation until this is dropped.
#[must_use]
pub struct Entered {
    before: Correlation,
    /// The variable is that of one thread.
    _of_thread: PhantomData<*const ()>,
}

impl Correlation {
    /// A conversation of this number, with the trace of the client if there is one.
    #[must_use]
    pub fn of(conversation: u64, trace: Option<&TraceContext>) -> Self {
        Self { conversation, trace_id: trace.map_or(0, |trace| trace.trace_id) }
    }

    /// The correlation of this thread now.
    #[must_use]
    pub fn current() -> Self {
        // A thread that is ending has none any more.
        CURRENT.try_with(Cell::get).unwrap_or_default()
    }

    /// This correlation, or that of a conversation of this number when there is none yet.
    #[must_use]
    pub const fn or_of(self, conversation: u64) -> Self {
        if self.conversation != 0 {
            return self;
        }
        Self { conversation, ..self }
    }

    /// The lines of this thread have this correlation from now on.
    pub fn enter(self) -> Entered {
        let before = CURRENT.try_with(|current| current.replace(self)).unwrap_or_default();
        Entered { before, _of_thread: PhantomData }
    }

    /// Runs a future whose lines have this correlation, on whatever thread it is polled.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            let _entered = self.enter();
            future.as_mut().poll(context)
        })
        .await
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|current| current.set(self.before));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correlation_ends_with_its_scope_and_the_outer_one_continues() {
        let trace = TraceContext { trace_id: 9, span_id: 1, flags: 0 };
        let outer = Correlation::of(1, Some(&trace));
        let entered = outer.enter();
        let inner = Correlation::of(2, None).enter();
        assert_eq!(Correlation::current(), Correlation { conversation: 2, trace_id: 0 });
        drop(inner);
        assert_eq!(Correlation::current(), outer);
        drop(entered);
        assert_eq!(Correlation::current(), Correlation::default());
    }

    #[tokio::test]
    async fn a_future_has_its_correlation_only_while_it_is_polled() {
        let correlation = Correlation::of(3, None);
        let during = correlation.scope(async {
            tokio::task::yield_now().await;
            Correlation::current()
        });
        assert_eq!(during.await, correlation);
        assert_eq!(Correlation::current(), Correlation::default());
    }
}
