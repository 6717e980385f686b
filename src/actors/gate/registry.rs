//! The registry of all gates, by name.

use super::{
    handle::Gate,
    info::GateInfo,
    persisted::{PersistedGates, PersistedSettings},
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
    /// What operators have persisted. It takes precedence over the configured settings.
    persisted: Mutex<PersistedGates>,
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
    pub fn new(
        settings: GatesSettings,
        persisted: PersistedGates,
        observer: Arc<dyn GateObserver>,
    ) -> Arc<Self> {
        Arc::new(Self {
            settings: Mutex::new(settings),
            persisted: Mutex::new(persisted),
            observer,
            timer: Arc::default(),
            all: Mutex::default(),
            usual: Mutex::default(),
            changing: Mutex::default(),
        })
    }

    /// The gate of this name, built on first use. Its persisted settings take precedence over the
    /// configured ones, and these over the defaults of its kind.
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
            sync::lock(&self.usual).insert(name.to_owned(), usual);
            let settings = self.configured(name, guards);
            let set = match settings.rules(guards) {
                Ok(rules) => (settings, rules),
                // The server refuses to start with such settings; see `wrong_gates`.
                Err(_) => (GateSettings::default(), GateSettings::usual_rules(guards)),
            };
            Arc::new(Gate::new(name, guards, set, Arc::clone(&self.timer)))
        };
        Arc::clone(self.lock().entry(name.to_owned()).or_insert_with(build))
    }

    /// The settings that this gate has at a start. What is persisted and does not fit the configured
    /// settings is left out, so that it prevents no start.
    fn configured(&self, name: &str, guards: GateKind) -> GateSettings {
        let section = self.section(name, &Map::new()).unwrap_or_default();
        let mut persisted = sync::lock(&self.persisted);
        let Some(PersistedSettings { keys, problem, .. }) = persisted.get_mut(name) else {
            return section;
        };
        let set = self.section(name, keys);
        match set.and_then(|settings| settings.rules(guards).map(|_| settings)) {
            Ok(settings) => {
                *problem = None;
                settings
            }
            Err(reason) => {
                let text = "the persisted settings of this gate do not fit the configured ones";
                tracing::error!(gate = name, reason, "{text}");
                *problem = Some(reason);
                section
            }
        }
    }

    /// The section of this gate over its own defaults, with these changes.
    fn section(&self, name: &str, changes: &Map<String, Value>) -> Result<GateSettings, String> {
        let section = sync::lock(&self.settings).get(name).cloned().unwrap_or_default();
        let usual = sync::lock(&self.usual).get(name).cloned().unwrap_or_default();
        Ok(section.changed(changes)?.or(usual))
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
        gate.reconfigure(self.set_now(&gate, changes)?)?;
        tracing::warn!(gate = name, ?changes, "gate settings changed");
        Ok(Some(()))
    }

    /// The present settings of a gate, with these changes.
    fn set_now(&self, gate: &Gate, changes: &Map<String, Value>) -> Result<GateSettings, String> {
        let present = gate.inspect(|inner, _| inner.settings.clone()).unwrap_or_default();
        let usual = sync::lock(&self.usual).get(gate.name()).cloned().unwrap_or_default();
        Ok(present.changed(changes)?.or(usual))
    }

    /// The keys that are persisted for this gate after these changes. `None` when there is no such
    /// gate. Changes nothing.
    ///
    /// # Errors
    /// A sentence that names the key that is unknown or has an invalid value, now or at the next
    /// start.
    pub fn persisted_after(
        &self,
        name: &str,
        changes: &Map<String, Value>,
    ) -> Result<Option<Map<String, Value>>, String> {
        let Some(gate) = self.get(name) else { return Ok(None) };
        self.set_now(&gate, changes)?.rules(gate.guards())?;
        let before = sync::lock(&self.persisted).get(name).cloned().unwrap_or_default();
        let keys = before.keys_after(changes);
        let at_start = self.section(name, &keys)?.rules(gate.guards());
        at_start.map_err(|reason| format!("{reason}, at the next start"))?;
        Ok(Some(keys))
    }

    /// Whether anything is persisted for a gate of this name, although there may be no such gate.
    pub fn has_persisted(&self, name: &str) -> bool {
        sync::lock(&self.persisted).contains_key(name)
    }

    /// Takes note of what is persisted for this gate; `None` for nothing. The gate stays as it is.
    pub fn note_persisted(&self, name: &str, persisted: Option<PersistedSettings>) {
        let mut all = sync::lock(&self.persisted);
        match persisted {
            Some(persisted) => _ = all.insert(name.to_owned(), persisted),
            None => _ = all.remove(name),
        }
    }

    /// Gives the gate of this name, if there is one, the settings that it would have after a start.
    ///
    /// # Errors
    /// When the gate fails.
    pub fn reset(&self, name: &str) -> Result<(), String> {
        let _guard = sync::lock(&self.changing);
        let Some(gate) = self.get(name) else { return Ok(()) };
        gate.reconfigure(self.configured(name, gate.guards()))
    }

    /// Replaces the configured settings. A gate whose section has changed gets it, with what is
    /// persisted over it, and loses what else was set since the start. The others keep theirs.
    pub fn reload(&self, settings: &GatesSettings) {
        let _guard = sync::lock(&self.changing);
        let before = std::mem::replace(&mut *sync::lock(&self.settings), settings.clone());
        for gate in self.all() {
            let name = gate.name();
            if settings.get(name) == before.get(name) {
                continue;
            }
            if let Err(reason) = gate.reconfigure(self.configured(name, gate.guards())) {
                tracing::error!(gate = name, reason, "the settings of this gate were not changed");
            }
        }
    }

    /// A snapshot of the gate of this name.
    pub fn info(&self, name: &str) -> Option<GateInfo> {
        self.get(name).map(|gate| self.info_of(&gate))
    }

    /// Snapshots of all gates, in the order of their names.
    pub fn infos(&self) -> Vec<GateInfo> {
        self.all().iter().map(|gate| self.info_of(gate)).collect()
    }

    fn info_of(&self, gate: &Gate) -> GateInfo {
        let persisted = sync::lock(&self.persisted).get(gate.name()).cloned();
        GateInfo { persisted, ..GateInfo::of(gate, &self.timer) }
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
