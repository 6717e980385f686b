//! Components: the parts of the runtime that can be suspended and resumed by name.
//!
//! A component consists of all parts of one name: aggregates, sagas, ports, lookups and views.
//! Its parts are suspended together. The journal stores whether a component is suspended, in the
//! one stream of [`COMPONENTS`]. In memory, this is a flag that all parts of the component read.

use super::system_stream::SystemStream;
use crate::{
    actors::{
        api::{RequestError, blocking},
        support::now,
    },
    store::journal::{CommitError, Journal, StoreError},
    sync,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tokio::sync::watch;

/// The kind of the stream of all transitions.
pub const COMPONENTS: &str = "madang/contexts";

/// A transition of a component. Stored; variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transition {
    /// The component was suspended: its parts do nothing.
    Suspended {
        /// Its name.
        component: String,
    },
    /// The component was resumed.
    Resumed {
        /// Its name.
        component: String,
    },
}

/// A component: all parts of one name.
#[derive(Debug)]
pub struct Component {
    /// `taxi/reservations`
    pub name: &'static str,
    parts: Mutex<BTreeSet<&'static str>>,
    is_suspended: AtomicBool,
    /// The time of the last transition in milliseconds since the epoch; 0 when there was none.
    since_ms: AtomicU64,
    /// Number of commands of other parts that wait for this component.
    waiting: AtomicU64,
}

impl Component {
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
    pub const fn request_error(&self) -> RequestError {
        RequestError::Suspended { component: self.name }
    }

    /// Returns its parts: `aggregate`, `saga`, `port`, `lookup`, `view`.
    pub fn parts(&self) -> Vec<&'static str> {
        sync::lock(&self.parts).iter().copied().collect()
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

    fn set_suspended(&self, is_suspended: bool, since_ms: u64) {
        self.since_ms.store(since_ms, Ordering::Relaxed);
        self.is_suspended.store(is_suspended, Ordering::SeqCst);
    }
}

/// Whether a component is suspended, and since when, in milliseconds since the epoch.
type ComponentState = (bool, u64);

/// All components.
pub struct Components {
    stream: SystemStream,
    all: Mutex<BTreeMap<&'static str, Arc<Component>>>,
    /// The state of each component at the start, by name.
    at_start: HashMap<String, ComponentState>,
    changes: watch::Sender<u64>,
    /// Functions that are called at every transition.
    observers: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
    /// Serializes transitions.
    changing: tokio::sync::Mutex<()>,
}

impl Components {
    /// Reads the state of all components from the journal.
    pub fn open(journal: Arc<dyn Journal>) -> Result<Arc<Self>, StoreError> {
        let stream = SystemStream::open(journal, COMPONENTS)?;
        let at_start = last_states(&stream)?;
        Ok(Arc::new(Self {
            stream,
            all: Mutex::default(),
            at_start,
            changes: watch::Sender::new(0),
            observers: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        }))
    }

    /// Returns the component of this name, and adds a part to it.
    pub fn with(&self, name: &'static str, part: &'static str) -> Arc<Component> {
        let mut all = sync::lock(&self.all);
        let component = all.entry(name).or_insert_with(|| {
            let component = Component::new(name);
            if let Some((is_suspended, since_ms)) = self.at_start.get(name) {
                component.set_suspended(*is_suspended, *since_ms);
                if *is_suspended {
                    tracing::warn!(component = name, "still suspended since before the start");
                }
            }
            Arc::new(component)
        });
        sync::lock(&component.parts).insert(part);
        Arc::clone(component)
    }

    /// Registers a function that is called at every transition.
    pub fn on_change(&self, observer: impl Fn() + Send + Sync + 'static) {
        sync::lock(&self.observers).push(Box::new(observer));
    }

    /// Returns all components, by name.
    pub fn all(&self) -> Vec<Arc<Component>> {
        sync::lock(&self.all).values().cloned().collect()
    }

    /// Returns the component of this name.
    pub fn get(&self, name: &str) -> Option<Arc<Component>> {
        sync::lock(&self.all).get(name).cloned()
    }

    /// Waits until this component is not suspended.
    pub async fn resumed(&self, component: &Component) {
        let mut changes = self.changes.subscribe();
        // The channel closes only when the runtime is gone.
        let _ = changes.wait_for(|_| !component.is_suspended()).await;
    }

    /// Suspends or resumes a component. The transition is durable when this returns. Does nothing
    /// when the component is in that state already.
    ///
    /// When the commit is in doubt, this waits until the journal has recovered. The state in memory
    /// then equals the state after the next start.
    pub async fn set_suspended(
        &self,
        component: &Component,
        suspend: bool,
    ) -> Result<(), RequestError> {
        let _turn = self.changing.lock().await;
        if component.is_suspended() == suspend {
            return Ok(());
        }
        let (name, time) = (component.name.to_owned(), now());
        let transition = if suspend {
            Transition::Suspended { component: name }
        } else {
            Transition::Resumed { component: name }
        };
        let error = match self.stream.append(&transition, time, None).await? {
            Ok(()) => {
                self.apply(component, (suspend, time.0));
                return Ok(());
            }
            Err(error) => error,
        };
        if matches!(error, CommitError::InDoubt(_)) && self.reconcile(component).await? == suspend {
            return Ok(());
        }
        Err(error.into())
    }

    /// Waits until the journal has recovered, and sets the component to its state in the journal.
    /// Returns whether it is suspended.
    async fn reconcile(&self, component: &Component) -> Result<bool, RequestError> {
        self.stream.settled().await?;
        let stream = self.stream.clone();
        let states = blocking(move || last_states(&stream)).await?;
        let (is_suspended, since_ms) = states.get(component.name).copied().unwrap_or_default();
        if component.is_suspended() != is_suspended {
            self.apply(component, (is_suspended, since_ms));
        }
        Ok(is_suspended)
    }

    fn apply(&self, component: &Component, (is_suspended, since_ms): ComponentState) {
        component.set_suspended(is_suspended, since_ms);
        tracing::warn!(
            component = component.name,
            suspended = is_suspended,
            "a component was suspended or resumed"
        );
        self.changes.send_modify(|changes| *changes += 1);
        for observer in &*sync::lock(&self.observers) {
            observer();
        }
    }
}

/// Returns the state of each component, by name, after the records of this stream.
fn last_states(stream: &SystemStream) -> Result<HashMap<String, ComponentState>, StoreError> {
    let mut states = HashMap::new();
    stream.each(|transition, record| {
        let (component, is_suspended) = match transition {
            Transition::Suspended { component } => (component, true),
            Transition::Resumed { component } => (component, false),
        };
        states.insert(component, (is_suspended, record.time.0));
        Ok(())
    })?;
    Ok(states)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        codec,
        faults::Faults,
        journal::{JournalOptions, SledJournal},
    };
    use std::io;

    #[tokio::test]
    async fn a_transition_in_doubt_ends_in_the_state_that_the_next_start_reads() {
        let folder = tempfile::tempdir().unwrap();
        let is_failing = Arc::new(AtomicBool::new(false));
        let fails = Arc::clone(&is_failing);
        let faults = Faults::before_each_sync(move || {
            let fails = fails.swap(false, Ordering::SeqCst);
            if fails { Err(io::Error::other("on purpose")) } else { Ok(()) }
        });
        let options = JournalOptions { faults, ..JournalOptions::default() };
        let journal: Arc<dyn Journal> = SledJournal::open(folder.path(), options).unwrap();
        let components = Components::open(Arc::clone(&journal)).unwrap();
        let component = components.with("a/b", "view");
        for (generation, suspend) in [(2, true), (4, false)] {
            is_failing.store(true, Ordering::SeqCst);
            let turned = components.set_suspended(&component, suspend).await;
            assert_eq!(journal.generation(), generation, "the journal failed and has recovered");
            assert_eq!(component.is_suspended() == suspend, turned.is_ok(), "{turned:?}");
            let next = Components::open(Arc::clone(&journal)).unwrap().with("a/b", "view");
            assert_eq!(component.is_suspended(), next.is_suspended());
            assert_eq!(component.since_ms(), next.since_ms());
        }
        journal.close();
    }

    #[test]
    fn the_stored_form_of_transitions_never_changes() {
        let component = || "taxi/sms".to_owned();
        let bytes = |transition| codec::encode(&transition);
        let golden = |variant: u8| [&[1, variant, 8][..], b"taxi/sms"].concat();
        assert_eq!(bytes(Transition::Suspended { component: component() }), golden(0));
        assert_eq!(bytes(Transition::Resumed { component: component() }), golden(1));
    }
}
