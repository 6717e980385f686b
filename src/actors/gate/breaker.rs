//! The circuit breaker of a gate.
//!
//! ```text
//!       a rate, or the number of failures in a row, reaches its threshold
//!   ┌────────┐ ─────────────────────────────────────────▶ ┌────────┐
//!   │ closed │                                            │  open  │ for open_ms, doubled with
//!   └────────┘ ◀───────────── ┌───────────┐ ◀──────────── └────────┘ opening, up to open_ms_max
//!         trials succeed      │ half-open │  open_ms passed   ▲
//!                             └───────────┘ ──────────────────┘
//!                   probe rate doubles with        trials fail
//!                   each success
//! ```

use super::{
    call_window::{CallCounts, Window, reaches},
    rules::BreakerRules,
    token_bucket::TokenBucket,
};
use crate::counted::counted;
use std::{collections::VecDeque, time::Duration};

/// The tokens an urgent caller needs. It gets a probe even while background callers wait.
const TOKENS_URGENT: f64 = 1.0;

/// The tokens a background caller needs. One probe stays available for urgent callers.
const TOKENS_BACKGROUND: f64 = 2.0;

/// How long the reservation of a probe lasts. It expires when no caller uses it in this time.
pub(super) const RESERVED_FOR: Duration = Duration::from_millis(500);

/// A circuit breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    rules: BreakerRules,
    state: State,
    window: Window,
    /// The number of transitions so far. Reports of calls from an earlier epoch are ignored,
    /// because they say nothing about the current state.
    epoch: u64,
    /// How often the breaker has opened since it was last closed.
    openings: u32,
    transitions: Vec<Transition>,
}

#[derive(Clone, Debug)]
enum State {
    Closed,
    Open { until: Duration },
    HalfOpen { probes: TokenBucket, trials: CallCounts, reserved: VecDeque<Duration> },
}

/// A transition of the breaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When it happened, since the start of the clock.
    pub at: Duration,
    /// `closed`, `open`, `half-open`
    pub to: &'static str,
    /// The reason.
    pub reason: String,
}

impl Breaker {
    /// Creates a closed breaker.
    pub fn new(rules: BreakerRules) -> Self {
        let (state, window) = (State::Closed, Window::new(rules.span));
        Self { rules, state, window, epoch: 0, openings: 0, transitions: Vec::new() }
    }

    /// Replaces the rules. The window of calls is kept unless its span changes.
    pub fn change(&mut self, rules: BreakerRules) {
        if rules.span != self.rules.span {
            self.window = Window::new(rules.span);
        }
        self.rules = rules;
    }

    /// `closed`, `open`, `half-open`
    pub const fn name(&self) -> &'static str {
        match self.state {
            State::Closed => "closed",
            State::Open { .. } => "open",
            State::HalfOpen { .. } => "half-open",
        }
    }

    /// The counts of the window, or of the trials alone while half-open.
    pub const fn counts_in_window(&self) -> CallCounts {
        match self.state {
            State::HalfOpen { trials, .. } => trials,
            _ => self.window.sum(),
        }
    }

    /// The current epoch.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether the breaker is open and admits no call.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Takes the transitions since the last call.
    pub fn take_transitions(&mut self) -> Vec<Transition> {
        std::mem::take(&mut self.transitions)
    }

    /// Whether there are transitions to take.
    pub const fn has_transitions(&self) -> bool {
        !self.transitions.is_empty()
    }

    /// Advances the time: an open breaker becomes half-open, probes accrue, and reservations
    /// expire.
    pub fn advance(&mut self, now: Duration) {
        match &mut self.state {
            State::Closed => {}
            State::Open { until } if now < *until => {}
            State::Open { .. } => {
                let per_s = self.rules.probes_per_s;
                let probes = TokenBucket::new(per_s, TOKENS_BACKGROUND, TOKENS_URGENT, now);
                let (trials, reserved) = (CallCounts::default(), VecDeque::new());
                let half_open = State::HalfOpen { probes, trials, reserved };
                self.transition(now, half_open, "the open time ended".into());
            }
            State::HalfOpen { probes, reserved, .. } => {
                probes.fill(now);
                while reserved.front().is_some_and(|since| *since + RESERVED_FOR <= now) {
                    reserved.pop_front();
                }
            }
        }
    }

    /// Reserves a half-open probe for a caller about to start. Returns false when all probes are
    /// reserved, or while open. A reservation is advisory: any caller may use the probe. A closed
    /// breaker needs no reservation and returns true.
    pub fn reserve_probe(&mut self, now: Duration) -> bool {
        let State::HalfOpen { probes, reserved, .. } = &mut self.state else {
            return !self.is_open();
        };
        #[expect(clippy::cast_precision_loss, reason = "there are two at most")]
        let is_free = probes.has(TOKENS_URGENT + reserved.len() as f64);
        if is_free {
            reserved.push_back(now);
        }
        is_free
    }

    /// Whether the breaker admits a call now.
    pub fn lets_through(&self, is_background: bool) -> bool {
        match &self.state {
            State::Closed => true,
            State::Open { .. } => false,
            State::HalfOpen { probes, .. } => probes.has(tokens(is_background)),
        }
    }

    /// When the breaker will admit a call, as far as is known now.
    pub fn due(&self, now: Duration, is_background: bool) -> Duration {
        match &self.state {
            State::Closed => now,
            State::Open { until } => *until,
            State::HalfOpen { probes, .. } => now + probes.until(tokens(is_background)),
        }
    }

    /// Counts a granted permit. While half-open it uses up a probe and a reservation.
    pub fn let_through(&mut self) {
        if let State::HalfOpen { probes, reserved, .. } = &mut self.state {
            probes.take();
            reserved.pop_front();
        }
    }

    /// Records the outcome and the duration of a call that was admitted in `epoch`.
    pub fn record(&mut self, now: Duration, epoch: u64, failed: bool, took: Duration) {
        if epoch != self.epoch {
            return;
        }
        let call = CallCounts::of(failed, took >= self.rules.slow_call);
        match &mut self.state {
            State::Closed => {
                self.window.record(now, now.saturating_sub(took), call);
                if let Some(reason) = self.window.verdict(&self.rules) {
                    self.open(now, reason);
                }
            }
            // Opening starts a new epoch. No call is admitted in it, so there is nothing to count.
            State::Open { .. } => {}
            State::HalfOpen { probes, trials, .. } => {
                trials.add(call);
                if call == CallCounts::of(false, false) {
                    probes.set_rate((probes.per_s() * 2.0).min(1e9));
                }
                let trials = *trials;
                self.judge(now, trials);
            }
        }
    }

    /// Drops calls that are older than a window over time.
    pub fn slide(&mut self, now: Duration) {
        self.window.slide(now);
    }

    /// Evaluates the trials. The breaker opens as soon as failed or slow trials reach their rate,
    /// without waiting for the other trials. It closes once enough trials are reported.
    fn judge(&mut self, now: Duration, trials: CallCounts) {
        let CallCounts { calls, failures, slow } = trials;
        let tried = || counted(calls, "trial");
        let wanted = self.rules.trial_calls;
        if reaches(failures, wanted, self.rules.failure_rate) {
            self.open(now, format!("{failures} of {} failed", tried()));
        } else if reaches(slow, wanted, self.rules.slow_call_rate) {
            self.open(now, format!("{slow} of {} took too long", tried()));
        } else if calls >= wanted {
            self.window = Window::new(self.rules.span);
            self.openings = 0;
            self.transition(now, State::Closed, format!("{} passed", tried()));
        }
    }

    fn open(&mut self, now: Duration, reason: String) {
        let doubled = self.rules.open.saturating_mul(1 << self.openings.min(16));
        self.openings = self.openings.saturating_add(1);
        let until = now + doubled.min(self.rules.open_max);
        self.transition(now, State::Open { until }, reason);
    }

    fn transition(&mut self, at: Duration, state: State, reason: String) {
        self.state = state;
        self.epoch += 1;
        self.transitions.push(Transition { at, to: self.name(), reason });
    }
}

const fn tokens(is_background: bool) -> f64 {
    if is_background { TOKENS_BACKGROUND } else { TOKENS_URGENT }
}

#[cfg(test)]
mod tests {
    use super::super::{settings::GateSettings, types::GateKind};
    use super::*;

    fn breaker(settings: &GateSettings) -> Breaker {
        Breaker::new(settings.rules(GateKind::Port).unwrap().breaker.unwrap())
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    impl Breaker {
        /// Reports this many calls of the current epoch, all failed or all successful.
        fn records(&mut self, at_ms: u64, calls: u32, failed: bool) {
            for _ in 0..calls {
                self.record(ms(at_ms), self.epoch, failed, ms(1));
            }
        }
    }

    #[test]
    fn it_opens_when_half_of_enough_calls_failed_and_not_before() {
        let mut breaker = breaker(&GateSettings::default());
        for _ in 0..49 {
            breaker.records(0, 1, true);
            breaker.records(0, 1, false);
        }
        breaker.records(0, 1, true);
        assert_eq!(breaker.name(), "closed", "99 calls are too few");
        breaker.records(0, 1, false);
        assert_eq!(breaker.take_transitions()[0].reason, "50 of 100 calls failed");
    }

    #[test]
    fn it_stays_open_for_longer_while_trials_fail_and_closes_when_they_succeed() {
        let mut breaker = breaker(&GateSettings::default());
        breaker.records(0, 10, true);
        breaker.advance(ms(499));
        assert_eq!(breaker.name(), "open");
        breaker.advance(ms(500));
        assert_eq!(breaker.name(), "half-open");
        breaker.records(500, 5, true);
        assert_eq!(breaker.due(ms(500), false), ms(1_500), "twice open_ms");
        breaker.advance(ms(1_500));
        breaker.records(1_500, 5, true);
        assert_eq!(breaker.due(ms(1_500), false), ms(2_500), "open_ms_max");
        breaker.advance(ms(2_500));
        breaker.records(2_500, 10, false);
        assert_eq!((breaker.name(), breaker.openings), ("closed", 0));
    }

    #[test]
    fn the_probe_rate_doubles_with_each_successful_trial() {
        let mut breaker = breaker(&GateSettings::default());
        breaker.records(0, 10, true);
        breaker.advance(ms(500));
        assert!(breaker.lets_through(false) && !breaker.lets_through(true));
        breaker.let_through();
        assert_eq!(breaker.due(ms(500), false), ms(600) + Duration::from_micros(1));
        breaker.records(500, 1, false);
        assert_eq!(breaker.due(ms(500), false), ms(550) + Duration::from_micros(1));
    }

    #[test]
    fn a_probe_is_reserved_for_one_caller_until_the_reservation_expires() {
        let mut breaker = breaker(&GateSettings::default());
        assert!(breaker.reserve_probe(ms(0)) && breaker.reserve_probe(ms(0)), "closed");
        breaker.records(0, 10, true);
        assert!(!breaker.reserve_probe(ms(0)), "open");
        breaker.advance(ms(500));
        assert!(breaker.reserve_probe(ms(500)));
        assert!(!breaker.reserve_probe(ms(500)), "the probe is reserved");
        breaker.let_through();
        assert!(!breaker.reserve_probe(ms(500)), "the probe is used");
        breaker.advance(ms(601));
        assert!(breaker.reserve_probe(ms(601)), "the next probe");
        breaker.advance(ms(700));
        assert!(
            breaker.reserve_probe(ms(702)) && !breaker.reserve_probe(ms(702)),
            "the probe after it"
        );
        breaker.advance(ms(1_101));
        assert!(breaker.reserve_probe(ms(1_101)), "the first reservation expired");
    }

    #[test]
    fn reports_of_calls_from_an_earlier_epoch_are_ignored() {
        let mut breaker = breaker(&GateSettings::default());
        let before = breaker.epoch();
        breaker.records(0, 10, true);
        breaker.advance(ms(500));
        breaker.record(ms(500), before, true, ms(1));
        assert_eq!(breaker.counts_in_window(), CallCounts::default());
    }
}
