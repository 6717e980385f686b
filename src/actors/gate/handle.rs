//! The handle of one gate: the machine behind a short lock, and the API for its callers.

use super::{
    breaker::Turn,
    machine::Machine,
    rules::Rules,
    settings::GateSettings,
    shared::{BROKEN, Core, Inner, Permit, Waiting},
    timer::Timer,
    types::{Away, GateKind},
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// The pause before a caller without a deadline asks again after the machine panicked.
const BROKEN_PAUSE: Duration = Duration::from_millis(100);

/// One gate.
pub struct Gate {
    core: Arc<Core>,
}

impl Gate {
    /// Creates a gate without a driver: time passes for it only when a caller uses it.
    ///
    /// # Errors
    /// A sentence that names the key with an invalid value.
    pub fn alone(name: &str, guards: GateKind, settings: GateSettings) -> Result<Self, String> {
        let rules = settings.rules(guards)?;
        Ok(Self::new(name, guards, (settings, rules), Arc::default()))
    }

    pub(super) fn new(
        name: &str,
        guards: GateKind,
        (settings, rules): (GateSettings, Rules),
        bell: Arc<Timer>,
    ) -> Self {
        let now = bell.now();
        let inner = Inner {
            machine: Machine::new(rules.clone(), now),
            settings,
            rules,
            life: 0,
            waiting: HashMap::new(),
            turns: VecDeque::new(),
            last: Turn { at: now, to: "closed", because: "it began so".into() },
        };
        let core = Core { name: name.into(), guards, bell, inner: Mutex::new(inner) };
        Self { core: Arc::new(core) }
    }

    /// `taxi/payment`
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.name
    }

    pub(super) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.core.name)
    }

    /// The kind of the gate.
    #[must_use]
    pub fn guards(&self) -> GateKind {
        self.core.guards
    }

    /// Grants a permit at once if there is room. A caller that gets none is not counted as refused.
    #[must_use]
    pub fn try_enter(&self) -> Option<Permit> {
        let entered = self.core.act(|inner, now| Some((inner.machine.enter(now)?, inner.life)));
        entered.flatten().map(|(number, life)| Permit::new(&self.core, number, life))
    }

    /// Grants a permit, after a wait in the queue if necessary, until `deadline` at most. A caller
    /// without a deadline waits without a bound, behind all callers with one. It is never refused
    /// while the gate is open, but waits until the gate grants a permit.
    ///
    /// # Errors
    /// The reason for the refusal, and when to retry.
    pub async fn enter(&self, deadline: Option<Instant>) -> Result<Permit, Away> {
        let until = deadline.map(|deadline| self.core.bell.since_born(deadline));
        loop {
            match self.core.wait(until) {
                Some(Waiting::Told(told)) => return told,
                Some(Waiting::Queued(told, _place)) => {
                    // Without an answer the machine panicked: the caller asks the next one.
                    if let Ok(told) = told.await {
                        return told;
                    }
                }
                None if deadline.is_some() => return Err(self.core.away(BROKEN)),
                None => tokio::time::sleep(BROKEN_PAUSE).await,
            }
        }
    }

    /// Checks whether a caller with a deadline would be refused now without waiting. The check
    /// reserves no permit and is not counted; a refusal only takes a retry moment.
    ///
    /// # Errors
    /// The reason for the refusal, and when to retry.
    pub fn peek(&self) -> Result<(), Away> {
        let refusal = self.core.act(|inner, now| inner.machine.peek(now)).unwrap_or(Some(BROKEN));
        refusal.map_or(Ok(()), |refusal| Err(self.core.away(refusal)))
    }

    /// Refuses a caller with a deadline that is about to start and would be refused on arrival.
    /// While half-open, each caller that may start reserves a probe. So no more callers start than
    /// there are probes.
    ///
    /// # Errors
    /// The reason for the refusal, and when to retry.
    pub fn foresee(&self) -> Result<(), Away> {
        let refusal = self.core.act(|inner, now| inner.machine.foresee(now));
        refusal.unwrap_or(Some(BROKEN)).map_or(Ok(()), |refusal| Err(self.core.away(refusal)))
    }

    /// Refuses a caller as `Full` although the gate may have room: there is none behind the gate.
    #[must_use]
    pub fn refuse(&self) -> Away {
        let refusal = self.core.act(|inner, now| inner.machine.turn_back(now));
        self.core.away(refusal.unwrap_or(BROKEN))
    }

    /// Replaces the settings of the gate.
    ///
    /// # Errors
    /// A sentence that names the key with an invalid value.
    pub fn turn(&self, settings: GateSettings) -> Result<(), String> {
        let rules = settings.rules(self.core.guards)?;
        let turned = self.core.act(|inner, now| {
            inner.settings = settings;
            inner.rules = rules.clone();
            inner.machine.change(rules, now);
            inner.note_closed(now);
        });
        turned.ok_or_else(|| "the gate broke, and goes by the new settings since".into())
    }

    /// Advances the time of the gate. If callers wait, the timer learns when the next one is due.
    pub(super) fn tick(&self) {
        self.core.act(|inner, now| inner.machine.tick(now));
    }

    /// Takes the transitions that were not logged yet.
    pub(super) fn take_turns(&self) -> VecDeque<Turn> {
        std::mem::take(&mut self.core.lock().turns)
    }

    /// Runs `look` on the state of the gate; `None` when that panicked.
    pub(super) fn look<T>(&self, look: impl FnOnce(&mut Inner, Duration) -> T) -> Option<T> {
        self.core.act(look)
    }
}
