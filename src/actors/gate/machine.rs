//! The gate as a pure state machine: it has no clock and no randomness, and does not wait.
//!
//! Each call passes in the time since a fixed start. The results are values.

use super::{
    breaker::{Breaker, Transition},
    concurrency_limit::Limit,
    decision::{Answer, Counts, Entry, MachineStatus, Refusal},
    retry_schedule::RetrySchedule,
    rules::{RateRules, Rules},
    token_bucket::TokenBucket,
    types::{CallOutcome, RejectReason},
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
    bucket: Option<TokenBucket>,
    limit: Limit,
    breaker: Option<Breaker>,
    queue: Queue,
    /// Permits that were granted and not yet reported, by number. Numbers grow with time.
    permits: BTreeMap<u64, Granted>,
    /// The last number used. Permits and tickets share one sequence.
    numbers: u64,
    now: Duration,
    answers: Vec<Answer>,
    retry_schedule: RetrySchedule,
    waits: VecDeque<Duration>,
    counts: Counts,
}

#[derive(Clone, Copy, Debug)]
struct Granted {
    at: Duration,
    epoch: u64,
}

impl Machine {
    /// Creates a closed gate without callers.
    pub fn new(rules: Rules, now: Duration) -> Self {
        Self {
            bucket: rules
                .rate
                .map(|rate| TokenBucket::new(rate.per_s, rate.burst, rate.burst, now)),
            limit: Limit::new(rules.limit),
            breaker: rules.breaker.map(Breaker::new),
            queue: Queue::new(rules.queue),
            permits: BTreeMap::new(),
            numbers: 0,
            now,
            answers: Vec::new(),
            retry_schedule: RetrySchedule::default(),
            waits: VecDeque::new(),
            counts: Counts::default(),
            rules,
        }
    }

    /// Replaces the rules. Calls under way and waiting callers are kept. The rate limit, the
    /// concurrency limit and the breaker each keep their state while their rules stay the same.
    pub fn change(&mut self, rules: Rules, now: Duration) {
        if rules.rate != self.rules.rate {
            let bucket =
                |rate: RateRules| TokenBucket::new(rate.per_s, rate.burst, rate.burst, now);
            self.bucket = rules.rate.map(bucket);
        }
        if rules.limit != self.rules.limit {
            self.limit = Limit::new(rules.limit);
        }
        match (&mut self.breaker, rules.breaker) {
            (Some(breaker), Some(rules)) => breaker.change(rules),
            (breaker, rules) => *breaker = rules.map(Breaker::new),
        }
        self.queue.reconfigure(rules.queue);
        self.rules = rules;
        self.advance(now);
        self.settle();
    }

    /// Grants a permit at once if the gate has capacity. A caller that gets no permit is not
    /// counted as refused.
    pub fn enter(&mut self, now: Duration) -> Option<u64> {
        self.advance(now);
        self.obstacle(false).is_none().then(|| self.grant())
    }

    /// The refusal that an urgent caller would get now without waiting. The caller was refused
    /// before, so it is not counted again. It only gets a retry time.
    pub fn peek(&mut self, now: Duration) -> Option<Refusal> {
        let why = self.expected_refusal(now)?;
        Some(Refusal { why, after: self.moment(why) })
    }

    /// Refuses an urgent caller that is about to start and would be refused on arrival. While
    /// half-open, each caller that may start reserves a probe. So no more callers start than there
    /// are probes.
    pub fn reserve(&mut self, now: Duration) -> Option<Refusal> {
        let why = self.expected_refusal(now).or_else(|| {
            let is_reserved =
                self.breaker.as_mut().is_none_or(|breaker| breaker.reserve_probe(now));
            (!is_reserved).then_some(RejectReason::Open)
        })?;
        Some(self.refuse(why))
    }

    fn expected_refusal(&mut self, now: Duration) -> Option<RejectReason> {
        self.advance(now);
        self.obstacle(false).filter(|why| !self.may_wait(*why, None))
    }

    /// Refuses a caller as `Full`, because the part behind the gate has no capacity. The gate may
    /// have capacity.
    pub fn refuse_full(&mut self, now: Duration) -> Refusal {
        self.advance(now);
        self.refuse(RejectReason::Full)
    }

    /// Grants a permit, refuses the caller, or queues it until `deadline`. A background caller has
    /// no deadline. It is never refused, and waits without a bound.
    pub fn wait(&mut self, now: Duration, deadline: Option<Duration>) -> Entry {
        self.advance(now);
        let Some(why) = self.obstacle(deadline.is_none()) else {
            return Entry::Granted(self.grant());
        };
        let refused = match deadline {
            None => None,
            Some(_) if !self.may_wait(why, deadline) => Some(why),
            Some(deadline) => (deadline <= self.now).then_some(RejectReason::TooLate),
        };
        if let Some(why) = refused {
            return Entry::Refused(self.refuse(why));
        }
        self.numbers += 1;
        let ticket = self.numbers;
        if let Some(pushed_out) = self.queue.join(self.now, ticket, deadline) {
            self.reject(pushed_out, RejectReason::Full);
        }
        Entry::Waits(ticket)
    }

    /// Removes the caller with this ticket from the wait queue, if it still waits.
    pub fn leave(&mut self, now: Duration, ticket: u64) {
        self.queue.leave(self.now, ticket);
        self.advance(now);
    }

    /// Records the outcome of a permit. A second report of the same permit is ignored.
    pub fn report(&mut self, now: Duration, permit: u64, outcome: CallOutcome) {
        self.now = self.now.max(now);
        self.record(permit, outcome == CallOutcome::Failed);
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
            self.record(permit, true);
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
        let is_background = self.queue.urgent() == 0;
        let passes = match (&self.breaker, &self.bucket) {
            (Some(breaker), _) if !breaker.lets_through(is_background) => {
                Some(breaker.due(self.now, is_background))
            }
            // A report frees a place, and so does a tick that expires a permit.
            _ if !self.limit.has_capacity(self.permits.len()) => None,
            (_, Some(bucket)) => Some(self.now + bucket.until(1.0)),
            (_, None) => Some(self.now),
        };
        passes.into_iter().chain(self.queue.due()).min()
    }

    /// Whether there are answers or transitions to take.
    pub fn has_news(&self) -> bool {
        !self.answers.is_empty() || self.breaker.as_ref().is_some_and(Breaker::has_transitions)
    }

    /// Takes the answers to waiting callers since the last call.
    pub fn take_answers(&mut self) -> Vec<Answer> {
        std::mem::take(&mut self.answers)
    }

    /// Takes the transitions since the last call.
    pub fn take_transitions(&mut self) -> Vec<Transition> {
        self.breaker.as_mut().map(Breaker::take_transitions).unwrap_or_default()
    }

    /// The tokens in the rate bucket, and its capacity.
    #[cfg(test)]
    pub fn tokens(&self) -> Option<(f64, f64)> {
        self.bucket.as_ref().map(TokenBucket::level)
    }

    /// Ticks the machine and returns a snapshot of it.
    pub fn status(&mut self, now: Duration) -> MachineStatus {
        self.tick(now);
        let mut waits: Vec<_> = self.waits.iter().copied().collect();
        waits.sort_unstable();
        MachineStatus {
            state: self.breaker.as_ref().map_or("closed", Breaker::name),
            counts_in_window: self
                .breaker
                .as_ref()
                .map(Breaker::counts_in_window)
                .unwrap_or_default(),
            waiting: (self.queue.urgent(), self.queue.background()),
            is_overloaded: self.queue.is_overloaded(),
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

    /// Continues to count from the counters of a replaced machine.
    pub const fn count_on(&mut self, counts: Counts) {
        self.counts = counts;
    }

    /// Advances the time to `now`. The time never goes back.
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
                self.reject(late, why);
            }
            let is_open = self.breaker.as_ref().is_some_and(Breaker::is_open);
            let Some((ticket, is_background)) = self.next() else { return };
            if is_open && !is_background {
                if let Some(left) = self.queue.leave(self.now, ticket) {
                    self.reject(left, RejectReason::Open);
                }
                continue;
            }
            if self.obstacle(is_background).is_some() {
                return;
            }
            if let Some(left) = self.queue.leave(self.now, ticket) {
                self.admit(left);
            }
        }
    }

    fn next(&self) -> Option<(u64, bool)> {
        let urgent = self.queue.next_urgent().map(|ticket| (ticket, false));
        urgent.or_else(|| self.queue.next_background().map(|ticket| (ticket, true)))
    }

    fn admit(&mut self, left: Left) {
        if self.waits.len() == WAITS_MAX {
            self.waits.pop_front();
        }
        self.waits.push_back(left.waited);
        let granted = Ok(self.grant());
        self.answers.push(Answer { ticket: left.ticket, granted });
    }

    fn reject(&mut self, left: Left, why: RejectReason) {
        // A caller that waited only for the rate is refused as `TooMany`, not as `TooLate`.
        let is_rate =
            why == RejectReason::TooLate && self.obstacle(false) == Some(RejectReason::TooMany);
        let why = if is_rate { RejectReason::TooMany } else { why };
        let granted = Err(self.refuse(why));
        self.answers.push(Answer { ticket: left.ticket, granted });
    }

    /// The reason why a caller cannot get a permit now, if there is a reason.
    fn obstacle(&self, is_background: bool) -> Option<RejectReason> {
        if self.breaker.as_ref().is_some_and(|breaker| !breaker.lets_through(is_background)) {
            return Some(RejectReason::Open);
        }
        if !self.limit.has_capacity(self.permits.len()) {
            return Some(RejectReason::Full);
        }
        self.bucket.as_ref().is_some_and(|bucket| !bucket.has(1.0)).then_some(RejectReason::TooMany)
    }

    /// Whether an urgent caller may wait until this obstacle is gone. The callers that already wait
    /// are served first. A caller that the rate cannot serve in time after them is refused at once.
    fn may_wait(&self, why: RejectReason, deadline: Option<Duration>) -> bool {
        let is_in_time = |bucket: &TokenBucket| {
            let latest = deadline.unwrap_or(Duration::MAX).min(self.queue.latest(self.now));
            self.now + bucket.until(tokens(self.queue.urgent() + 1)) <= latest
        };
        match why {
            RejectReason::Open => false,
            RejectReason::TooMany => {
                self.queue.has_capacity() && self.bucket.as_ref().is_none_or(is_in_time)
            }
            RejectReason::Full | RejectReason::TooLate => self.queue.has_capacity(),
        }
    }

    fn grant(&mut self) -> u64 {
        let mut epoch = 0;
        if let Some(breaker) = &mut self.breaker {
            breaker.let_through();
            epoch = breaker.epoch();
        }
        if let Some(bucket) = &mut self.bucket {
            bucket.take();
        }
        self.numbers += 1;
        self.permits.insert(self.numbers, Granted { at: self.now, epoch });
        self.retry_schedule.let_through(self.now);
        self.counts.let_through += 1;
        self.numbers
    }

    fn refuse(&mut self, why: RejectReason) -> Refusal {
        self.counts.rejected[why as usize] += 1;
        Refusal { why, after: self.moment(why) }
    }

    fn moment(&mut self, why: RejectReason) -> Duration {
        let earliest = match (why, &self.breaker, &self.bucket) {
            (RejectReason::Open, Some(breaker), _) => {
                breaker.due(self.now, false).saturating_sub(self.now)
            }
            (RejectReason::TooMany, _, Some(bucket)) => bucket.until(1.0),
            _ => Duration::ZERO,
        };
        let longest = self.rules.retry_after_max;
        self.retry_schedule.tell(self.now, earliest, self.queue.urgent(), longest)
    }

    fn record(&mut self, permit: u64, failed: bool) {
        let under_way = self.permits.len();
        let Some(granted) = self.permits.remove(&permit) else { return };
        let took = self.now.saturating_sub(granted.at);
        self.limit.record(took, under_way, failed);
        if let Some(breaker) = &mut self.breaker {
            breaker.record(self.now, granted.epoch, failed, took);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "waiting callers are few")]
const fn tokens(calls: usize) -> f64 {
    calls as f64
}
