//! One living gate: the machine behind a short lock, and those who go through it.

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

/// The pause before somebody patient tries again whom a broken machine could not take.
const BROKEN_PAUSE: Duration = Duration::from_millis(100);

/// One gate.
pub struct Gate {
    core: Arc<Core>,
}

impl Gate {
    /// A gate of its own that nobody drives: time passes for it only when somebody comes.
    ///
    /// # Errors
    /// A sentence that names the key whose value makes no sense.
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

    /// What it stands in front of.
    #[must_use]
    pub fn guards(&self) -> GateKind {
        self.core.guards
    }

    /// A permit at once, if there is room. Who gets none is not counted among those turned away.
    #[must_use]
    pub fn try_enter(&self) -> Option<Permit> {
        let entered = self.core.act(|inner, now| Some((inner.machine.enter(now)?, inner.life)));
        entered.flatten().map(|(number, life)| Permit::new(&self.core, number, life))
    }

    /// A permit, after waiting in the queue if need be, until this moment at the latest; without
    /// one for as long as it takes, behind everybody who is in a hurry. Without one it is never
    /// turned away for the gate being open, but waits until it lets somebody through.
    ///
    /// # Errors
    /// Why not, and when to come back.
    pub async fn enter(&self, deadline: Option<Instant>) -> Result<Permit, Away> {
        let until = deadline.map(|deadline| self.core.bell.since_born(deadline));
        loop {
            match self.core.wait(until) {
                Some(Waiting::Told(told)) => return told,
                Some(Waiting::Queued(told, _place)) => {
                    // Without an answer the machine broke: it asks the next one.
                    if let Ok(told) = told.await {
                        return told;
                    }
                }
                None if deadline.is_some() => return Err(self.core.away(BROKEN)),
                None => tokio::time::sleep(BROKEN_PAUSE).await,
            }
        }
    }

    /// Whether whoever came now in a hurry would be turned away without waiting. Takes nothing but
    /// a moment to come back.
    ///
    /// # Errors
    /// Why, and when to come back.
    pub fn peek(&self) -> Result<(), Away> {
        let refusal = self.core.act(|inner, now| inner.machine.peek(now)).unwrap_or(Some(BROKEN));
        refusal.map_or(Ok(()), |refusal| Err(self.core.away(refusal)))
    }

    /// Turns whoever would set out for it now in a hurry away, if that is what would happen when
    /// it comes. Of those whom single drops let through no more set out than there are drops.
    ///
    /// # Errors
    /// Why, and when to come back.
    pub fn foresee(&self) -> Result<(), Away> {
        let refusal = self.core.act(|inner, now| inner.machine.foresee(now));
        refusal.unwrap_or(Some(BROKEN)).map_or(Ok(()), |refusal| Err(self.core.away(refusal)))
    }

    /// Turns somebody away for whom there is room, but not behind it.
    #[must_use]
    pub fn refuse(&self) -> Away {
        let refusal = self.core.act(|inner, now| inner.machine.turn_back(now));
        self.core.away(refusal.unwrap_or(BROKEN))
    }

    /// From now on it goes by these settings.
    ///
    /// # Errors
    /// A sentence that names the key whose value makes no sense.
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

    /// Lets time pass. When it is due again, if anybody waits, the bell knows.
    pub(super) fn tick(&self) {
        self.core.act(|inner, now| inner.machine.tick(now));
    }

    /// The transitions that nobody has written down.
    pub(super) fn take_turns(&self) -> VecDeque<Turn> {
        std::mem::take(&mut self.core.lock().turns)
    }

    /// Looks at it; `None` when that broke it.
    pub(super) fn look<T>(&self, look: impl FnOnce(&mut Inner, Duration) -> T) -> Option<T> {
        self.core.act(look)
    }
}
