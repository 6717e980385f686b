//! Components: the parts of the runtime that can be suspended and resumed by name.
//!
//! A component is everything of one name: an aggregate kind, a saga, a port, a lookup, a view.
//! Parts that share a name are suspended together. The journal stores whether a component is
//! suspended, in the one stream of [`CONTEXTS`]. In memory it is a flag that all parts of the
//! component read.

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

/// The kind of the stream of transitions.
pub const CONTEXTS: &str = "madang/contexts";

/// A transition of a component. Stored; variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transition {
    /// The component was suspended: it does nothing.
    Suspended {
        /// Its name.
        context: String,
    },
    /// The component was resumed.
    Resumed {
        /// Its name.
        context: String,
    },
}

/// A component: all parts of one name.
#[derive(Debug)]
pub struct Context {
    /// `taxi/reservations`
    pub name: &'static str,
    parts: Mutex<BTreeSet<&'static str>>,
    is_suspended: AtomicBool,
    /// The time of the last transition in milliseconds since the epoch; 0 when there was none.
    since_ms: AtomicU64,
    /// Number of commands of other parts that wait for this component.
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

    /// Returns whether the component is suspended.
    pub fn is_suspended(&self) -> bool {
        self.is_suspended.load(Ordering::Relaxed)
    }

    /// Returns the error that a client of a suspended component gets.
    pub const fn trouble(&self) -> RequestError {
        RequestError::Suspended { context: self.name }
    }

    /// Returns its parts: `aggregate`, `saga`, `port`, `lookup`, `view`.
    pub fn parts(&self) -> Vec<&'static str> {
        lock(&self.parts).iter().copied().collect()
    }

    /// Returns the time of the last transition in milliseconds since the epoch, if there was one.
    pub fn since_ms(&self) -> Option<u64> {
        Some(self.since_ms.load(Ordering::Relaxed)).filter(|since| *since > 0)
    }

    /// Adds to the number of waiting commands.
    pub fn await_more(&self, commands: u64) {
        self.waiting.fetch_add(commands, Ordering::Relaxed);
    }

    /// Subtracts from the number of waiting commands.
    pub fn await_less(&self, commands: u64) {
        self.waiting.fetch_sub(commands, Ordering::Relaxed);
    }

    /// Returns the number of waiting commands.
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
    /// The state of each component at the start, by name.
    at_start: HashMap<String, Told>,
    changes: watch::Sender<u64>,
    /// Functions that are called at every transition.
    observers: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
    /// Serializes transitions.
    hand: tokio::sync::Mutex<()>,
}

impl Contexts {
    /// Reads the state of all components from the journal.
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

    /// Returns the component of this name, and adds a part to it.
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

    /// Registers a function that is called at every transition.
    pub fn on_change(&self, observer: impl Fn() + Send + Sync + 'static) {
        lock(&self.observers).push(Box::new(observer));
    }

    /// Returns all components, by name.
    pub fn all(&self) -> Vec<Arc<Context>> {
        lock(&self.all).values().cloned().collect()
    }

    /// Returns the component of this name.
    pub fn get(&self, name: &str) -> Option<Arc<Context>> {
        lock(&self.all).get(name).cloned()
    }

    /// Waits until this component is not suspended.
    pub async fn resumed(&self, context: &Context) {
        let mut changes = self.changes.subscribe();
        // The channel closes only when the runtime is gone.
        let _ = changes.wait_for(|_| !context.is_suspended()).await;
    }

    /// Waits until this lease is over. The function that ends a lease has to call [`Self::stir`].
    pub async fn over(&self, lease: &Lease) {
        let _ = self.changes.subscribe().wait_for(|_| lease.is_over()).await;
    }

    /// Wakes all waiting tasks, so that they check their condition again.
    pub fn stir(&self) {
        self.changes.send_modify(|changes| *changes += 1);
    }

    /// Suspends or resumes a component durably, before this returns. Does nothing when it is so
    /// already.
    ///
    /// When the commit is in doubt, this waits until the journal has recovered. The state in memory
    /// then equals the state after the next start.
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

    /// Writes a transition to the journal and waits for its commit.
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

    /// Sets the component to its state in the journal once that has recovered, and returns whether
    /// it is suspended.
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

/// Returns the state of each component by the records of this stream, by name.
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
