//! How far a subscriber of the journal has come, for whoever watches from another thread; and the
//! bell that wakes it.

use crate::actors::operations::Context;
use std::sync::{
    Arc, Mutex, PoisonError, RwLock,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// A saga runner's, port's, lookup's or projector's progress.
pub struct Progress {
    name: String,
    context: Arc<Context>,
    position: AtomicU64,
    waiting: AtomicU64,
    /// What lies behind this position does not concern it, as far as is known.
    called: AtomicU64,
    /// What lies up to this position does not concern it, but for what it was called for.
    passed: AtomicU64,
    /// Whether it was rung for and has not looked yet.
    is_ringing: AtomicBool,
    /// Wakes whoever follows now.
    knock: RwLock<Option<Knock>>,
    is_listening: AtomicBool,
    trouble: Mutex<Option<String>>,
}

/// Wakes the subscriber.
pub type Knock = Arc<dyn Fn() + Send + Sync>;

impl Progress {
    /// Nothing done yet; `part` is what it is within its component: a saga, a port, a view.
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

    /// What it is and which: `saga taxi/ride`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The component it belongs to.
    pub const fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Everything up to this position has been seen.
    pub fn reach(&self, position: u64) {
        self.position.store(position, Ordering::Release);
    }

    /// The last position seen, when this one is the last there is: what does not concern the
    /// subscriber counts as seen.
    pub fn position(&self, durable: u64) -> u64 {
        let position = self.position.load(Ordering::Acquire);
        if position < self.called() { position } else { position.max(durable) }
    }

    /// So many things are under way.
    pub fn wait_for(&self, number: usize) {
        self.waiting.store(number as u64, Ordering::Relaxed);
    }

    /// How many things are under way.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Lets the bell knock like this. Rings that nobody heard are rung again.
    pub fn knocks_with(&self, knock: Knock) {
        *self.knock.write().unwrap_or_else(PoisonError::into_inner) = Some(knock);
        self.hush();
    }

    /// Whether the journal has to be told to call it: once, however often the subscriber is replaced.
    pub fn listens_from_now_on(&self) -> bool {
        !self.is_listening.swap(true, Ordering::AcqRel)
    }

    /// Something up to this position concerns it.
    pub fn call(&self, position: u64) {
        self.called.fetch_max(position, Ordering::AcqRel);
        self.ring();
    }

    /// Up to this position nothing concerns it but what it was called for.
    pub fn pass(&self, position: u64) {
        self.passed.fetch_max(position, Ordering::AcqRel);
    }

    /// The last position that need not be read by whoever has read up to this one.
    pub fn skip(&self, position: u64) -> u64 {
        // In this order: whoever let it pass has called before for what concerns it.
        let passed = self.passed.load(Ordering::Acquire);
        if self.called() <= position { position.max(passed) } else { position }
    }

    /// What lies behind this position does not concern it, as far as is known.
    pub fn called(&self) -> u64 {
        self.called.load(Ordering::Acquire)
    }

    /// Wakes the subscriber once, however often it is rung before it looks.
    pub fn ring(&self) {
        if !self.is_ringing.swap(true, Ordering::AcqRel)
            && let Some(knock) = &*self.knock.read().unwrap_or_else(PoisonError::into_inner)
        {
            knock();
        }
    }

    /// The subscriber looks now; rings after this wake it again. It has to look at
    /// [`Self::called`] afterwards: who called before has rung in vain.
    pub fn hush(&self) {
        // A swap, so that whoever rang before is seen with all that he said before.
        self.is_ringing.swap(false, Ordering::AcqRel);
    }

    /// Whatever was wrong is right again. Cheap when nothing was.
    pub fn trouble_over(&self) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.take().is_some() {
            tracing::info!(part = self.name, "well again");
        }
    }

    /// What is wrong with it, if anything is.
    pub fn error(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Something is wrong, or right again.
    pub fn trouble(&self, trouble: Option<String>) {
        let mut known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        // Said once: it is tried again several times a second, perhaps for hours.
        if let Some(because) = trouble.as_ref().filter(|_| *known != trouble) {
            tracing::error!(part = self.name, because, "in trouble");
        }
        *known = trouble;
    }
}
