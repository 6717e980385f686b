//! Property tests of the gate machine: a reference model checks random rules, actions and times.

#![expect(clippy::cast_precision_loss, reason = "there are a few hundred reports and probes")]

mod random;

use super::{
    breaker::RESERVED_FOR,
    decision::{Answer, Entry, Refusal},
    machine::Machine,
    rules::{BreakerRules, LimitRules, QueueRules, Rules, Span},
    types::{CallOutcome, RejectReason},
};
use proptest::{collection::vec, prelude::*};
use random::{Deed, deed, rules};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// The shortest time between two ticks of the gate driver in the model.
const STEP: Duration = Duration::from_millis(1);

/// A call under way, in the reference model.
#[derive(Clone, Copy)]
struct UnderWay {
    at: Duration,
    epoch: usize,
}

/// A reported call.
#[derive(Clone, Copy)]
struct Reported {
    at: Duration,
    began: Duration,
    failed: bool,
    slow: bool,
}

/// A waiting caller.
#[derive(Clone, Copy)]
struct Waiting {
    since: Duration,
    deadline: Option<Duration>,
}

/// A gate machine, and the reference model of its callers and breaker.
struct World {
    rules: Rules,
    machine: Machine,
    now: Duration,
    permits: BTreeMap<u64, UnderWay>,
    waiting: BTreeMap<u64, Waiting>,
    granted: u32,
    state: &'static str,
    epoch: usize,
    /// The calls reported in this epoch.
    reports: Vec<Reported>,
    /// Probes that have accrued since the trials began, minus the calls granted.
    drops: f64,
    /// The times of the probe reservations that no call has used yet.
    reserved: VecDeque<Duration>,
}

impl World {
    fn new(rules: Rules) -> Self {
        Self {
            machine: Machine::new(rules.clone(), Duration::ZERO),
            rules,
            now: Duration::ZERO,
            permits: BTreeMap::new(),
            waiting: BTreeMap::new(),
            granted: 0,
            state: "closed",
            epoch: 0,
            reports: Vec::new(),
            drops: 0.0,
            reserved: VecDeque::new(),
        }
    }

    fn act(&mut self, deed: &Deed) {
        let was_overloaded = self.machine.status(self.now).is_overloaded;
        match *deed {
            Deed::Enter => {
                if let Some(permit) = self.machine.enter(self.now) {
                    self.admit(permit);
                }
            }
            Deed::Reserve => self.reserve(),
            Deed::Wait(deadline_ms) => {
                let deadline = deadline_ms.map(|ms| self.now + Duration::from_millis(ms));
                match self.machine.wait(self.now, deadline) {
                    Entry::Granted(permit) => self.admit(permit),
                    Entry::Waits(ticket) => {
                        let waiting = Waiting { since: self.now, deadline };
                        assert!(self.waiting.insert(ticket, waiting).is_none(), "a ticket twice");
                    }
                    Entry::Refused(refusal) => {
                        let deadline = deadline.expect("a background caller was refused");
                        self.check_rate_refusal(refusal.why, deadline, was_overloaded);
                        self.check_refusal(refusal);
                    }
                }
            }
            Deed::Leave(which) => {
                if let Some(ticket) = nth(&self.waiting, which) {
                    self.waiting.remove(&ticket);
                    self.machine.leave(self.now, ticket);
                }
            }
            Deed::Report(which, failed) => {
                if let Some(permit) = nth(&self.permits, which) {
                    self.record(permit, failed);
                    let outcome = if failed { CallOutcome::Failed } else { CallOutcome::Succeeded };
                    self.machine.report(self.now, permit, outcome);
                }
            }
            Deed::GiveBack(which) => {
                if let Some(permit) = nth(&self.permits, which) {
                    self.permits.remove(&permit);
                    self.machine.give_back(self.now, permit);
                }
            }
            Deed::Pass(ms) => return self.pass(Duration::from_millis(ms)),
        }
        self.inspect(was_overloaded);
    }

    /// Asks the machine whether a caller may start, and models the reservation of a probe.
    fn reserve(&mut self) {
        let expected_refusal = self.machine.reserve(self.now);
        self.check_transitions();
        assert!(self.state != "open" || expected_refusal.is_some(), "a reservation while open");
        if let Some(refusal) = expected_refusal {
            self.check_refusal(refusal);
        } else if self.state == "half-open" {
            self.drop_old_reservations();
            self.reserved.push_back(self.now);
            assert!(self.reserved.len() as f64 <= self.drops + 0.01, "more reserved than probes");
        }
    }

    fn drop_old_reservations(&mut self) {
        self.reserved.retain(|since| *since + RESERVED_FOR > self.now);
    }

    /// Advances the time as the gate driver does: from one due time to the next, up to the end.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            let was_overloaded = self.machine.status(self.now).is_overloaded;
            let due = self.machine.due().map_or(end, |due| due.max(self.now + STEP));
            let expires = self.permits.values().map(|permit| permit.at + self.rules.permit).min();
            let before = self.now;
            self.now = due.min(expires.unwrap_or(end)).min(end);
            self.refill(self.now.saturating_sub(before));
            let is_over = |permit: &UnderWay| permit.at + self.rules.permit <= self.now;
            let over: Vec<_> = self.permits.iter().filter(|(_, permit)| is_over(permit)).collect();
            for permit in over.into_iter().map(|(number, _)| *number).collect::<Vec<_>>() {
                self.record(permit, true);
            }
            self.machine.tick(self.now);
            self.inspect(was_overloaded);
        }
    }

    /// Adds the probes that accrue in this time. The rate doubles with each trial that succeeds.
    fn refill(&mut self, time: Duration) {
        let is_well = |report: &&Reported| !report.failed && !report.slow;
        let well = self.reports.iter().filter(is_well).count();
        let per_s = self.rules.breaker.map_or(0.0, |breaker| breaker.probes_per_s);
        let doubled = per_s * 2.0_f64.powi(i32::try_from(well).unwrap());
        self.drops += time.as_secs_f64() * doubled;
    }

    fn record(&mut self, permit: u64, failed: bool) {
        let under_way = self.permits.remove(&permit).unwrap();
        if let Some(breaker) = self.rules.breaker.filter(|_| under_way.epoch == self.epoch) {
            let slow = self.now.saturating_sub(under_way.at) >= breaker.slow_call;
            self.reports.push(Reported { at: self.now, began: under_way.at, failed, slow });
        }
    }

    fn admit(&mut self, permit: u64) {
        let under_way = UnderWay { at: self.now, epoch: self.epoch };
        assert!(self.permits.insert(permit, under_way).is_none(), "a permit twice");
        self.granted += 1;
        self.drops -= 1.0;
        self.drop_old_reservations();
        self.reserved.pop_front();
        assert!(self.state != "open", "admitted while open");
        assert!(self.state == "closed" || self.drops > -0.01, "no probe was left");
    }

    fn check_refusal(&self, Refusal { why, after }: Refusal) {
        assert!(after <= self.rules.retry_after_max);
        assert!(why != RejectReason::TooMany || self.rules.rate.is_some());
        assert!(why != RejectReason::Open || self.rules.breaker.is_some());
    }

    /// Checks that a caller refused for the rate alone could not have been served in time.
    fn check_rate_refusal(&self, why: RejectReason, deadline: Duration, is_overloaded: bool) {
        let (RejectReason::TooMany, Some(rate)) = (why, self.rules.rate) else { return };
        let QueueRules { calls_max, waiting_max, wait_target, wait_interval } = self.rules.queue;
        let grace = if is_overloaded { Duration::ZERO } else { wait_interval };
        let longest = waiting_max.min(wait_target + grace).min(deadline.saturating_sub(self.now));
        let urgent = self.waiting.values().filter(|waiting| waiting.deadline.is_some()).count();
        let (tokens, _) = self.machine.tokens().expect("there is a rate");
        let served = tokens + rate.per_s * longest.as_secs_f64();
        assert!(urgent >= calls_max || served < urgent as f64 + 1.01, "{served} can be served");
    }

    /// Checks the invariants that hold after every action.
    fn inspect(&mut self, was_overloaded: bool) {
        self.check_transitions();
        let is_overloaded = self.machine.status(self.now).is_overloaded;
        for answer in self.machine.take_answers() {
            self.check_answer(answer, (was_overloaded == is_overloaded).then_some(is_overloaded));
        }
        self.check_limits();
        self.check_waits(is_overloaded);
    }

    fn check_answer(&mut self, Answer { ticket, granted }: Answer, is_overloaded: Option<bool>) {
        let waiting = self.waiting.remove(&ticket).expect("a waiting caller is answered once");
        match granted {
            Err(refusal) => {
                let deadline = waiting.deadline.expect("a background caller was refused");
                assert!(refusal.why != RejectReason::TooLate || deadline <= self.now);
                self.check_refusal(refusal);
            }
            Ok(permit) => {
                let mut alike = self
                    .waiting
                    .iter()
                    .filter(|(_, other)| other.deadline.is_some() == waiting.deadline.is_some());
                let is_oldest = alike.clone().all(|(other, _)| *other > ticket);
                match is_overloaded.filter(|_| waiting.deadline.is_some()) {
                    Some(true) => assert!(alike.all(|(other, _)| *other < ticket), "newest first"),
                    Some(false) => assert!(is_oldest, "oldest first"),
                    None => assert!(waiting.deadline.is_some() || is_oldest, "oldest first"),
                }
                let urgent_waits = || self.waiting.values().any(|other| other.deadline.is_some());
                assert!(waiting.deadline.is_some() || !urgent_waits(), "urgent callers first");
                self.admit(permit);
            }
        }
    }

    fn check_limits(&mut self) {
        let status = self.machine.status(self.now);
        assert_eq!(status.under_way, self.permits.len());
        match self.rules.limit {
            LimitRules::Unlimited => assert_eq!(status.limit, None),
            LimitRules::Fixed(max) => assert!(status.under_way <= max),
            LimitRules::Adaptive { min, max } => {
                assert!(status.under_way <= max);
                assert!((min..=max).contains(&status.limit.unwrap()));
            }
        }
        if let (Some(rate), Some((tokens, burst))) = (self.rules.rate, self.machine.tokens()) {
            assert!(tokens <= burst && tokens > -0.001, "{tokens} tokens");
            let most = rate.burst + rate.per_s * self.now.as_secs_f64();
            assert!(f64::from(self.granted) <= most + 0.01, "{} of {most}", self.granted);
        }
    }

    fn check_waits(&self, is_overloaded: bool) {
        let QueueRules { calls_max, waiting_max, wait_target, wait_interval } = self.rules.queue;
        let urgent = || self.waiting.values().filter(|waiting| waiting.deadline.is_some());
        assert!(urgent().count() <= calls_max);
        assert!(!is_overloaded || urgent().count() > 0, "overloaded without urgent callers");
        for waiting in urgent() {
            let waited = self.now.saturating_sub(waiting.since);
            assert!(self.now <= waiting.deadline.unwrap() + STEP, "waits beyond its deadline");
            assert!(waited <= waiting_max + STEP, "waits for too long");
            assert!(waited <= wait_target + wait_interval + STEP * 2, "waited {waited:?}");
            assert!(
                !is_overloaded || waited <= wait_target + STEP,
                "waited {waited:?} in an overloaded queue"
            );
        }
    }

    /// Checks each transition, and the absence of one, against the reference model.
    fn check_transitions(&mut self) {
        let transitions = self.machine.take_transitions();
        let has_cause = self.has_cause();
        assert!(!has_cause || !transitions.is_empty(), "a cause without a transition");
        for transition in transitions {
            let is_expected = match (self.state, transition.to) {
                ("closed", "open") | ("half-open", "open" | "closed") => has_cause,
                ("open", "half-open") => true,
                _ => false,
            };
            assert!(is_expected, "from {} to {}: {}", self.state, transition.to, transition.reason);
            if let Some(breaker) = self.rules.breaker.filter(|_| transition.to == "closed") {
                assert!(self.reports.len() >= breaker.trial_calls as usize, "too few trials");
            }
            self.state = transition.to;
            self.epoch += 1;
            self.reports.clear();
            self.drops = 1.0;
            self.reserved.clear();
        }
        assert_eq!(self.machine.status(self.now).state, self.state);
    }

    /// Whether the reports of this epoch, up to any one of them, are a cause to open or close.
    fn has_cause(&self) -> bool {
        let Some(rules) = self.rules.breaker else { return false };
        (1..=self.reports.len()).any(|end| {
            let (known, last) = (&self.reports[..end], self.reports[end - 1].at);
            if self.state == "half-open" {
                return Self::is_decided(&rules, known);
            }
            let is_seen = |(age, report): &(usize, &Reported)| match rules.span {
                Span::Calls(calls) => *age < calls as usize,
                Span::Seconds(seconds) => report.at.as_secs() + u64::from(seconds) > last.as_secs(),
            };
            let seen: Vec<_> = known.iter().rev().enumerate().filter(is_seen).collect();
            let in_a_row = Self::in_a_row(known);
            let share =
                |count: usize, rate: f64| count > 0 && count as f64 >= rate * seen.len() as f64;
            rules.consecutive_failures.is_some_and(|most| in_a_row >= most as usize)
                || seen.len() >= rules.minimum_calls as usize
                    && (share(seen.iter().filter(|(_, r)| r.failed).count(), rules.failure_rate)
                        || share(seen.iter().filter(|(_, r)| r.slow).count(), rules.slow_call_rate))
        })
    }

    /// Failures since the last success. Calls under way when the first one failed count once.
    fn in_a_row(known: &[Reported]) -> usize {
        let fine = known.iter().rposition(|report| !report.failed).map_or(0, |last| last + 1);
        let Some((first, others)) = known[fine..].split_first() else { return 0 };
        1 + others.iter().filter(|report| report.began >= first.at).count()
    }

    fn is_decided(rules: &BreakerRules, trials: &[Reported]) -> bool {
        let wanted = f64::from(rules.trial_calls);
        let share = |count: usize, rate: f64| count > 0 && count as f64 >= rate * wanted;
        trials.len() >= rules.trial_calls as usize
            || share(trials.iter().filter(|trial| trial.failed).count(), rules.failure_rate)
            || share(trials.iter().filter(|trial| trial.slow).count(), rules.slow_call_rate)
    }

    /// Lets every call succeed, with a steady supply of callers, until the gate is closed.
    fn recover(&mut self) {
        // The generated rules keep the gate open for two seconds at most. A few trials decide. The
        // rules allow at least one trial and one call per second.
        for _ in 0..2_000 {
            self.act(&Deed::Enter);
            while !self.permits.is_empty() {
                self.act(&Deed::Report(0, false));
            }
            self.act(&Deed::Pass(20));
            if self.state == "closed" && self.waiting.is_empty() {
                return;
            }
        }
        panic!("still {} after 40 s, and {} wait", self.state, self.waiting.len());
    }
}

fn nth<T>(map: &BTreeMap<u64, T>, which: usize) -> Option<u64> {
    map.keys().nth(which % map.len().max(1)).copied()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_gate_keeps_its_invariants_in_every_run(rules in rules(), deeds in vec(deed(), 1..120)) {
        let mut world = World::new(rules);
        for deed in deeds {
            world.act(&deed);
        }
        world.recover();
    }
}
