//! The registry of all gates, by name.

use super::{
    handle::Gate,
    info::GateInfo,
    settings::{GateSettings, GatesSettings},
    timer::Timer,
    types::{GateKind, GateObserver},
};
use crate::sync;
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

/// The registry of all gates, by name.
pub struct Gates {
    settings: Mutex<GatesSettings>,
    observer: Arc<dyn GateObserver>,
    timer: Arc<Timer>,
    all: Mutex<BTreeMap<String, Arc<Gate>>>,
    /// The defaults of single gates. They take precedence over the defaults of their kind.
    usual: Mutex<BTreeMap<String, GateSettings>>,
    /// Serializes changes of settings, so that each one builds on those before.
    changing: Mutex<()>,
}

impl Gates {
    /// Creates an empty registry; gates built later take their settings from here.
    pub fn new(settings: GatesSettings, observer: Arc<dyn GateObserver>) -> Arc<Self> {
        let (timer, all, usual) = (Arc::default(), Mutex::default(), Mutex::default());
        let settings = Mutex::new(settings);
        Arc::new(Self { settings, observer, timer, all, usual, changing: Mutex::default() })
    }

    /// The gate of this name, built on first use. Its configured settings take precedence over the
    /// defaults of its kind.
    pub fn with(&self, name: &str, guards: GateKind) -> Arc<Gate> {
        self.with_usual(name, guards, GateSettings::default())
    }

    /// The gate of this name, with this default limit of calls under way at once; 1 at least.
    pub fn with_limit(&self, name: &str, guards: GateKind, concurrency_max: usize) -> Arc<Gate> {
        let concurrency_max = Some(concurrency_max.max(1));
        self.with_usual(name, guards, GateSettings { concurrency_max, ..GateSettings::default() })
    }

    fn with_usual(&self, name: &str, guards: GateKind, usual: GateSettings) -> Arc<Gate> {
        let build = || {
            let section = sync::lock(&self.settings).get(name).cloned();
            let settings = section.unwrap_or_default().or(usual.clone());
            sync::lock(&self.usual).insert(name.to_owned(), usual);
            let set = match settings.rules(guards) {
                Ok(rules) => (settings, rules),
                // The server refuses to start with such settings; see `wrong_gates`.
                Err(_) => (GateSettings::default(), GateSettings::usual_rules(guards)),
            };
            Arc::new(Gate::new(name, guards, set, Arc::clone(&self.timer)))
        };
        Arc::clone(self.lock().entry(name.to_owned()).or_insert_with(build))
    }

    /// The gate of this name, if there is one.
    pub fn get(&self, name: &str) -> Option<Arc<Gate>> {
        self.lock().get(name).cloned()
    }

    /// Removes the gate of this name. Callers that have it go on.
    pub fn remove(&self, name: &str) {
        self.lock().remove(name);
        sync::lock(&self.usual).remove(name);
    }

    /// All gates, in the order of their names.
    pub fn all(&self) -> Vec<Arc<Gate>> {
        self.lock().values().cloned().collect()
    }

    /// Changes these keys of the gate of this name, until the next start. A null resets its key to
    /// the default. `None` when there is no such gate.
    ///
    /// # Errors
    /// A sentence that names the key that is unknown or has an invalid value.
    pub fn reconfigure(
        &self,
        name: &str,
        changes: &Map<String, Value>,
    ) -> Result<Option<()>, String> {
        let Some(gate) = self.get(name) else { return Ok(None) };
        let _guard = sync::lock(&self.changing);
        let configured = gate.inspect(|inner, _| inner.settings.clone()).unwrap_or_default();
        let usual = sync::lock(&self.usual).get(name).cloned().unwrap_or_default();
        gate.reconfigure(configured.changed(changes)?.or(usual))?;
        tracing::warn!(gate = name, ?changes, "gate settings changed until the next start");
        Ok(Some(()))
    }

    /// Replaces the configured settings. A gate whose section has changed gets it, and loses what
    /// was set since the start. The others keep theirs.
    pub fn reload(&self, settings: &GatesSettings) {
        let _guard = sync::lock(&self.changing);
        let before = std::mem::replace(&mut *sync::lock(&self.settings), settings.clone());
        for gate in self.all() {
            let name = gate.name();
            let section = settings.get(name);
            if section == before.get(name) {
                continue;
            }
            let usual = sync::lock(&self.usual).get(name).cloned().unwrap_or_default();
            let changed = gate.reconfigure(section.cloned().unwrap_or_default().or(usual));
            if let Err(reason) = changed {
                tracing::error!(gate = name, reason, "the settings of this gate were not changed");
            }
        }
    }

    /// A snapshot of the gate of this name.
    pub fn info(&self, name: &str) -> Option<GateInfo> {
        self.get(name).map(|gate| GateInfo::of(&gate, &self.timer))
    }

    /// Snapshots of all gates, in the order of their names.
    pub fn infos(&self) -> Vec<GateInfo> {
        self.all().iter().map(|gate| GateInfo::of(gate, &self.timer)).collect()
    }

    /// Makes the machine of a gate panic; false when there is no such gate.
    #[expect(clippy::missing_panics_doc, reason = "the panic is caught here")]
    pub fn break_on_purpose(&self, name: &str) -> bool {
        let Some(gate) = self.get(name) else { return false };
        gate.inspect::<()>(|_, _| panic!("broken on purpose"));
        true
    }

    /// Ticks all gates, and logs and reports their transitions.
    pub(super) fn tick(&self) {
        for gate in self.all() {
            gate.tick();
            for transition in gate.take_transitions() {
                tracing::warn!(
                    gate = gate.name(),
                    to = transition.to,
                    reason = transition.reason,
                    "gate state changed"
                );
                self.observer.transitioned(gate.name(), transition.to, transition.reason);
            }
        }
    }

    pub(super) fn timer(&self) -> &Timer {
        &self.timer
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Gate>>> {
        sync::lock(&self.all)
    }
}

/// Checks the settings against the known gates. Returns one sentence for each wrong section.
pub fn wrong_gates(settings: &GatesSettings, all: &BTreeMap<&str, GateKind>) -> Vec<String> {
    let wrong = settings.iter().filter_map(|(name, settings)| {
        let reason = if let Some(guards) = all.get(name.as_str()) {
            settings.rules(*guards).err()?
        } else {
            let known: Vec<_> = all.keys().copied().collect();
            let known = known.join(", ");
            format!("there is no such gate; there are {known}, and subscriptions/NAME for webhooks")
        };
        Some(format!("gates.\"{name}\": {reason}"))
    });
    wrong.collect()
}
