//! The handle of one gate: the API for its callers, over the machine behind a lock.

use super::{
    breaker::Transition,
    machine::Machine,
    rules::Rules,
    settings::GateSettings,
    shared::{BROKEN, Core, Inner, Permit, Waiting},
    timer::Timer,
    types::{GateKind, GateRejection},
};
use crate::actors::support::RETRY_PAUSE;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// One gate.
pub struct Gate {
    core: Arc<Core>,
}

impl Gate {
    /// Creates a gate without a driver. Its time advances only when a caller uses it.
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
        timer: Arc<Timer>,
    ) -> Self {
        let now = timer.now();
        let inner = Inner {
            machine: Machine::new(rules.clone(), now),
            settings,
            rules,
            life: 0,
            waiting: HashMap::new(),
            turns: VecDeque::new(),
            last: Transition { at: now, to: "closed", reason: "initial state".into() },
        };
        let core = Core { name: name.into(), guards, timer, inner: Mutex::new(inner) };
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

    /// Grants a permit at once if the gate has capacity. A caller that gets no permit is not
    /// counted as refused.
    #[must_use]
    pub fn try_enter(&self) -> Option<Permit> {
        let entered = self.core.act(|inner, now| Some((inner.machine.enter(now)?, inner.life)));
        entered.flatten().map(|(number, life)| Permit::new(&self.core, number, life))
    }

    /// Grants a permit, after a wait in the queue if necessary. An urgent caller waits until
    /// `deadline` at most. A background caller has no deadline and waits without a bound, behind
    /// all urgent callers. An open gate does not refuse it.
    ///
    /// # Errors
    /// The reason for the refusal, and when to retry.
    pub async fn enter(&self, deadline: Option<Instant>) -> Result<Permit, GateRejection> {
        let until = deadline.map(|deadline| self.core.timer.since_born(deadline));
        loop {
            match self.core.wait(until) {
                Some(Waiting::Decided(answer)) => return answer,
                Some(Waiting::Queued(receiver, _place)) => {
                    // A channel without an answer means that the machine panicked: ask again.
                    if let Ok(answer) = receiver.await {
                        return answer;
                    }
                }
                None if deadline.is_some() => return Err(self.core.away(BROKEN)),
                None => tokio::time::sleep(RETRY_PAUSE).await,
            }
        }
    }

    /// Checks whether an urgent caller would be refused now without waiting. The check reserves no
    /// permit and is not counted. A refusal takes the next retry time.
    ///
    /// # Errors
    /// The reason for the refusal, and when to retry.
    pub fn peek(&self) -> Result<(), GateRejection> {
        let refusal = self.core.act(|inner, now| inner.machine.peek(now)).unwrap_or(Some(BROKEN));
        refusal.map_or(Ok(()), |refusal| Err(self.core.away(refusal)))
    }

    /// Refuses an urgent caller that is about to start and would be refused on arrival. While
    /// half-open, each caller that may start reserves a probe. So no more callers start than there
    /// are probes.
    ///
    /// # Errors
    /// The reason for the refusal, and when to retry.
    pub fn reserve(&self) -> Result<(), GateRejection> {
        let refusal = self.core.act(|inner, now| inner.machine.reserve(now));
        refusal.unwrap_or(Some(BROKEN)).map_or(Ok(()), |refusal| Err(self.core.away(refusal)))
    }

    /// Refuses a caller as `Full`, because the part behind the gate has no capacity. The gate may
    /// have capacity.
    #[must_use]
    pub fn refuse(&self) -> GateRejection {
        let refusal = self.core.act(|inner, now| inner.machine.refuse_full(now));
        self.core.away(refusal.unwrap_or(BROKEN))
    }

    /// How long the answer to a refused client is held.
    #[must_use]
    pub fn hold(&self) -> Duration {
        self.core.act(|inner, _| inner.rules.hold).unwrap_or_default()
    }

    /// Replaces the settings of the gate.
    ///
    /// # Errors
    /// A sentence that names the key with an invalid value.
    pub fn reconfigure(&self, settings: GateSettings) -> Result<(), String> {
        let rules = settings.rules(self.core.guards)?;
        let changed = self.core.act(|inner, now| {
            inner.settings = settings;
            inner.rules = rules.clone();
            inner.machine.change(rules, now);
            inner.note_closed(now);
        });
        changed.ok_or_else(|| "the gate failed and was rebuilt with the new settings".into())
    }

    /// Advances the time of the gate. If callers wait, the timer is set to the next due time.
    pub(super) fn tick(&self) {
        self.core.act(|inner, now| inner.machine.tick(now));
    }

    /// Takes the transitions that are not logged yet.
    pub(super) fn take_transitions(&self) -> VecDeque<Transition> {
        std::mem::take(&mut self.core.lock().turns)
    }

    /// Runs `inspect` on the state of the gate; `None` when it panicked.
    pub(super) fn inspect<T>(&self, inspect: impl FnOnce(&mut Inner, Duration) -> T) -> Option<T> {
        self.core.act(inspect)
    }
}
