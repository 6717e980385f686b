//! The progress of a subscriber, readable from other threads, and the flag that wakes it.

use crate::actors::operations::Component;
use crate::sync;
use std::sync::{
    Arc, Mutex, RwLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// The progress of a saga runner, port, lookup or projector.
pub struct Progress {
    name: String,
    component: Arc<Component>,
    position: AtomicU64,
    waiting: AtomicU64,
    /// The last position known to concern the subscriber.
    called: AtomicU64,
    /// Up to this position, only records for which it was called concern the subscriber.
    passed: AtomicU64,
    /// Whether the subscriber was woken and has not run yet.
    is_woken: AtomicBool,
    /// The function that wakes the current subscriber.
    waker: RwLock<Option<WakeFn>>,
    is_listening: AtomicBool,
    request_error: Mutex<Option<String>>,
}

/// A function that wakes the subscriber.
pub type WakeFn = Arc<dyn Fn() + Send + Sync>;

impl Progress {
    /// Creates the progress of a subscriber at position 0. `part` is its role in its component:
    /// saga, port, lookup or view.
    pub fn new(part: &str, component: &Arc<Component>) -> Arc<Self> {
        Arc::new(Self {
            name: format!("{part} {}", component.name),
            component: Arc::clone(component),
            position: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
            called: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            is_woken: AtomicBool::new(false),
            waker: RwLock::default(),
            is_listening: AtomicBool::new(false),
            request_error: Mutex::default(),
        })
    }

    /// Returns the subscriber's role and name: `saga taxi/ride`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the component of the subscriber.
    pub const fn component(&self) -> &Arc<Component> {
        &self.component
    }

    /// Records that everything up to this position is processed.
    pub fn reach(&self, position: u64) {
        self.position.store(position, Ordering::Release);
    }

    /// Returns the last processed position. When nothing more concerns the subscriber, this is
    /// `durable`.
    pub fn position(&self, durable: u64) -> u64 {
        let position = self.position.load(Ordering::Acquire);
        if position < self.called() { position } else { position.max(durable) }
    }

    /// Sets the number of unfinished items.
    pub fn wait_for(&self, number: usize) {
        self.waiting.store(number as u64, Ordering::Relaxed);
    }

    /// Returns the number of unfinished items.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Sets the function that wakes the subscriber, and clears the wake flag. A wake-up sent to a
    /// predecessor thus does not block later ones.
    pub fn set_waker(&self, waker: WakeFn) {
        *sync::write(&self.waker) = Some(waker);
        self.clear_wake();
    }

    /// Returns whether the caller has to subscribe to the journal. This is true for the first call
    /// only, also when the subscriber is replaced later.
    pub fn begins_to_listen(&self) -> bool {
        !self.is_listening.swap(true, Ordering::AcqRel)
    }

    /// Records that a record up to this position concerns the subscriber, and wakes it.
    pub fn call(&self, position: u64) {
        self.called.fetch_max(position, Ordering::AcqRel);
        self.wake();
    }

    /// Records that, up to this position, only records for which the subscriber was called concern
    /// it.
    pub fn pass(&self, position: u64) {
        self.passed.fetch_max(position, Ordering::AcqRel);
    }

    /// Returns the position to which a subscriber at `position` may skip.
    pub fn skip(&self, position: u64) -> u64 {
        // In this order: the journal uses `call` for a position before `pass` for later ones.
        let passed = self.passed.load(Ordering::Acquire);
        if self.called() <= position { position.max(passed) } else { position }
    }

    /// Returns the last position known to concern the subscriber.
    pub fn called(&self) -> u64 {
        self.called.load(Ordering::Acquire)
    }

    /// Wakes the subscriber. Further calls have no effect until the wake flag is cleared.
    pub fn wake(&self) {
        if !self.is_woken.swap(true, Ordering::AcqRel)
            && let Some(waker) = &*sync::read(&self.waker)
        {
            waker();
        }
    }

    /// Clears the wake flag; later calls of [`Self::wake`] wake the subscriber again. The
    /// subscriber has to check [`Self::called`] afterwards, because earlier calls no longer wake
    /// it.
    pub fn clear_wake(&self) {
        // A swap, so that everything written before an earlier wake-up is visible here.
        self.is_woken.swap(false, Ordering::AcqRel);
    }

    /// Clears the error. Cheap when there was none.
    pub fn error_over(&self) {
        let mut request_error = sync::lock(&self.request_error);
        if request_error.take().is_some() {
            tracing::info!(part = self.name, "recovered from its error");
        }
    }

    /// Returns the current error, if there is one.
    pub fn error(&self) -> Option<String> {
        sync::lock(&self.request_error).clone()
    }

    /// Sets or clears the error.
    pub fn request_error(&self, request_error: Option<String>) {
        let mut known = sync::lock(&self.request_error);
        // A repeated error is logged once: it is retried several times a second, perhaps for hours.
        if let Some(reason) = request_error.as_ref().filter(|_| *known != request_error) {
            tracing::error!(part = self.name, reason, "failing, and retried");
        }
        *known = request_error;
    }
}
