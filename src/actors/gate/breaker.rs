//! The circuit breaker of a gate.
//!
//! ```text
//!            a rate reaches its threshold, or so many failures in a row
//!   ┌────────┐ ─────────────────────────────────────────▶ ┌────────┐
//!   │ closed │                                            │  open  │ for open_ms, doubled with
//!   └────────┘ ◀───────────── ┌───────────┐ ◀──────────── └────────┘ each time, up to open_ms_max
//!        trials went well     │ half-open │   time is up      ▲
//!                             └───────────┘ ──────────────────┘
//!                     drips, doubled with       trials went badly
//!                     each that succeeds
//! ```

use super::{
    call_window::{Tally, Window, reaches},
    rules::BreakerRules,
    token_bucket::Bucket,
};
use std::{collections::VecDeque, time::Duration};

/// The tokens a caller with a deadline needs: it gets a probe even while callers without one wait.
const TOKENS_HURRIED: f64 = 1.0;

/// The tokens a caller without a deadline needs: it leaves one probe for callers with a deadline.
const TOKENS_PATIENT: f64 = 2.0;

/// How long a reservation of a probe lasts; after that its caller is taken not to come.
pub(super) const PROMISED_FOR: Duration = Duration::from_millis(500);

/// A circuit breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    rules: BreakerRules,
    state: State,
    window: Window,
    /// The number of transitions so far. Reports of calls from an earlier era are ignored: they
    /// tell nothing about the present one.
    era: u64,
    /// How often the breaker has opened since it was last closed.
    openings: u32,
    turns: Vec<Turn>,
}

#[derive(Clone, Debug)]
enum State {
    Closed,
    Open { until: Duration },
    HalfOpen { drip: Bucket, trials: Tally, promised: VecDeque<Duration> },
}

/// A transition of the breaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// When it happened, since the start of the clock.
    pub at: Duration,
    /// `closed`, `open`, `half-open`
    pub to: &'static str,
    /// The reason.
    pub because: String,
}

impl Breaker {
    /// Creates a closed breaker.
    pub fn new(rules: BreakerRules) -> Self {
        let (state, window) = (State::Closed, Window::new(rules.span));
        Self { rules, state, window, era: 0, openings: 0, turns: Vec::new() }
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

    /// The tally of the window, or of the trials alone while half-open.
    pub const fn tally(&self) -> Tally {
        match self.state {
            State::HalfOpen { trials, .. } => trials,
            _ => self.window.sum(),
        }
    }

    /// The current era.
    pub const fn era(&self) -> u64 {
        self.era
    }

    /// Whether the breaker is open and lets no call through.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Takes the transitions since the last call.
    pub fn take_turns(&mut self) -> Vec<Turn> {
        std::mem::take(&mut self.turns)
    }

    /// Whether there are transitions to take.
    pub const fn has_turned(&self) -> bool {
        !self.turns.is_empty()
    }

    /// Advances the time: an open breaker becomes half-open, probes drip, and reservations expire.
    pub fn advance(&mut self, now: Duration) {
        match &mut self.state {
            State::Closed => {}
            State::Open { until } if now < *until => {}
            State::Open { .. } => {
                let per_s = self.rules.drip_per_s;
                let drip = Bucket::new(per_s, TOKENS_PATIENT, TOKENS_HURRIED, now);
                let (trials, promised) = (Tally::default(), VecDeque::new());
                let half_open = State::HalfOpen { drip, trials, promised };
                self.turn(now, half_open, "it was open for long enough".into());
            }
            State::HalfOpen { drip, promised, .. } => {
                drip.fill(now);
                while promised.front().is_some_and(|since| *since + PROMISED_FOR <= now) {
                    promised.pop_front();
                }
            }
        }
    }

    /// Reserves a half-open probe for a caller about to start; false when all are reserved, or
    /// while open. A reservation is advisory: any caller may use the probe. A closed breaker needs
    /// none and returns true.
    pub fn promise(&mut self, now: Duration) -> bool {
        let State::HalfOpen { drip, promised, .. } = &mut self.state else {
            return !self.is_open();
        };
        #[expect(clippy::cast_precision_loss, reason = "of two at most")]
        let is_there = drip.has(TOKENS_HURRIED + promised.len() as f64);
        if is_there {
            promised.push_back(now);
        }
        is_there
    }

    /// Whether the breaker lets a call through now.
    pub fn lets_through(&self, is_patient: bool) -> bool {
        match &self.state {
            State::Closed => true,
            State::Open { .. } => false,
            State::HalfOpen { drip, .. } => drip.has(tokens(is_patient)),
        }
    }

    /// When the breaker will let a call through, as far as is known now.
    pub fn due(&self, now: Duration, is_patient: bool) -> Duration {
        match &self.state {
            State::Closed => now,
            State::Open { until } => *until,
            State::HalfOpen { drip, .. } => now + drip.until(tokens(is_patient)),
        }
    }

    /// Counts a granted permit: while half-open it uses up a probe and a reservation.
    pub fn let_through(&mut self) {
        if let State::HalfOpen { drip, promised, .. } = &mut self.state {
            drip.take();
            promised.pop_front();
        }
    }

    /// Takes in the outcome and duration of a call that was let through in `era`.
    pub fn hear(&mut self, now: Duration, era: u64, failed: bool, took: Duration) {
        if era != self.era {
            return;
        }
        let call = Tally::of(failed, took >= self.rules.slow_call);
        match &mut self.state {
            State::Closed => {
                self.window.hear(now, now.saturating_sub(took), call);
                if let Some(because) = self.window.verdict(&self.rules) {
                    self.open(now, because);
                }
            }
            // Opening begins a new era in which no call is let through: there is nothing to count.
            State::Open { .. } => {}
            State::HalfOpen { drip, trials, .. } => {
                trials.add(call);
                if call == Tally::of(false, false) {
                    drip.turn((drip.per_s() * 2.0).min(1e9));
                }
                let trials = *trials;
                self.judge(now, trials);
            }
        }
    }

    /// Drops old calls from a window over time.
    pub fn slide(&mut self, now: Duration) {
        self.window.slide(now);
    }

    /// Decides the trials. The breaker opens as soon as failed or slow ones reach their rate,
    /// without waiting for the rest. It closes once enough are done.
    fn judge(&mut self, now: Duration, trials: Tally) {
        let Tally { calls, failures, slow } = trials;
        let wanted = self.rules.trial_calls;
        if reaches(failures, wanted, self.rules.failure_rate) {
            self.open(now, format!("{failures} of {calls} trials failed"));
        } else if reaches(slow, wanted, self.rules.slow_call_rate) {
            self.open(now, format!("{slow} of {calls} trials took too long"));
        } else if calls >= wanted {
            self.window = Window::new(self.rules.span);
            self.openings = 0;
            self.turn(now, State::Closed, format!("{calls} trials went well"));
        }
    }

    fn open(&mut self, now: Duration, because: String) {
        let doubled = self.rules.open.saturating_mul(1 << self.openings.min(16));
        self.openings = self.openings.saturating_add(1);
        let until = now + doubled.min(self.rules.open_max);
        self.turn(now, State::Open { until }, because);
    }

    fn turn(&mut self, at: Duration, state: State, because: String) {
        self.state = state;
        self.era += 1;
        self.turns.push(Turn { at, to: self.name(), because });
    }
}

const fn tokens(is_patient: bool) -> f64 {
    if is_patient { TOKENS_PATIENT } else { TOKENS_HURRIED }
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
        /// Reports this many calls of the current era, all failed or all successful.
        fn hears(&mut self, at_ms: u64, calls: u32, failed: bool) {
            for _ in 0..calls {
                self.hear(ms(at_ms), self.era, failed, ms(1));
            }
        }
    }

    #[test]
    fn it_opens_when_half_of_enough_calls_failed_and_not_before() {
        let mut breaker = breaker(&GateSettings::default());
        for _ in 0..49 {
            breaker.hears(0, 1, true);
            breaker.hears(0, 1, false);
        }
        breaker.hears(0, 1, true);
        assert_eq!(breaker.name(), "closed", "99 calls mean nothing");
        breaker.hears(0, 1, false);
        assert_eq!(breaker.take_turns()[0].because, "50 of 100 calls failed");
    }

    #[test]
    fn it_stays_open_for_longer_while_trials_fail_and_closes_when_they_succeed() {
        let mut breaker = breaker(&GateSettings::default());
        breaker.hears(0, 10, true);
        breaker.advance(ms(499));
        assert_eq!(breaker.name(), "open");
        breaker.advance(ms(500));
        assert_eq!(breaker.name(), "half-open");
        breaker.hears(500, 5, true);
        assert_eq!(breaker.due(ms(500), false), ms(1_500), "doubled");
        breaker.advance(ms(1_500));
        breaker.hears(1_500, 5, true);
        assert_eq!(breaker.due(ms(1_500), false), ms(2_500), "but never more");
        breaker.advance(ms(2_500));
        breaker.hears(2_500, 10, false);
        assert_eq!((breaker.name(), breaker.openings), ("closed", 0));
    }

    #[test]
    fn trials_drip_faster_with_each_that_succeeds() {
        let mut breaker = breaker(&GateSettings::default());
        breaker.hears(0, 10, true);
        breaker.advance(ms(500));
        assert!(breaker.lets_through(false) && !breaker.lets_through(true));
        breaker.let_through();
        assert_eq!(breaker.due(ms(500), false), ms(600) + Duration::from_micros(1));
        breaker.hears(500, 1, false);
        assert_eq!(breaker.due(ms(500), false), ms(550) + Duration::from_micros(1));
    }

    #[test]
    fn a_drop_is_promised_to_one_who_sets_out_until_it_does_not_come() {
        let mut breaker = breaker(&GateSettings::default());
        assert!(breaker.promise(ms(0)) && breaker.promise(ms(0)), "closed");
        breaker.hears(0, 10, true);
        assert!(!breaker.promise(ms(0)), "open");
        breaker.advance(ms(500));
        assert!(breaker.promise(ms(500)));
        assert!(!breaker.promise(ms(500)), "it is somebody else's");
        breaker.let_through();
        assert!(!breaker.promise(ms(500)), "it was taken");
        breaker.advance(ms(601));
        assert!(breaker.promise(ms(601)), "the next drop");
        breaker.advance(ms(700));
        assert!(breaker.promise(ms(702)) && !breaker.promise(ms(702)), "the next but one");
        breaker.advance(ms(1_101));
        assert!(breaker.promise(ms(1_101)), "whoever set out first has not come");
    }

    #[test]
    fn what_was_let_through_before_a_transition_tells_nothing_after_it() {
        let mut breaker = breaker(&GateSettings::default());
        let before = breaker.era();
        breaker.hears(0, 10, true);
        breaker.advance(ms(500));
        breaker.hear(ms(500), before, true, ms(1));
        assert_eq!(breaker.tally(), Tally::default());
    }
}
