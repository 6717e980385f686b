//! The progress of a subscriber, readable from other threads, and the flag that wakes it.

use crate::actors::operations::Context;
use std::sync::{
    Arc, Mutex, PoisonError, RwLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// The progress of a saga runner, port, lookup or projector.
pub struct Progress {
    name: String,
    context: Arc<Context>,
    position: AtomicU64,
    waiting: AtomicU64,
    /// The last position known to concern the subscriber.
    called: AtomicU64,
    /// Up to this position, only records that it was called for concern the subscriber.
    passed: AtomicU64,
    /// Whether the subscriber was woken and has not looked yet.
    is_ringing: AtomicBool,
    /// The function that wakes the current subscriber.
    knock: RwLock<Option<Knock>>,
    is_listening: AtomicBool,
    trouble: Mutex<Option<String>>,
}

/// A function that wakes the subscriber.
pub type Knock = Arc<dyn Fn() + Send + Sync>;

impl Progress {
    /// Creates the progress of a subscriber at position 0. `part` is its role in its component:
    /// saga, port, lookup or view.
    pub fn new(part: &str, context: &Arc<Context>) -> Arc<Self> {
        Arc::new(Self {
            name: format!("{part} {}", context.name),
            context: Arc::clone(context),
            position: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
            called: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            is_ringing: AtomicBool::new(false),
            knock: RwLock::default(),
            is_listening: AtomicBool::new(false),
            trouble: Mutex::default(),
        })
    }

    /// Returns the subscriber's role and name: `saga taxi/ride`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the component of the subscriber.
    pub const fn context(&self) -> &Arc<Context> {
        &self.context
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

    /// Sets the number of things under way.
    pub fn wait_for(&self, number: usize) {
        self.waiting.store(number as u64, Ordering::Relaxed);
    }

    /// Returns the number of things under way.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Sets the function that wakes the subscriber, and clears the wake flag. A wake-up sent to a
    /// predecessor thus does not block later ones.
    pub fn knocks_with(&self, knock: Knock) {
        *self.knock.write().unwrap_or_else(PoisonError::into_inner) = Some(knock);
        self.hush();
    }

    /// Returns whether the journal has to be subscribed to: true once, however often the subscriber
    /// is replaced.
    pub fn listens_from_now_on(&self) -> bool {
        !self.is_listening.swap(true, Ordering::AcqRel)
    }

    /// Records that a record up to this position concerns the subscriber, and wakes it.
    pub fn call(&self, position: u64) {
        self.called.fetch_max(position, Ordering::AcqRel);
        self.ring();
    }

    /// Records that up to this position nothing concerns the subscriber but what it was called for.
    pub fn pass(&self, position: u64) {
        self.passed.fetch_max(position, Ordering::AcqRel);
    }

    /// Returns the position to which a subscriber at `position` may skip.
    pub fn skip(&self, position: u64) -> u64 {
        // In this order: the journal calls for a position before it lets later ones pass.
        let passed = self.passed.load(Ordering::Acquire);
        if self.called() <= position { position.max(passed) } else { position }
    }

    /// Returns the last position known to concern the subscriber.
    pub fn called(&self) -> u64 {
        self.called.load(Ordering::Acquire)
    }

    /// Wakes the subscriber once, however often this is called before the subscriber looks.
    pub fn ring(&self) {
        if !self.is_ringing.swap(true, Ordering::AcqRel)
            && let Some(knock) = &*self.knock.read().unwrap_or_else(PoisonError::into_inner)
        {
            knock();
        }
    }

    /// Clears the wake flag; later calls of [`Self::ring`] wake the subscriber again. The
    /// subscriber has to check [`Self::called`] afterwards, because earlier calls no longer wake
    /// it.
    pub fn hush(&self) {
        // A swap, so that everything written before an earlier ring is visible here.
        self.is_ringing.swap(false, Ordering::AcqRel);
    }

    /// Clears the error. Cheap when there was none.
    pub fn trouble_over(&self) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.take().is_some() {
            tracing::info!(part = self.name, "well again");
        }
    }

    /// Returns the present error, if there is one.
    pub fn error(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets or clears the error.
    pub fn trouble(&self, trouble: Option<String>) {
        let mut known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        // A repeated error is logged once: it is retried several times a second, perhaps for hours.
        if let Some(because) = trouble.as_ref().filter(|_| *known != trouble) {
            tracing::error!(part = self.name, because, "in trouble");
        }
        *known = trouble;
    }
}
