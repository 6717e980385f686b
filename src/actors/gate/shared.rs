//! The state of a gate behind its lock, and the permits that change it when they are dropped.

use super::{
    breaker::Transition,
    decision::{Answer, Entry, Refusal},
    machine::Machine,
    retry_schedule::spread,
    rules::Rules,
    settings::GateSettings,
    timer::Timer,
    types::{CallOutcome, GateKind, GateRejection, RejectReason},
};
use crate::sync;
use crate::{actors::support::catch_panic, random::random};
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::sync::oneshot;

/// The maximum number of transitions that wait to be logged. Beyond it the oldest are dropped.
const TRANSITIONS_MAX: usize = 256;

/// The refusal that replaces the result of a machine that panicked.
pub(super) const BROKEN: Refusal =
    Refusal { why: RejectReason::Full, after: Duration::from_secs(1) };

/// The shared part of a gate. Permits and waiting callers keep a reference to it.
pub(super) struct Core {
    pub(super) name: Arc<str>,
    pub(super) guards: GateKind,
    pub(super) timer: Arc<Timer>,
    pub(super) inner: Mutex<Inner>,
}

pub(super) struct Inner {
    pub(super) machine: Machine,
    /// The configured settings, from which `rules` follow.
    pub(super) settings: GateSettings,
    pub(super) rules: Rules,
    /// How many machines were replaced before this one. Permits of earlier machines are ignored.
    pub(super) life: u32,
    /// The channels to the waiting callers, by ticket.
    pub(super) waiting: HashMap<u64, oneshot::Sender<Decision>>,
    pub(super) turns: VecDeque<Transition>,
    /// The last transition.
    pub(super) last: Transition,
}

/// The answer to a waiting caller. A channel that closes without an answer means that the machine
/// panicked. The caller then asks again.
pub(super) type Decision = Result<Permit, GateRejection>;

/// The result of a request to wait: an immediate answer, or a place in the wait queue.
pub(super) enum Waiting {
    Decided(Decision),
    Queued(oneshot::Receiver<Decision>, Place),
}

impl Core {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        sync::lock(&self.inner)
    }

    /// Runs `action` on the machine, and answers the waiting callers that became due. A machine
    /// that panics is replaced, and the panic is caught. The result is then `None`.
    pub(super) fn act<T>(
        self: &Arc<Self>,
        action: impl FnOnce(&mut Inner, Duration) -> T,
    ) -> Option<T> {
        let now = self.timer.now();
        let mut inner = self.lock();
        let done = catch_panic(|| action(&mut inner, now));
        if done.is_ok() && !inner.machine.has_news() && inner.waiting.is_empty() {
            return done.ok();
        }
        let broken = done.as_ref().err().map(|reason| inner.start_over(now, reason));
        let (answers, life) = (inner.take_answers(), inner.life);
        let has_transitions = inner.keep_transitions();
        let due = inner.machine.due();
        drop(inner);
        if has_transitions || broken.is_some() {
            self.timer.wake();
        } else if let Some(due) = due {
            self.timer.expect(due);
        }
        for (sender, granted) in answers {
            let granted = granted.map(|number| Permit::new(self, number, life));
            // When the caller is gone, dropping the unsent answer gives its permit back.
            drop(sender.send(granted.map_err(|refusal| self.away(refusal))));
        }
        // Closes the channels of callers that waited for the panicked machine. They ask again.
        drop(broken);
        done.ok()
    }

    pub(super) fn wait(self: &Arc<Self>, deadline: Option<Duration>) -> Option<Waiting> {
        let entered = self.act(|inner, now| {
            let entry = inner.machine.wait(now, deadline);
            let queued = match entry {
                Entry::Waits(ticket) => {
                    let (sender, receiver) = oneshot::channel();
                    inner.waiting.insert(ticket, sender);
                    Some(receiver)
                }
                _ => None,
            };
            (entry, queued, inner.life)
        });
        Some(match entered? {
            (Entry::Waits(ticket), Some(receiver), life) => {
                Waiting::Queued(receiver, Place::new(self, ticket, life))
            }
            (Entry::Granted(number), _, life) => {
                Waiting::Decided(Ok(Permit::new(self, number, life)))
            }
            (Entry::Refused(refusal), ..) => Waiting::Decided(Err(self.away(refusal))),
            (Entry::Waits(_), None, _) => Waiting::Decided(Err(self.away(BROKEN))),
        })
    }

    pub(super) fn away(&self, Refusal { why, after }: Refusal) -> GateRejection {
        GateRejection { gate: Arc::clone(&self.name), why, retry_after: spread(after, random()) }
    }
}

impl Inner {
    /// Removes the caller with this ticket from the wait queue.
    pub(super) fn leave(&mut self, ticket: u64, now: Duration) {
        if self.waiting.remove(&ticket).is_some() {
            self.machine.leave(now, ticket);
        }
    }

    /// Replaces a machine that panicked. Returns the channels of callers that have to ask again.
    fn start_over(&mut self, now: Duration, reason: &str) -> Vec<oneshot::Sender<Decision>> {
        let counts = self.machine.counts();
        self.machine = Machine::new(self.rules.clone(), now);
        self.machine.count_on(counts);
        self.life = self.life.wrapping_add(1);
        self.keep(Transition { at: now, to: "closed", reason: format!("rebuilt: {reason}") });
        self.waiting.drain().map(|(_, sender)| sender).collect()
    }

    fn take_answers(&mut self) -> Vec<(oneshot::Sender<Decision>, Result<u64, Refusal>)> {
        let answers = self.machine.take_answers().into_iter();
        let addressed = answers.filter_map(|Answer { ticket, granted }| {
            self.waiting.remove(&ticket).map(|sender| (sender, granted))
        });
        addressed.collect()
    }

    fn keep_transitions(&mut self) -> bool {
        let transitions = self.machine.take_transitions();
        let has_transitions = !transitions.is_empty();
        for transition in transitions {
            self.keep(transition);
        }
        has_transitions
    }

    /// Records a transition to closed when a change of settings removed the breaker.
    pub(super) fn note_closed(&mut self, now: Duration) {
        self.keep_transitions();
        if self.rules.breaker.is_none() && self.last.to != "closed" {
            let reason = "the breaker was removed".into();
            self.keep(Transition { at: now, to: "closed", reason });
        }
    }

    fn keep(&mut self, transition: Transition) {
        if self.turns.len() == TRANSITIONS_MAX {
            self.turns.pop_front();
        }
        self.last = transition.clone();
        self.turns.push_back(transition);
    }
}

/// A permit for one call. A permit that is dropped without a report frees its place. It counts
/// neither as a success nor as a failure.
#[must_use]
pub struct Permit {
    core: Arc<Core>,
    number: u64,
    life: u32,
    is_reported: bool,
}

impl Permit {
    pub(super) fn new(core: &Arc<Core>, number: u64, life: u32) -> Self {
        Self { core: Arc::clone(core), number, life, is_reported: false }
    }

    /// Reports the outcome of the call. The gate measures the duration itself.
    pub fn report(mut self, outcome: CallOutcome) {
        self.is_reported = true;
        let (number, life) = (self.number, self.life);
        self.core.act(|inner, now| {
            // The current machine does not know the permits of a replaced machine.
            if inner.life == life {
                inner.machine.report(now, number, outcome);
            }
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.is_reported {
            return;
        }
        let (number, life) = (self.number, self.life);
        self.core.act(|inner, now| {
            if inner.life == life {
                inner.machine.give_back(now, number);
            }
        });
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("gate", &self.core.name)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// A place in the wait queue. Dropping it removes the caller from the queue.
pub(super) struct Place {
    core: Arc<Core>,
    ticket: u64,
    life: u32,
}

impl Place {
    pub(super) fn new(core: &Arc<Core>, ticket: u64, life: u32) -> Self {
        Self { core: Arc::clone(core), ticket, life }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (ticket, life) = (self.ticket, self.life);
        self.core.act(|inner, now| {
            if inner.life == life {
                inner.leave(ticket, now);
            }
        });
    }
}
