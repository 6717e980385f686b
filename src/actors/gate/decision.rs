//! The results of the gate machine: entries, answers to waiting callers, and its status.

use super::{call_window::CallCounts, types::RejectReason};
use std::time::Duration;

/// The result of a caller's request for a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The permit of this number is granted.
    Granted(u64),
    /// The caller waits with this ticket and is answered exactly once.
    Waits(u64),
    /// The caller is refused.
    Refused(Refusal),
}

/// The refusal of a caller: the reason and the retry delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub why: RejectReason,
    /// The retry delay, before the random spread is added.
    pub after: Duration,
}

/// The answer to a waiting caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The ticket.
    pub ticket: u64,
    /// The number of the permit, or the refusal.
    pub granted: Result<u64, Refusal>,
}

/// Counters since the start of the gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Permits granted.
    pub let_through: u64,
    /// Permits that expired without a report.
    pub timed_out: u64,
    /// Callers refused, by [`RejectReason`].
    pub rejected: [u64; 4],
}

/// A snapshot of a gate machine.
#[derive(Clone, Debug)]
pub struct MachineStatus {
    /// `closed`, `open`, `half-open`
    pub state: &'static str,
    /// The recent calls that the breaker counts.
    pub counts_in_window: CallCounts,
    /// The numbers of waiting urgent callers and of waiting background callers.
    pub waiting: (usize, usize),
    /// Whether the wait queue is overloaded and serves the newest caller first.
    pub is_overloaded: bool,
    /// How long the oldest waiting caller has waited.
    pub longest: Duration,
    /// The wait times of callers that were granted a permit recently, shortest first.
    pub waits: Vec<Duration>,
    /// How many calls may be under way at once; `None` when unlimited.
    pub limit: Option<usize>,
    /// Calls under way.
    pub under_way: usize,
    /// The counters.
    pub counts: Counts,
}
