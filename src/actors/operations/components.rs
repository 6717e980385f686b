//! Components: the parts of the runtime that can be suspended and resumed, each by its name.
//!
//! A component is everything of one name: a kind of aggregate, a saga, a port, a lookup, a view.
//! Where two of them share a name, they are suspended together. Whether a component is suspended
//! is told by the journal, in the one stream of [`CONTEXTS`]; in memory it is a bit that
//! everybody concerned looks at.

use super::system_stream::{self, Place};
use crate::{
    actors::{
        api::{RequestError, blocking},
        support::now,
    },
    domain::kernel::Timestamp,
    store::{
        KindId, Lease, Payload, Stream,
        journal::{CommitError, Journal, StoreError},
    },
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tokio::sync::{oneshot, watch};

/// The kind of the stream that tells what is suspended.
pub const CONTEXTS: &str = "madang/contexts";

/// What happens to components. Stored; variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transition {
    /// Nothing more is done by it.
    Suspended {
        /// Its name.
        context: String,
    },
    /// It goes on.
    Resumed {
        /// Its name.
        context: String,
    },
}

/// Everything of one name.
#[derive(Debug)]
pub struct Context {
    /// `taxi/reservations`
    pub name: &'static str,
    parts: Mutex<BTreeSet<&'static str>>,
    is_suspended: AtomicBool,
    /// Since when, in milliseconds since the epoch; 0 when it was never otherwise.
    since_ms: AtomicU64,
    /// Commands of others that wait for it.
    waiting: AtomicU64,
}

impl Context {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            parts: Mutex::default(),
            is_suspended: AtomicBool::new(false),
            since_ms: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
        }
    }

    /// Whether it does nothing now.
    pub fn is_suspended(&self) -> bool {
        self.is_suspended.load(Ordering::Relaxed)
    }

    /// What a client is told who wants something of it.
    pub const fn trouble(&self) -> RequestError {
        RequestError::Suspended { context: self.name }
    }

    /// What it consists of: `aggregate`, `saga`, `port`, `lookup`, `view`.
    pub fn parts(&self) -> Vec<&'static str> {
        lock(&self.parts).iter().copied().collect()
    }

    /// Since when it is as it is, in milliseconds since the epoch, if it was ever otherwise.
    pub fn since_ms(&self) -> Option<u64> {
        Some(self.since_ms.load(Ordering::Relaxed)).filter(|since| *since > 0)
    }

    /// So many more commands wait for it.
    pub fn await_more(&self, commands: u64) {
        self.waiting.fetch_add(commands, Ordering::Relaxed);
    }

    /// So many commands wait for it no longer.
    pub fn await_less(&self, commands: u64) {
        self.waiting.fetch_sub(commands, Ordering::Relaxed);
    }

    /// Commands that wait for it.
    pub fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    fn turn(&self, is_suspended: bool, since_ms: u64) {
        self.since_ms.store(since_ms, Ordering::Relaxed);
        self.is_suspended.store(is_suspended, Ordering::SeqCst);
    }
}

/// Whether a component is suspended, and since when, in milliseconds since the epoch.
type Told = (bool, u64);

/// All components.
pub struct Contexts {
    journal: Arc<Journal>,
    kind: KindId,
    all: Mutex<BTreeMap<&'static str, Arc<Context>>>,
    /// How each was at the start, by name: suspended or not, and since when.
    at_start: HashMap<String, Told>,
    changes: watch::Sender<u64>,
    /// Called at every change.
    observers: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
    /// One transition at a time.
    hand: tokio::sync::Mutex<()>,
}

impl Contexts {
    /// What the journal tells of components.
    pub fn open(journal: Arc<Journal>) -> Result<Arc<Self>, StoreError> {
        let kind = journal.kind(CONTEXTS)?;
        let at_start = last_told(&journal, stream(kind))?;
        Ok(Arc::new(Self {
            journal,
            kind,
            all: Mutex::default(),
            at_start,
            changes: watch::Sender::new(0),
            observers: Mutex::default(),
            hand: tokio::sync::Mutex::default(),
        }))
    }

    /// The component of this name, with one more part.
    pub fn with(&self, name: &'static str, part: &'static str) -> Arc<Context> {
        let mut all = lock(&self.all);
        let context = all.entry(name).or_insert_with(|| {
            let context = Context::new(name);
            if let Some((is_suspended, since_ms)) = self.at_start.get(name) {
                context.turn(*is_suspended, *since_ms);
                if *is_suspended {
                    tracing::warn!(context = name, "suspended, as it was before the start");
                }
            }
            Arc::new(context)
        });
        lock(&context.parts).insert(part);
        Arc::clone(context)
    }

    /// Has this called at every change.
    pub fn on_change(&self, observer: impl Fn() + Send + Sync + 'static) {
        lock(&self.observers).push(Box::new(observer));
    }

    /// All of them, by name.
    pub fn all(&self) -> Vec<Arc<Context>> {
        lock(&self.all).values().cloned().collect()
    }

    /// The one of this name.
    pub fn get(&self, name: &str) -> Option<Arc<Context>> {
        lock(&self.all).get(name).cloned()
    }

    /// Waits until this component is not suspended.
    pub async fn resumed(&self, context: &Context) {
        let mut changes = self.changes.subscribe();
        // An error means that the runtime is gone.
        let _ = changes.wait_for(|_| !context.is_suspended()).await;
    }

    /// Waits until this lease is over; whoever ends one lets everybody [look again](Self::stir).
    pub async fn over(&self, lease: &Lease) {
        let _ = self.changes.subscribe().wait_for(|_| lease.is_over()).await;
    }

    /// Lets everybody who waits look again.
    pub fn stir(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Suspends or resumes it: durably, before this returns. Does nothing when it is so already.
    ///
    /// When it is in doubt whether that is durable, this waits until the journal has healed: what
    /// is so in memory is what is told after the next start.
    pub async fn turn(&self, context: &Context, suspend: bool) -> Result<(), RequestError> {
        let _turn = self.hand.lock().await;
        if context.is_suspended() == suspend {
            return Ok(());
        }
        let time = now();
        let lost = match self.write(context, suspend, time).await? {
            Ok(()) => {
                self.is_turned(context, (suspend, time.0));
                return Ok(());
            }
            Err(lost) => lost,
        };
        if matches!(lost, CommitError::InDoubt(_)) && self.settle(context).await? == suspend {
            return Ok(());
        }
        Err(lost.into())
    }

    /// Writes a transition down, as far as the journal takes it.
    async fn write(
        &self,
        context: &Context,
        suspend: bool,
        time: Timestamp,
    ) -> Result<Result<(), CommitError>, RequestError> {
        let generation = self.journal.generation();
        let (journal, stream) = (Arc::clone(&self.journal), stream(self.kind));
        let after_version = blocking(move || journal.last_version(stream)).await?;
        let place = Place { stream, after_version, generation };
        let name = context.name.to_owned();
        let transition = if suspend {
            Transition::Suspended { context: name }
        } else {
            Transition::Resumed { context: name }
        };
        let (said, durable) = oneshot::channel();
        let done = Box::new(move |outcome| drop(said.send(outcome)));
        system_stream::submit(&self.journal, place, &transition, time, done)?;
        durable.await.map_err(failed)
    }

    /// Has it be as the journal tells once that has healed; whether it is suspended then.
    async fn settle(&self, context: &Context) -> Result<bool, RequestError> {
        system_stream::settled(&self.journal).await?;
        let (journal, stream) = (Arc::clone(&self.journal), stream(self.kind));
        let told = blocking(move || last_told(&journal, stream)).await?;
        let (is_suspended, since_ms) = told.get(context.name).copied().unwrap_or_default();
        if context.is_suspended() != is_suspended {
            self.is_turned(context, (is_suspended, since_ms));
        }
        Ok(is_suspended)
    }

    fn is_turned(&self, context: &Context, (is_suspended, since_ms): Told) {
        context.turn(is_suspended, since_ms);
        tracing::warn!(
            context = context.name,
            suspended = is_suspended,
            "a component was suspended or resumed"
        );
        self.stir();
        for observer in &*lock(&self.observers) {
            observer();
        }
    }
}

/// How each component is by the records of this stream, by name.
fn last_told(journal: &Journal, stream: Stream) -> Result<HashMap<String, Told>, StoreError> {
    let mut told = HashMap::new();
    journal.each_record(stream, 0, |record| {
        let Payload::Event(bytes) = &record.payload else { return Ok(()) };
        let (context, is_suspended) =
            match system_stream::read(bytes).map_err(StoreError::Failed)? {
                Transition::Suspended { context } => (context, true),
                Transition::Resumed { context } => (context, false),
            };
        told.insert(context, (is_suspended, record.time.0));
        Ok(())
    })?;
    Ok(told)
}

fn failed(error: impl std::fmt::Display) -> RequestError {
    RequestError::Failed(error.to_string())
}

const fn stream(kind: KindId) -> Stream {
    Stream { kind, number: 1 }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{codec, faults::Faults, journal::JournalOptions};
    use std::io;

    #[tokio::test]
    async fn what_is_in_doubt_is_so_as_it_is_told_after_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let is_failing = Arc::new(AtomicBool::new(false));
        let fails = Arc::clone(&is_failing);
        let faults = Faults::before_each_sync(move || {
            let fails = fails.swap(false, Ordering::SeqCst);
            if fails { Err(io::Error::other("on purpose")) } else { Ok(()) }
        });
        let options = JournalOptions { faults, ..JournalOptions::default() };
        let journal = Journal::open(folder.path(), options).unwrap();
        let contexts = Contexts::open(Arc::clone(&journal)).unwrap();
        let context = contexts.with("a/b", "view");
        for (generation, suspend) in [(2, true), (4, false)] {
            is_failing.store(true, Ordering::SeqCst);
            let turned = contexts.turn(&context, suspend).await;
            assert_eq!(journal.generation(), generation, "it failed and has healed");
            assert_eq!(context.is_suspended() == suspend, turned.is_ok(), "{turned:?}");
            let next = Contexts::open(Arc::clone(&journal)).unwrap().with("a/b", "view");
            assert_eq!(context.is_suspended(), next.is_suspended());
            assert_eq!(context.since_ms(), next.since_ms());
        }
        journal.close();
    }

    #[test]
    fn transitions_are_stored_as_they_always_were() {
        let context = || "taxi/sms".to_owned();
        let bytes = |transition| codec::encode(&transition);
        let golden = |variant: u8| [&[1, variant, 8][..], b"taxi/sms"].concat();
        assert_eq!(bytes(Transition::Suspended { context: context() }), golden(0));
        assert_eq!(bytes(Transition::Resumed { context: context() }), golden(1));
    }
}
