//! The wait queue of a gate: the callers that wait for a permit, and which of them is next.
//!
//! An *urgent* caller waits until a deadline. Normally urgent callers are served first in, first
//! out. An urgent caller is late when it has waited longer than `wait_target`. The queue becomes
//! *overloaded* once its oldest urgent caller has been late for a whole `wait_interval`. An
//! overloaded queue serves the newest urgent caller first, and refuses late callers. It stays
//! overloaded until no urgent caller waits. So no urgent caller waits longer than target plus
//! interval. A caller that an overloaded queue serves waits no longer than the target. Source:
//! Facebook, "Fail at Scale", 2015, controlled delay and adaptive LIFO.
//!
//! A *background* caller has no deadline. It is served after all urgent callers, first in, first
//! out.

use super::{rules::QueueRules, types::RejectReason};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The wait queue: urgent and background callers, by ticket. Tickets grow with time.
#[derive(Clone, Debug)]
pub struct Queue {
    rules: QueueRules,
    urgent: BTreeMap<u64, Urgent>,
    /// When the waits of the urgent callers end, soonest first.
    ends: BTreeSet<(Duration, u64)>,
    /// When the wait of each background caller began.
    background: BTreeMap<u64, Duration>,
    /// Since when the oldest urgent caller has been over the target without a break.
    late_since: Option<Duration>,
    is_overloaded: bool,
}

#[derive(Clone, Copy, Debug)]
struct Urgent {
    since: Duration,
    until: Duration,
    /// The reason for the refusal when `until` is reached.
    then: RejectReason,
}

/// A caller that was removed from the wait queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// The ticket.
    pub ticket: u64,
    /// How long the caller waited.
    pub waited: Duration,
}

impl Queue {
    /// Creates an empty wait queue.
    pub const fn new(rules: QueueRules) -> Self {
        Self {
            rules,
            urgent: BTreeMap::new(),
            ends: BTreeSet::new(),
            background: BTreeMap::new(),
            late_since: None,
            is_overloaded: false,
        }
    }

    /// Replaces the rules. Waiting callers keep the end of their wait. Callers that join later get
    /// the new bound.
    pub const fn reconfigure(&mut self, rules: QueueRules) {
        self.rules = rules;
    }

    /// Whether no caller waits.
    pub fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.background.is_empty()
    }

    /// The number of urgent callers.
    pub fn urgent(&self) -> usize {
        self.urgent.len()
    }

    /// The number of background callers.
    pub fn background(&self) -> usize {
        self.background.len()
    }

    /// Whether the queue is overloaded and serves the newest urgent caller first.
    pub const fn is_overloaded(&self) -> bool {
        self.is_overloaded
    }

    /// How long the oldest caller has waited.
    pub fn longest(&self, now: Duration) -> Duration {
        let urgent = self.urgent.values().next().map(|urgent| urgent.since);
        let oldest = urgent.into_iter().chain(self.background.values().next().copied()).min();
        now.saturating_sub(oldest.unwrap_or(now))
    }

    /// Whether one more urgent caller may wait. It replaces the oldest one in an overloaded queue
    /// that is full.
    pub fn has_capacity(&self) -> bool {
        self.is_overloaded || self.urgent.len() < self.rules.calls_max
    }

    /// The latest time at which an urgent caller that joins now can still get its permit.
    pub fn latest(&self, now: Duration) -> Duration {
        let QueueRules { waiting_max, wait_target, wait_interval, .. } = self.rules;
        let interval = if self.is_overloaded { Duration::ZERO } else { wait_interval };
        now + waiting_max.min(wait_target + interval)
    }

    /// Adds an urgent caller that waits until `deadline`, or a background caller without one.
    /// Returns the oldest urgent caller if it was removed from a full queue.
    pub fn join(&mut self, now: Duration, ticket: u64, deadline: Option<Duration>) -> Option<Left> {
        let Some(deadline) = deadline else {
            self.background.insert(ticket, now);
            return None;
        };
        let oldest = (self.urgent.len() >= self.rules.calls_max).then(|| self.oldest()).flatten();
        let pushed_out = oldest.and_then(|oldest| self.leave(now, oldest));
        let bound = now + self.rules.waiting_max;
        let (until, then) = if deadline <= bound {
            (deadline, RejectReason::TooLate)
        } else {
            (bound, RejectReason::Full)
        };
        self.urgent.insert(ticket, Urgent { since: now, until, then });
        self.ends.insert((until, ticket));
        pushed_out
    }

    /// Removes a caller; `None` when it does not wait.
    pub fn leave(&mut self, now: Duration, ticket: u64) -> Option<Left> {
        let since = match self.urgent.remove(&ticket) {
            Some(urgent) => {
                self.ends.remove(&(urgent.until, ticket));
                urgent.since
            }
            None => self.background.remove(&ticket)?,
        };
        if self.urgent.is_empty() {
            (self.late_since, self.is_overloaded) = (None, false);
        }
        Some(Left { ticket, waited: now.saturating_sub(since) })
    }

    /// Removes one caller that has waited too long, and returns it with the reason. Each call
    /// removes one caller. Repeat it until it returns `None`.
    pub fn next_late(&mut self, now: Duration) -> Option<(Left, RejectReason)> {
        self.inspect(now);
        if let Some((_, ticket)) = self.ends.first().copied().filter(|end| end.0 <= now) {
            let then = self.urgent.get(&ticket)?.then;
            return Some((self.leave(now, ticket)?, then));
        }
        let oldest = self.oldest().filter(|_| self.is_overloaded)?;
        let is_late = now >= self.urgent.get(&oldest)?.since + self.rules.wait_target;
        is_late.then(|| self.leave(now, oldest)).flatten().map(|left| (left, RejectReason::Full))
    }

    /// The urgent caller to serve next. Background callers are served only when there is none.
    pub fn next_urgent(&self) -> Option<u64> {
        if self.is_overloaded { self.urgent.keys().next_back().copied() } else { self.oldest() }
    }

    /// The oldest background caller.
    pub fn next_background(&self) -> Option<u64> {
        self.background.keys().next().copied()
    }

    /// When the next caller will have waited too long, or the queue may become overloaded.
    pub fn due(&self) -> Option<Duration> {
        let oldest = self.urgent.values().next()?;
        let checked = match self.late_since {
            Some(late_since) if !self.is_overloaded => late_since + self.rules.wait_interval,
            _ => oldest.since + self.rules.wait_target,
        };
        let end = self.ends.first().map_or(checked, |end| end.0);
        Some(checked.min(end))
    }

    fn oldest(&self) -> Option<u64> {
        self.urgent.keys().next().copied()
    }

    fn inspect(&mut self, now: Duration) {
        let Some(oldest) = self.urgent.values().next() else { return };
        let late_at = oldest.since + self.rules.wait_target;
        if now < late_at {
            self.late_since = None;
            return;
        }
        let late_since = *self.late_since.get_or_insert(late_at);
        self.is_overloaded |= now >= late_since + self.rules.wait_interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: QueueRules = QueueRules {
        calls_max: 3,
        waiting_max: Duration::from_secs(1),
        wait_target: Duration::from_millis(5),
        wait_interval: Duration::from_millis(100),
    };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn joined(at_ms: &[u64]) -> Queue {
        let mut queue = Queue::new(RULES);
        for (ticket, at_ms) in (1..).zip(at_ms) {
            assert_eq!(queue.next_late(ms(*at_ms)), None);
            queue.join(ms(*at_ms), ticket, Some(ms(10_000)));
        }
        queue
    }

    #[test]
    fn a_queue_within_its_target_serves_the_oldest_caller_first() {
        assert_eq!(joined(&[0, 1]).next_urgent(), Some(1));
    }

    #[test]
    fn an_overloaded_queue_serves_the_newest_caller_first_and_refuses_late_callers() {
        let mut queue = joined(&[0, 1, 104]);
        let late =
            |queue: &mut Queue| queue.next_late(ms(105)).map(|(left, why)| (left.ticket, why));
        assert_eq!(late(&mut queue), Some((1, RejectReason::Full)));
        assert_eq!(late(&mut queue), Some((2, RejectReason::Full)));
        assert_eq!(late(&mut queue), None, "the third is not late yet");
        queue.join(ms(105), 4, Some(ms(10_000)));
        assert_eq!((queue.is_overloaded(), queue.next_urgent()), (true, Some(4)));
    }

    #[test]
    fn the_overload_ends_when_no_urgent_caller_waits() {
        let mut queue = joined(&[0]);
        while queue.next_late(ms(200)).is_some() {}
        assert!(!queue.is_overloaded());
    }

    #[test]
    fn background_callers_wait_without_a_bound() {
        let mut queue = Queue::new(RULES);
        queue.join(ms(0), 1, None);
        assert_eq!((queue.next_late(ms(1_000_000)), queue.due()), (None, None));
        assert_eq!((queue.next_urgent(), queue.next_background()), (None, Some(1)));
    }

    #[test]
    fn a_caller_whose_deadline_passed_is_refused_as_too_late_and_not_as_full() {
        let mut queue = Queue::new(RULES);
        queue.join(ms(0), 1, Some(ms(3)));
        let (left, why) = queue.next_late(ms(3)).unwrap();
        assert_eq!((left, why), (Left { ticket: 1, waited: ms(3) }, RejectReason::TooLate));
    }
}
