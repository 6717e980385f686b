//! The rules of a gate: its checked settings, in the units of the machine.

use std::time::Duration;

/// All rules of a gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// The rate limit; `None` when unlimited.
    pub rate: Option<RateRules>,
    /// The limit of calls under way at once.
    pub limit: LimitRules,
    /// The rules of the wait queue.
    pub queue: QueueRules,
    /// The rules of the circuit breaker; a gate without one never opens.
    pub breaker: Option<BreakerRules>,
    /// A permit that is not reported within this time counts as failed.
    pub permit: Duration,
    /// The longest retry delay, before the random spread.
    pub retry_after_max: Duration,
    /// How long the answer to a refused client is held.
    pub hold: Duration,
}

/// The rate limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRules {
    /// Calls per second in the long run.
    pub per_s: f64,
    /// Calls at once after a pause.
    pub burst: f64,
}

/// The limit of calls under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitRules {
    /// Any number of calls.
    Unlimited,
    /// This many calls.
    Fixed(usize),
    /// A limit that follows the measured latency.
    Adaptive {
        /// The lowest limit.
        min: usize,
        /// The highest limit.
        max: usize,
    },
}

/// The rules of the wait queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueRules {
    /// The maximum number of urgent callers that wait at once.
    pub calls_max: usize,
    /// The longest wait of an urgent caller.
    pub waiting_max: Duration,
    /// The target wait. A queue is over its target when its oldest urgent caller has waited longer.
    pub wait_target: Duration,
    /// A queue that is over the target for this whole interval is overloaded.
    pub wait_interval: Duration,
}

/// The rules of the circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerRules {
    /// The calls that the window covers.
    pub span: Span,
    /// Rates are ignored while the window holds fewer calls than this.
    pub minimum_calls: u32,
    /// The share of failed calls that opens the gate.
    pub failure_rate: f64,
    /// A call that takes this long is slow.
    pub slow_call: Duration,
    /// The share of slow calls that opens the gate.
    pub slow_call_rate: f64,
    /// This many failures in a row open the gate. Calls that were under way together count once.
    pub consecutive_failures: Option<u32>,
    /// How long the gate stays open the first time.
    pub open: Duration,
    /// How long the gate stays open at most, when trials keep failing.
    pub open_max: Duration,
    /// The initial rate of probes, in probes per second.
    pub probes_per_s: f64,
    /// How many trials decide whether the gate closes.
    pub trial_calls: u32,
}

/// The span of the window of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// This number of last calls.
    Calls(u32),
    /// The calls of this number of last seconds.
    Seconds(u32),
}
