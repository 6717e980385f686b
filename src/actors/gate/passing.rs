//! One living gate: the machine behind a short lock, and those who go through it.

use super::{
    Away, Guards, Why,
    bell::Bell,
    breaker::Turn,
    machine::Machine,
    permit::{Permit, Place},
    returning::spread,
    rules::Rules,
    settings::GateSettings,
    told::{Answer, Entry, Refusal},
};
use crate::actors::{chance::random, crash::caught};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// Transitions that wait to be written down; should nobody do so, the oldest are forgotten.
const TURNS_MAX: usize = 256;

/// The pause before somebody patient tries again whom a broken machine could not take.
const BROKEN_PAUSE: Duration = Duration::from_millis(100);

/// One gate.
pub struct Gate {
    core: Arc<Core>,
}

/// What permits and waiting calls hold on to.
pub(super) struct Core {
    pub(super) name: Arc<str>,
    pub(super) guards: Guards,
    pub(super) bell: Arc<Bell>,
    inner: Mutex<Inner>,
}

pub(super) struct Inner {
    pub(super) machine: Machine,
    /// What is configured, and what it goes by.
    pub(super) settings: GateSettings,
    rules: Rules,
    /// How many machines there were before this one. Permits of theirs mean nothing to it.
    pub(super) life: u32,
    /// Whom to answer, by ticket.
    waiting: HashMap<u64, oneshot::Sender<Told>>,
    turns: VecDeque<Turn>,
    /// The last transition.
    pub(super) last: Turn,
}

/// What somebody who waits is told; when it is told nothing, the machine broke, and it asks again.
type Told = Result<Permit, Away>;

impl Gate {
    /// A gate of its own that nobody drives: time passes for it only when somebody comes.
    ///
    /// # Errors
    /// A sentence that names the key whose value makes no sense.
    pub fn alone(name: &str, guards: Guards, settings: GateSettings) -> Result<Self, String> {
        let rules = settings.rules(guards)?;
        Ok(Self::new(name, guards, (settings, rules), Arc::default()))
    }

    pub(super) fn new(
        name: &str,
        guards: Guards,
        (settings, rules): (GateSettings, Rules),
        bell: Arc<Bell>,
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
    pub fn guards(&self) -> Guards {
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

/// What a broken machine says.
const BROKEN: Refusal = Refusal { why: Why::Full, after: Duration::from_secs(1) };

/// What becomes of somebody who asks to wait.
enum Waiting {
    Told(Told),
    Queued(oneshot::Receiver<Told>, Place),
}

impl Core {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the machine, and tells those who are to be told. A machine that panics
    /// is thrown away, so that the crash stays in it, and there is no result.
    pub(super) fn act<T>(
        self: &Arc<Self>,
        deed: impl FnOnce(&mut Inner, Duration) -> T,
    ) -> Option<T> {
        let now = self.bell.now();
        let mut inner = self.lock();
        let done = caught(|| deed(&mut inner, now));
        if done.is_ok() && !inner.machine.has_news() && inner.waiting.is_empty() {
            return done.ok();
        }
        let broken = done.as_ref().err().map(|because| inner.start_over(now, because));
        let (answers, life) = (inner.take_answers(), inner.life);
        let has_turned = inner.keep_turns();
        let due = inner.machine.due();
        drop(inner);
        if has_turned || broken.is_some() {
            self.bell.ring();
        } else if let Some(due) = due {
            self.bell.expect(due);
        }
        for (told, granted) in answers {
            let granted = granted.map(|number| Permit::new(self, number, life));
            // Dropping what cannot be sent gives a permit back.
            drop(told.send(granted.map_err(|refusal| self.away(refusal))));
        }
        // Those who waited for a broken machine hear that nobody answers, and ask again.
        drop(broken);
        done.ok()
    }

    fn wait(self: &Arc<Self>, deadline: Option<Duration>) -> Option<Waiting> {
        let entered = self.act(|inner, now| {
            let entry = inner.machine.wait(now, deadline);
            let queued = match entry {
                Entry::Waits(ticket) => {
                    let (tell, told) = oneshot::channel();
                    inner.waiting.insert(ticket, tell);
                    Some(told)
                }
                _ => None,
            };
            (entry, queued, inner.life)
        });
        Some(match entered? {
            (Entry::Waits(ticket), Some(told), life) => {
                Waiting::Queued(told, Place::new(self, ticket, life))
            }
            (Entry::Granted(number), _, life) => Waiting::Told(Ok(Permit::new(self, number, life))),
            (Entry::Refused(refusal), ..) => Waiting::Told(Err(self.away(refusal))),
            (Entry::Waits(_), None, _) => Waiting::Told(Err(self.away(BROKEN))),
        })
    }

    fn away(&self, Refusal { why, after }: Refusal) -> Away {
        Away { gate: Arc::clone(&self.name), why, retry_after: spread(after, random()) }
    }
}

impl Inner {
    /// Whoever has this ticket waits no longer.
    pub(super) fn leave(&mut self, ticket: u64, now: Duration) {
        if self.waiting.remove(&ticket).is_some() {
            self.machine.leave(now, ticket);
        }
    }

    /// A new machine in the place of the broken one; returns whom to let ask again.
    fn start_over(&mut self, now: Duration, because: &str) -> Vec<oneshot::Sender<Told>> {
        let counts = self.machine.counts();
        self.machine = Machine::new(self.rules.clone(), now);
        self.machine.count_on(counts);
        self.life = self.life.wrapping_add(1);
        self.keep(Turn { at: now, to: "closed", because: format!("built anew: {because}") });
        self.waiting.drain().map(|(_, told)| told).collect()
    }

    fn take_answers(&mut self) -> Vec<(oneshot::Sender<Told>, Result<u64, Refusal>)> {
        let answers = self.machine.take_answers().into_iter();
        let addressed = answers.filter_map(|Answer { ticket, granted }| {
            self.waiting.remove(&ticket).map(|told| (told, granted))
        });
        addressed.collect()
    }

    fn keep_turns(&mut self) -> bool {
        let turns = self.machine.take_turns();
        let has_turned = !turns.is_empty();
        for turn in turns {
            self.keep(turn);
        }
        has_turned
    }

    /// A gate whose breaker was taken away is closed.
    fn note_closed(&mut self, now: Duration) {
        self.keep_turns();
        if self.rules.breaker.is_none() && self.last.to != "closed" {
            let because = "its breaker was taken away".into();
            self.keep(Turn { at: now, to: "closed", because });
        }
    }

    fn keep(&mut self, turn: Turn) {
        if self.turns.len() == TURNS_MAX {
            self.turns.pop_front();
        }
        self.last = turn.clone();
        self.turns.push_back(turn);
    }
}
