//! The gate as a pure state machine: no clock, no randomness, no waiting. Each call passes in the
//! time since a fixed start, and results come out as values.

use super::{
    breaker::{Breaker, Turn},
    concurrency_limit::Limit,
    decision::{Answer, Counts, Entry, Refusal, Standing},
    retry_schedule::Returning,
    rules::{RateRules, Rules},
    token_bucket::Bucket,
    types::{Outcome, Why},
    wait_queue::{Left, Queue},
};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// How many recent waits are kept for the percentiles.
const WAITS_MAX: usize = 256;

/// The state machine of a gate.
#[derive(Clone, Debug)]
pub struct Machine {
    rules: Rules,
    bucket: Option<Bucket>,
    limit: Limit,
    breaker: Option<Breaker>,
    queue: Queue,
    /// Permits that were granted and not yet reported, by number. Numbers grow with time.
    permits: BTreeMap<u64, Granted>,
    /// The last number used: permits and tickets share one sequence.
    numbers: u64,
    now: Duration,
    answers: Vec<Answer>,
    returning: Returning,
    waits: VecDeque<Duration>,
    counts: Counts,
}

#[derive(Clone, Copy, Debug)]
struct Granted {
    at: Duration,
    era: u64,
}

impl Machine {
    /// Creates a closed gate without callers.
    pub fn new(rules: Rules, now: Duration) -> Self {
        Self {
            bucket: rules.rate.map(|rate| Bucket::new(rate.per_s, rate.burst, rate.burst, now)),
            limit: Limit::new(rules.limit),
            breaker: rules.breaker.map(Breaker::new),
            queue: Queue::new(rules.queue),
            permits: BTreeMap::new(),
            numbers: 0,
            now,
            answers: Vec::new(),
            returning: Returning::default(),
            waits: VecDeque::new(),
            counts: Counts::default(),
            rules,
        }
    }

    /// Replaces the rules. Calls under way and waiting callers are kept. Each component whose rules
    /// stay the same keeps its state.
    pub fn change(&mut self, rules: Rules, now: Duration) {
        if rules.rate != self.rules.rate {
            let bucket = |rate: RateRules| Bucket::new(rate.per_s, rate.burst, rate.burst, now);
            self.bucket = rules.rate.map(bucket);
        }
        if rules.limit != self.rules.limit {
            self.limit = Limit::new(rules.limit);
        }
        match (&mut self.breaker, rules.breaker) {
            (Some(breaker), Some(rules)) => breaker.change(rules),
            (breaker, rules) => *breaker = rules.map(Breaker::new),
        }
        self.queue.turn(rules.queue);
        self.rules = rules;
        self.advance(now);
        self.settle();
    }

    /// Grants a permit at once if there is room. A caller that gets none is not counted as refused.
    pub fn enter(&mut self, now: Duration) -> Option<u64> {
        self.advance(now);
        self.obstacle(false).is_none().then(|| self.grant())
    }

    /// The refusal that a caller with a deadline would get now without waiting. The caller was
    /// refused before, so it is not counted again; it only gets a moment to retry.
    pub fn peek(&mut self, now: Duration) -> Option<Refusal> {
        let why = self.foreseen(now)?;
        Some(Refusal { why, after: self.moment(why) })
    }

    /// Refuses a caller with a deadline that is about to start and would be refused on arrival.
    /// While half-open, each caller that may start reserves a probe. So no more callers start than
    /// there are probes.
    pub fn foresee(&mut self, now: Duration) -> Option<Refusal> {
        let why = self.foreseen(now).or_else(|| {
            let is_promised = self.breaker.as_mut().is_none_or(|breaker| breaker.promise(now));
            (!is_promised).then_some(Why::Open)
        })?;
        Some(self.refuse(why))
    }

    fn foreseen(&mut self, now: Duration) -> Option<Why> {
        self.advance(now);
        self.obstacle(false).filter(|why| !self.may_wait(*why, None))
    }

    /// Refuses a caller as `Full` although the gate may have room: there is none behind the gate.
    pub fn turn_back(&mut self, now: Duration) -> Refusal {
        self.advance(now);
        self.refuse(Why::Full)
    }

    /// Grants a permit, refuses the caller, or queues it until `deadline`. A caller without a
    /// deadline is never refused, and waits without a bound.
    pub fn wait(&mut self, now: Duration, deadline: Option<Duration>) -> Entry {
        self.advance(now);
        let Some(why) = self.obstacle(deadline.is_none()) else {
            return Entry::Granted(self.grant());
        };
        let refused = match deadline {
            None => None,
            Some(_) if !self.may_wait(why, deadline) => Some(why),
            Some(deadline) => (deadline <= self.now).then_some(Why::TooLate),
        };
        if let Some(why) = refused {
            return Entry::Refused(self.refuse(why));
        }
        self.numbers += 1;
        let ticket = self.numbers;
        if let Some(pushed_out) = self.queue.join(self.now, ticket, deadline) {
            self.turn_away(pushed_out, Why::Full);
        }
        Entry::Waits(ticket)
    }

    /// Removes the caller with this ticket from the wait queue, if it still waits.
    pub fn leave(&mut self, now: Duration, ticket: u64) {
        self.queue.leave(self.now, ticket);
        self.advance(now);
    }

    /// Takes in the outcome of a permit. A second report of the same permit is ignored.
    pub fn report(&mut self, now: Duration, permit: u64, outcome: Outcome) {
        self.now = self.now.max(now);
        self.hear(permit, outcome == Outcome::Failed);
        self.advance(now);
    }

    /// Frees the place of a permit without counting an outcome.
    pub fn give_back(&mut self, now: Duration, permit: u64) {
        self.permits.remove(&permit);
        self.advance(now);
    }

    /// Advances the time: expires permits and waits, and grants permits to waiting callers.
    pub fn tick(&mut self, now: Duration) {
        self.now = self.now.max(now);
        while let Some((permit, granted)) = self.permits.first_key_value() {
            if granted.at + self.rules.permit > self.now {
                break;
            }
            let permit = *permit;
            self.counts.timed_out += 1;
            self.hear(permit, true);
        }
        if let Some(breaker) = &mut self.breaker {
            breaker.slide(self.now);
        }
        self.advance(now);
    }

    /// When the next waiting caller may be granted or refused; `None` when no caller waits.
    pub fn due(&self) -> Option<Duration> {
        if self.queue.is_empty() {
            return None;
        }
        let is_patient = self.queue.hurried() == 0;
        let passes = match (&self.breaker, &self.bucket) {
            (Some(breaker), _) if !breaker.lets_through(is_patient) => {
                Some(breaker.due(self.now, is_patient))
            }
            // A place becomes free with a report, or when a tick expires the permit.
            _ if !self.limit.has_room(self.permits.len()) => None,
            (_, Some(bucket)) => Some(self.now + bucket.until(1.0)),
            (_, None) => Some(self.now),
        };
        passes.into_iter().chain(self.queue.due()).min()
    }

    /// Whether there are answers or transitions to take.
    pub fn has_news(&self) -> bool {
        !self.answers.is_empty() || self.breaker.as_ref().is_some_and(Breaker::has_turned)
    }

    /// Takes the answers to waiting callers since the last call.
    pub fn take_answers(&mut self) -> Vec<Answer> {
        std::mem::take(&mut self.answers)
    }

    /// Takes the transitions since the last call.
    pub fn take_turns(&mut self) -> Vec<Turn> {
        self.breaker.as_mut().map(Breaker::take_turns).unwrap_or_default()
    }

    /// The tokens in the rate bucket, and its capacity.
    #[cfg(test)]
    pub fn tokens(&self) -> Option<(f64, f64)> {
        self.bucket.as_ref().map(Bucket::level)
    }

    /// Ticks the machine and returns a snapshot of it.
    pub fn standing(&mut self, now: Duration) -> Standing {
        self.tick(now);
        let mut waits: Vec<_> = self.waits.iter().copied().collect();
        waits.sort_unstable();
        Standing {
            state: self.breaker.as_ref().map_or("closed", Breaker::name),
            tally: self.breaker.as_ref().map(Breaker::tally).unwrap_or_default(),
            waiting: (self.queue.hurried(), self.queue.patient()),
            is_pressed: self.queue.is_pressed(),
            longest: self.queue.longest(self.now),
            waits,
            limit: self.limit.calls(),
            under_way: self.permits.len(),
            counts: self.counts,
        }
    }

    /// The counters since the start of the gate.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Continues counting from these counters, which a replaced machine left.
    pub const fn count_on(&mut self, counts: Counts) {
        self.counts = counts;
    }

    /// Advances the time to `now`; the time never goes back.
    fn advance(&mut self, now: Duration) {
        self.now = self.now.max(now);
        if let Some(breaker) = &mut self.breaker {
            breaker.advance(self.now);
        }
        if let Some(bucket) = &mut self.bucket {
            bucket.fill(self.now);
        }
        if !self.queue.is_empty() {
            self.settle();
        }
    }

    /// Grants or refuses every waiting caller that is due.
    fn settle(&mut self) {
        loop {
            while let Some((late, why)) = self.queue.next_late(self.now) {
                self.turn_away(late, why);
            }
            let is_open = self.breaker.as_ref().is_some_and(Breaker::is_open);
            let Some((ticket, is_patient)) = self.next() else { return };
            if is_open && !is_patient {
                if let Some(left) = self.queue.leave(self.now, ticket) {
                    self.turn_away(left, Why::Open);
                }
                continue;
            }
            if self.obstacle(is_patient).is_some() {
                return;
            }
            if let Some(left) = self.queue.leave(self.now, ticket) {
                self.let_in(left);
            }
        }
    }

    fn next(&self) -> Option<(u64, bool)> {
        let hurried = self.queue.next_hurried().map(|ticket| (ticket, false));
        hurried.or_else(|| self.queue.next_patient().map(|ticket| (ticket, true)))
    }

    fn let_in(&mut self, left: Left) {
        if self.waits.len() == WAITS_MAX {
            self.waits.pop_front();
        }
        self.waits.push_back(left.waited);
        let granted = Ok(self.grant());
        self.answers.push(Answer { ticket: left.ticket, granted });
    }

    fn turn_away(&mut self, left: Left, why: Why) {
        // A caller that only the rate kept waiting is refused as `TooMany`, not as `TooLate`.
        let is_rate = why == Why::TooLate && self.obstacle(false) == Some(Why::TooMany);
        let why = if is_rate { Why::TooMany } else { why };
        let granted = Err(self.refuse(why));
        self.answers.push(Answer { ticket: left.ticket, granted });
    }

    /// The reason why a caller cannot get a permit now, if there is one.
    fn obstacle(&self, is_patient: bool) -> Option<Why> {
        if self.breaker.as_ref().is_some_and(|breaker| !breaker.lets_through(is_patient)) {
            return Some(Why::Open);
        }
        if !self.limit.has_room(self.permits.len()) {
            return Some(Why::Full);
        }
        self.bucket.as_ref().is_some_and(|bucket| !bucket.has(1.0)).then_some(Why::TooMany)
    }

    /// Whether a caller with a deadline may wait for this obstacle to pass. A caller that the rate
    /// cannot serve in time, after those already waiting, is refused at once.
    fn may_wait(&self, why: Why, deadline: Option<Duration>) -> bool {
        let is_in_time = |bucket: &Bucket| {
            let latest = deadline.unwrap_or(Duration::MAX).min(self.queue.latest(self.now));
            self.now + bucket.until(tokens(self.queue.hurried() + 1)) <= latest
        };
        match why {
            Why::Open => false,
            Why::TooMany => self.queue.has_room() && self.bucket.as_ref().is_none_or(is_in_time),
            Why::Full | Why::TooLate => self.queue.has_room(),
        }
    }

    fn grant(&mut self) -> u64 {
        let mut era = 0;
        if let Some(breaker) = &mut self.breaker {
            breaker.let_through();
            era = breaker.era();
        }
        if let Some(bucket) = &mut self.bucket {
            bucket.take();
        }
        self.numbers += 1;
        self.permits.insert(self.numbers, Granted { at: self.now, era });
        self.returning.let_through(self.now);
        self.counts.let_through += 1;
        self.numbers
    }

    fn refuse(&mut self, why: Why) -> Refusal {
        self.counts.turned_away[why as usize] += 1;
        Refusal { why, after: self.moment(why) }
    }

    fn moment(&mut self, why: Why) -> Duration {
        let earliest = match (why, &self.breaker, &self.bucket) {
            (Why::Open, Some(breaker), _) => breaker.due(self.now, false).saturating_sub(self.now),
            (Why::TooMany, _, Some(bucket)) => bucket.until(1.0),
            _ => Duration::ZERO,
        };
        let longest = self.rules.retry_after_max;
        self.returning.tell(self.now, earliest, self.queue.hurried(), longest)
    }

    fn hear(&mut self, permit: u64, failed: bool) {
        let under_way = self.permits.len();
        let Some(granted) = self.permits.remove(&permit) else { return };
        let took = self.now.saturating_sub(granted.at);
        self.limit.hear(took, under_way, failed);
        if let Some(breaker) = &mut self.breaker {
            breaker.hear(self.now, granted.era, failed, took);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "of those who wait")]
const fn tokens(calls: usize) -> f64 {
    calls as f64
}
