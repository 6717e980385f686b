//! Who waits before a gate, and who of them is let through next.
//!
//! Those in a hurry have a moment until which they wait. They are served in the order of their
//! coming as long as times are calm. Once the oldest has waited for longer than the target, and
//! so it has been for a whole interval, the queue is *pressed*: the newest are served first, and
//! whoever has waited for longer than the target is turned away, until nobody waits. So nobody in a
//! hurry ever waits for longer than target and interval together, and those who are served under
//! pressure are served in time (Facebook, "Fail at Scale", 2015: controlled delay and adaptive
//! LIFO). The patient wait behind everybody in a hurry, in the order of their coming.

use super::{rules::QueueRules, types::Why};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Everybody who waits, by ticket. Tickets grow.
#[derive(Clone, Debug)]
pub struct Queue {
    rules: QueueRules,
    hurried: BTreeMap<u64, Hurried>,
    /// Until when those in a hurry wait, soonest first.
    ends: BTreeSet<(Duration, u64)>,
    /// Since when each patient one waits.
    patient: BTreeMap<u64, Duration>,
    /// Since when the oldest in a hurry has always waited for longer than the target.
    late_since: Option<Duration>,
    is_pressed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Hurried {
    since: Duration,
    until: Duration,
    /// What it means when it has waited until then.
    then: Why,
}

/// Somebody who waits no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// The ticket.
    pub ticket: u64,
    /// For how long it was held.
    pub waited: Duration,
}

impl Queue {
    /// Nobody waits.
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

    /// Those who wait go on waiting as they were told; whoever comes waits by these rules.
    pub const fn turn(&mut self, rules: QueueRules) {
        self.rules = rules;
    }

    /// Nobody waits.
    pub fn is_empty(&self) -> bool {
        self.hurried.is_empty() && self.patient.is_empty()
    }

    /// How many wait in a hurry.
    pub fn hurried(&self) -> usize {
        self.hurried.len()
    }

    /// How many wait patiently.
    pub fn patient(&self) -> usize {
        self.patient.len()
    }

    /// Whether the newest are served first.
    pub const fn is_pressed(&self) -> bool {
        self.is_pressed
    }

    /// How long the longest has waited.
    pub fn longest(&self, now: Duration) -> Duration {
        let hurried = self.hurried.values().next().map(|hurried| hurried.since);
        let oldest = hurried.into_iter().chain(self.patient.values().next().copied()).min();
        now.saturating_sub(oldest.unwrap_or(now))
    }

    /// Whether one more in a hurry may wait. Under pressure the oldest makes room.
    pub fn has_room(&self) -> bool {
        self.is_pressed || self.hurried.len() < self.rules.calls_max
    }

    /// The latest moment at which somebody in a hurry who comes now can be let through.
    pub fn latest(&self, now: Duration) -> Duration {
        let QueueRules { waiting_max, wait_target, wait_interval, .. } = self.rules;
        let calm = if self.is_pressed { Duration::ZERO } else { wait_interval };
        now + waiting_max.min(wait_target + calm)
    }

    /// Somebody waits until this moment, or patiently; whoever has to make room for it leaves.
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

    /// Somebody waits no longer, if it did.
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

    /// Somebody who has waited for too long, and what that means. To be asked until nobody has.
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

    /// Whoever is to be let through next; the patient only when nobody is in a hurry.
    pub fn next_hurried(&self) -> Option<u64> {
        if self.is_pressed { self.hurried.keys().next_back().copied() } else { self.oldest() }
    }

    /// The first of the patient.
    pub fn next_patient(&self) -> Option<u64> {
        self.patient.keys().next().copied()
    }

    /// When somebody will have waited for too long, or the queue may have to be called pressed.
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
