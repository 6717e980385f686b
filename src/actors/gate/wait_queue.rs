//! The wait queue of a gate: the callers that wait for a permit, and which of them is next.
//!
//! A *hurried* caller waits until a deadline. Hurried callers are served first in, first out, as
//! long as the queue is calm. The queue becomes *pressed* once its oldest hurried caller has been
//! late, over `wait_target`, for a whole `wait_interval`. A pressed queue serves the newest hurried
//! caller first, and refuses each one that has waited longer than the target. It stays pressed
//! until no hurried caller waits. So no hurried caller waits longer than target plus interval, and
//! one served under pressure is served within the target. Source: Facebook, "Fail at Scale",
//! 2015, controlled delay and adaptive LIFO.
//!
//! A *patient* caller has no deadline. It is served after all hurried callers, first in, first out.

use super::{rules::QueueRules, types::Why};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The wait queue: hurried and patient callers, by ticket. Tickets grow with time.
#[derive(Clone, Debug)]
pub struct Queue {
    rules: QueueRules,
    hurried: BTreeMap<u64, Hurried>,
    /// When the waits of the hurried callers end, soonest first.
    ends: BTreeSet<(Duration, u64)>,
    /// When the wait of each patient caller began.
    patient: BTreeMap<u64, Duration>,
    /// Since when the oldest hurried caller has been over the target without a break.
    late_since: Option<Duration>,
    is_pressed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Hurried {
    since: Duration,
    until: Duration,
    /// The reason for the refusal when `until` is reached.
    then: Why,
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
            hurried: BTreeMap::new(),
            ends: BTreeSet::new(),
            patient: BTreeMap::new(),
            late_since: None,
            is_pressed: false,
        }
    }

    /// Replaces the rules. Waiting callers keep the end of their wait; callers that join later get
    /// the new bound.
    pub const fn turn(&mut self, rules: QueueRules) {
        self.rules = rules;
    }

    /// Whether no caller waits.
    pub fn is_empty(&self) -> bool {
        self.hurried.is_empty() && self.patient.is_empty()
    }

    /// The number of hurried callers.
    pub fn hurried(&self) -> usize {
        self.hurried.len()
    }

    /// The number of patient callers.
    pub fn patient(&self) -> usize {
        self.patient.len()
    }

    /// Whether the queue is pressed: the newest caller is served first.
    pub const fn is_pressed(&self) -> bool {
        self.is_pressed
    }

    /// How long the oldest caller has waited.
    pub fn longest(&self, now: Duration) -> Duration {
        let hurried = self.hurried.values().next().map(|hurried| hurried.since);
        let oldest = hurried.into_iter().chain(self.patient.values().next().copied()).min();
        now.saturating_sub(oldest.unwrap_or(now))
    }

    /// Whether one more hurried caller may wait. In a pressed queue the oldest one makes room.
    pub fn has_room(&self) -> bool {
        self.is_pressed || self.hurried.len() < self.rules.calls_max
    }

    /// The latest moment at which a hurried caller that joins now can still get its permit.
    pub fn latest(&self, now: Duration) -> Duration {
        let QueueRules { waiting_max, wait_target, wait_interval, .. } = self.rules;
        let calm = if self.is_pressed { Duration::ZERO } else { wait_interval };
        now + waiting_max.min(wait_target + calm)
    }

    /// Adds a caller that waits until `deadline`, or patiently without one. Returns the oldest
    /// hurried caller if it was pushed out of a full queue.
    pub fn join(&mut self, now: Duration, ticket: u64, deadline: Option<Duration>) -> Option<Left> {
        let Some(deadline) = deadline else {
            self.patient.insert(ticket, now);
            return None;
        };
        let oldest = (self.hurried.len() >= self.rules.calls_max).then(|| self.oldest()).flatten();
        let pushed_out = oldest.and_then(|oldest| self.leave(now, oldest));
        let bound = now + self.rules.waiting_max;
        let (until, then) =
            if deadline <= bound { (deadline, Why::TooLate) } else { (bound, Why::Full) };
        self.hurried.insert(ticket, Hurried { since: now, until, then });
        self.ends.insert((until, ticket));
        pushed_out
    }

    /// Removes a caller; `None` when it does not wait.
    pub fn leave(&mut self, now: Duration, ticket: u64) -> Option<Left> {
        let since = match self.hurried.remove(&ticket) {
            Some(hurried) => {
                self.ends.remove(&(hurried.until, ticket));
                hurried.since
            }
            None => self.patient.remove(&ticket)?,
        };
        if self.hurried.is_empty() {
            (self.late_since, self.is_pressed) = (None, false);
        }
        Some(Left { ticket, waited: now.saturating_sub(since) })
    }

    /// Removes one caller that has waited too long, and returns it with the reason. Each call
    /// removes one caller, so repeat it until it returns `None`.
    pub fn next_late(&mut self, now: Duration) -> Option<(Left, Why)> {
        self.look(now);
        if let Some((_, ticket)) = self.ends.first().copied().filter(|end| end.0 <= now) {
            let then = self.hurried.get(&ticket)?.then;
            return Some((self.leave(now, ticket)?, then));
        }
        let oldest = self.oldest().filter(|_| self.is_pressed)?;
        let is_late = now >= self.hurried.get(&oldest)?.since + self.rules.wait_target;
        is_late.then(|| self.leave(now, oldest)).flatten().map(|left| (left, Why::Full))
    }

    /// The hurried caller to serve next. Patient callers are served only when there is none.
    pub fn next_hurried(&self) -> Option<u64> {
        if self.is_pressed { self.hurried.keys().next_back().copied() } else { self.oldest() }
    }

    /// The oldest patient caller.
    pub fn next_patient(&self) -> Option<u64> {
        self.patient.keys().next().copied()
    }

    /// When the next caller will have waited too long, or the queue may become pressed.
    pub fn due(&self) -> Option<Duration> {
        let oldest = self.hurried.values().next()?;
        let pressed = match self.late_since {
            Some(late_since) if !self.is_pressed => late_since + self.rules.wait_interval,
            _ => oldest.since + self.rules.wait_target,
        };
        let end = self.ends.first().map_or(pressed, |end| end.0);
        Some(pressed.min(end))
    }

    fn oldest(&self) -> Option<u64> {
        self.hurried.keys().next().copied()
    }

    fn look(&mut self, now: Duration) {
        let Some(oldest) = self.hurried.values().next() else { return };
        let late_at = oldest.since + self.rules.wait_target;
        if now < late_at {
            self.late_since = None;
            return;
        }
        let late_since = *self.late_since.get_or_insert(late_at);
        self.is_pressed |= now >= late_since + self.rules.wait_interval;
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
    fn in_calm_times_the_oldest_is_served_first() {
        assert_eq!(joined(&[0, 1]).next_hurried(), Some(1));
    }

    #[test]
    fn under_pressure_the_newest_is_served_first_and_the_late_are_turned_away() {
        let mut queue = joined(&[0, 1, 104]);
        let late =
            |queue: &mut Queue| queue.next_late(ms(105)).map(|(left, why)| (left.ticket, why));
        assert_eq!(late(&mut queue), Some((1, Why::Full)));
        assert_eq!(late(&mut queue), Some((2, Why::Full)));
        assert_eq!(late(&mut queue), None, "the third is not late yet");
        queue.join(ms(105), 4, Some(ms(10_000)));
        assert_eq!((queue.is_pressed(), queue.next_hurried()), (true, Some(4)));
    }

    #[test]
    fn pressure_ends_when_nobody_waits() {
        let mut queue = joined(&[0]);
        while queue.next_late(ms(200)).is_some() {}
        assert!(!queue.is_pressed());
    }

    #[test]
    fn the_patient_wait_without_end() {
        let mut queue = Queue::new(RULES);
        queue.join(ms(0), 1, None);
        assert_eq!((queue.next_late(ms(1_000_000)), queue.due()), (None, None));
        assert_eq!((queue.next_hurried(), queue.next_patient()), (None, Some(1)));
    }

    #[test]
    fn a_deadline_that_passed_is_told_from_a_queue_that_is_too_long() {
        let mut queue = Queue::new(RULES);
        queue.join(ms(0), 1, Some(ms(3)));
        let (left, why) = queue.next_late(ms(3)).unwrap();
        assert_eq!((left, why), (Left { ticket: 1, waited: ms(3) }, Why::TooLate));
    }
}
