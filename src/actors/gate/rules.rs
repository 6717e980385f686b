//! What a gate goes by: its settings, checked, in the units of the machine.

use std::time::Duration;

/// All rules of a gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// How many a second, if that is limited.
    pub rate: Option<RateRules>,
    /// How many at once.
    pub limit: LimitRules,
    /// How they wait.
    pub queue: QueueRules,
    /// When it opens and closes; it never opens without.
    pub breaker: Option<BreakerRules>,
    /// A permit not reported for so long counts as failed.
    pub permit: Duration,
    /// The longest anybody is told to stay away.
    pub retry_after_max: Duration,
}

/// How many a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRules {
    /// In the long run.
    pub per_s: f64,
    /// At once, after a pause.
    pub burst: f64,
}

/// How many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitRules {
    /// Any number.
    Unlimited,
    /// This many.
    Fixed(usize),
    /// As many as latency shows to be good.
    Adaptive {
        /// Never fewer.
        min: usize,
        /// Never more.
        max: usize,
    },
}

/// How they wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueRules {
    /// So many in a hurry at most.
    pub calls_max: usize,
    /// For so long at most.
    pub waiting_max: Duration,
    /// A queue in which the oldest waits for less is a good one.
    pub wait_target: Duration,
    /// A queue that has not been good for so long is pressed.
    pub wait_interval: Duration,
}

/// When a gate opens and closes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerRules {
    /// Which calls are looked at.
    pub span: Span,
    /// Rates of fewer calls mean nothing.
    pub minimum_calls: u32,
    /// The share of failed calls that opens it.
    pub failure_rate: f64,
    /// What takes so long is slow.
    pub slow_call: Duration,
    /// The share of slow calls that opens it.
    pub slow_call_rate: f64,
    /// So many failures in a row open it; those that were under way together count once.
    pub consecutive_failures: Option<u32>,
    /// For how long it is open the first time.
    pub open: Duration,
    /// For how long at most, when trials keep failing.
    pub open_max: Duration,
    /// How many are let through per second when the trials begin.
    pub drip_per_s: f64,
    /// How many trials decide.
    pub trial_calls: u32,
}

/// Which calls are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The last so many.
    Calls(u32),
    /// Those of the last so many seconds.
    Seconds(u32),
}
