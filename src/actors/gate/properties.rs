//! Property tests of the gate machine: random rules, actions and times, in any order, checked
//! against a reference model.

#![expect(clippy::cast_precision_loss, reason = "of a few hundred reports and promises")]

mod random;

use super::{
    breaker::PROMISED_FOR,
    decision::{Answer, Entry, Refusal},
    machine::Machine,
    rules::{BreakerRules, LimitRules, QueueRules, Rules, Span},
    types::{Outcome, Why},
};
use proptest::{collection::vec, prelude::*};
use random::{Deed, deed, rules};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// The resolution of the model's gate driver: the shortest time between two ticks.
const STEP: Duration = Duration::from_millis(1);

/// A call under way, in the reference model.
#[derive(Clone, Copy)]
struct UnderWay {
    at: Duration,
    era: usize,
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
    era: usize,
    /// The calls reported in this era.
    reports: Vec<Reported>,
    /// Probes that have dripped since the trials began, minus the calls granted.
    drops: f64,
    /// When the reservations of probes were made that no call has used yet.
    promised: VecDeque<Duration>,
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
            era: 0,
            reports: Vec::new(),
            drops: 0.0,
            promised: VecDeque::new(),
        }
    }

    fn act(&mut self, deed: &Deed) {
        let was_pressed = self.machine.standing(self.now).is_pressed;
        match *deed {
            Deed::Enter => {
                if let Some(permit) = self.machine.enter(self.now) {
                    self.let_in(permit);
                }
            }
            Deed::Foresee => self.foresee(),
            Deed::Wait(deadline_ms) => {
                let deadline = deadline_ms.map(|ms| self.now + Duration::from_millis(ms));
                match self.machine.wait(self.now, deadline) {
                    Entry::Granted(permit) => self.let_in(permit),
                    Entry::Waits(ticket) => {
                        let waiting = Waiting { since: self.now, deadline };
                        assert!(self.waiting.insert(ticket, waiting).is_none(), "a ticket twice");
                    }
                    Entry::Refused(refusal) => {
                        let deadline = deadline.expect("somebody patient was turned away");
                        self.would_wait_in_vain(refusal.why, deadline, was_pressed);
                        self.is_honest(refusal);
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
                    self.hear(permit, failed);
                    let outcome = if failed { Outcome::Failed } else { Outcome::Succeeded };
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
        self.look(was_pressed);
    }

    /// Asks the machine whether a caller may start, and models the reservation of a probe.
    fn foresee(&mut self) {
        let foreseen = self.machine.foresee(self.now);
        self.turns_have_causes();
        assert!(self.state != "open" || foreseen.is_some(), "sent to an open gate");
        if let Some(refusal) = foreseen {
            self.is_honest(refusal);
        } else if self.state == "half-open" {
            self.promised.retain(|since| *since + PROMISED_FOR > self.now);
            self.promised.push_back(self.now);
            assert!(self.promised.len() as f64 <= self.drops + 0.01, "more sent than drips");
        }
    }

    /// Lets time pass as the gate driver does: in steps to whatever is due, up to the end.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            let was_pressed = self.machine.standing(self.now).is_pressed;
            let due = self.machine.due().map_or(end, |due| due.max(self.now + STEP));
            let expires = self.permits.values().map(|permit| permit.at + self.rules.permit).min();
            let before = self.now;
            self.now = due.min(expires.unwrap_or(end)).min(end);
            self.drip(self.now.saturating_sub(before));
            let is_over = |permit: &UnderWay| permit.at + self.rules.permit <= self.now;
            let over: Vec<_> = self.permits.iter().filter(|(_, permit)| is_over(permit)).collect();
            for permit in over.into_iter().map(|(number, _)| *number).collect::<Vec<_>>() {
                self.hear(permit, true);
            }
            self.machine.tick(self.now);
            self.look(was_pressed);
        }
    }

    /// Adds the probes that drip in this time. The rate doubles with each trial that succeeds.
    fn drip(&mut self, time: Duration) {
        let is_well = |report: &&Reported| !report.failed && !report.slow;
        let well = self.reports.iter().filter(is_well).count();
        let per_s = self.rules.breaker.map_or(0.0, |breaker| breaker.drip_per_s);
        let doubled = per_s * 2.0_f64.powi(i32::try_from(well).unwrap());
        self.drops += time.as_secs_f64() * doubled;
    }

    fn hear(&mut self, permit: u64, failed: bool) {
        let under_way = self.permits.remove(&permit).unwrap();
        if let Some(breaker) = self.rules.breaker.filter(|_| under_way.era == self.era) {
            let slow = self.now.saturating_sub(under_way.at) >= breaker.slow_call;
            self.reports.push(Reported { at: self.now, began: under_way.at, failed, slow });
        }
    }

    fn let_in(&mut self, permit: u64) {
        let under_way = UnderWay { at: self.now, era: self.era };
        assert!(self.permits.insert(permit, under_way).is_none(), "a permit twice");
        self.granted += 1;
        self.drops -= 1.0;
        self.promised.pop_front();
        assert!(self.state != "open", "let through while open");
        assert!(self.state == "closed" || self.drops > -0.01, "more than drips");
    }

    fn is_honest(&self, Refusal { why, after }: Refusal) {
        assert!(after <= self.rules.retry_after_max);
        assert!(why != Why::TooMany || self.rules.rate.is_some());
        assert!(why != Why::Open || self.rules.breaker.is_some());
    }

    /// Checks that a caller refused for the rate alone could not have been served in time.
    fn would_wait_in_vain(&self, why: Why, deadline: Duration, is_pressed: bool) {
        let (Why::TooMany, Some(rate)) = (why, self.rules.rate) else { return };
        let QueueRules { calls_max, waiting_max, wait_target, wait_interval } = self.rules.queue;
        let calm = if is_pressed { Duration::ZERO } else { wait_interval };
        let longest = waiting_max.min(wait_target + calm).min(deadline.saturating_sub(self.now));
        let hurried = self.waiting.values().filter(|waiting| waiting.deadline.is_some()).count();
        let (tokens, _) = self.machine.tokens().expect("there is a rate");
        let served = tokens + rate.per_s * longest.as_secs_f64();
        assert!(hurried >= calls_max || served < hurried as f64 + 1.01, "{served} are served");
    }

    /// Checks the invariants that hold after every action.
    fn look(&mut self, was_pressed: bool) {
        self.turns_have_causes();
        let is_pressed = self.machine.standing(self.now).is_pressed;
        for answer in self.machine.take_answers() {
            self.is_due(answer, (was_pressed == is_pressed).then_some(is_pressed));
        }
        self.never_more_than_allowed();
        self.waits_are_bounded(is_pressed);
    }

    fn is_due(&mut self, Answer { ticket, granted }: Answer, is_pressed: Option<bool>) {
        let waiting = self.waiting.remove(&ticket).expect("whoever waits is answered once");
        match granted {
            Err(refusal) => {
                let deadline = waiting.deadline.expect("nobody patient is turned away");
                assert!(refusal.why != Why::TooLate || deadline <= self.now);
                self.is_honest(refusal);
            }
            Ok(permit) => {
                let mut alike = self
                    .waiting
                    .iter()
                    .filter(|(_, other)| other.deadline.is_some() == waiting.deadline.is_some());
                let is_oldest = alike.clone().all(|(other, _)| *other > ticket);
                match is_pressed.filter(|_| waiting.deadline.is_some()) {
                    Some(true) => assert!(alike.all(|(other, _)| *other < ticket), "newest first"),
                    Some(false) => assert!(is_oldest, "oldest first"),
                    None => assert!(waiting.deadline.is_some() || is_oldest, "oldest first"),
                }
                let in_a_hurry = || self.waiting.values().any(|other| other.deadline.is_some());
                assert!(waiting.deadline.is_some() || !in_a_hurry(), "the hurried come first");
                self.let_in(permit);
            }
        }
    }

    fn never_more_than_allowed(&mut self) {
        let standing = self.machine.standing(self.now);
        assert_eq!(standing.under_way, self.permits.len());
        match self.rules.limit {
            LimitRules::Unlimited => assert_eq!(standing.limit, None),
            LimitRules::Fixed(max) => assert!(standing.under_way <= max),
            LimitRules::Adaptive { min, max } => {
                assert!(standing.under_way <= max);
                assert!((min..=max).contains(&standing.limit.unwrap()));
            }
        }
        if let (Some(rate), Some((tokens, burst))) = (self.rules.rate, self.machine.tokens()) {
            assert!(tokens <= burst && tokens > -0.001, "{tokens} tokens");
            let most = rate.burst + rate.per_s * self.now.as_secs_f64();
            assert!(f64::from(self.granted) <= most + 0.01, "{} of {most}", self.granted);
        }
    }

    fn waits_are_bounded(&self, is_pressed: bool) {
        let QueueRules { calls_max, waiting_max, wait_target, wait_interval } = self.rules.queue;
        let hurried = || self.waiting.values().filter(|waiting| waiting.deadline.is_some());
        assert!(hurried().count() <= calls_max);
        assert!(!is_pressed || hurried().count() > 0, "pressed by nobody");
        for waiting in hurried() {
            let waited = self.now.saturating_sub(waiting.since);
            assert!(self.now <= waiting.deadline.unwrap() + STEP, "waits beyond its deadline");
            assert!(waited <= waiting_max + STEP, "waits for too long");
            assert!(waited <= wait_target + wait_interval + STEP * 2, "waited {waited:?}");
            assert!(
                !is_pressed || waited <= wait_target + STEP,
                "waited {waited:?} under pressure"
            );
        }
    }

    /// Checks each transition, and the absence of one, against the reference model.
    fn turns_have_causes(&mut self) {
        let turns = self.machine.take_turns();
        let has_cause = self.has_cause();
        assert!(!has_cause || !turns.is_empty(), "there is a cause, and no transition");
        for turn in turns {
            let is_expected = match (self.state, turn.to) {
                ("closed", "open") | ("half-open", "open" | "closed") => has_cause,
                ("open", "half-open") => true,
                _ => false,
            };
            assert!(is_expected, "from {} to {}: {}", self.state, turn.to, turn.because);
            if let Some(breaker) = self.rules.breaker.filter(|_| turn.to == "closed") {
                assert!(self.reports.len() >= breaker.trial_calls as usize, "closed untried");
            }
            self.state = turn.to;
            self.era += 1;
            self.reports.clear();
            self.drops = 1.0;
            self.promised.clear();
        }
        assert_eq!(self.machine.standing(self.now).state, self.state);
    }

    /// Whether the reports of this era, up to any one of them, are a cause to open or close.
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

    /// Failures since the last success; those under way when the first one failed count once.
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
        // The generated rules keep the gate open for two seconds at most. They allow at least one
        // trial per second, of a few, and one call per second.
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
    fn whatever_comes_a_gate_keeps_what_it_promises(rules in rules(), deeds in vec(deed(), 1..120)) {
        let mut world = World::new(rules);
        for deed in deeds {
            world.act(&deed);
        }
        world.recover();
    }
}
