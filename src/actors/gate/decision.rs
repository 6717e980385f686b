//! What the machine tells: those who come, those who waited, and those who look at it.

use super::{call_window::Tally, types::Why};
use std::time::Duration;

/// What becomes of somebody who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Let through, with a permit of this number.
    Granted(u64),
    /// It waits with this ticket, and is answered once.
    Waits(u64),
    /// Turned away.
    Refused(Refusal),
}

/// Somebody is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub why: Why,
    /// When to come back, before it is spread.
    pub after: Duration,
}

/// Somebody who waited is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The ticket.
    pub ticket: u64,
    /// The number of the permit, or why there is none.
    pub granted: Result<u64, Refusal>,
}

/// What has happened since the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Let through.
    pub let_through: u64,
    /// Permits of which nothing was heard in time.
    pub timed_out: u64,
    /// Turned away, by [`Why`].
    pub turned_away: [u64; 4],
}

/// How it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// `closed`, `open`, `half-open`
    pub state: &'static str,
    /// What is known of recent calls.
    pub tally: Tally,
    /// How many wait in a hurry, and how many patiently.
    pub waiting: (usize, usize),
    /// Whether the newest are served first.
    pub is_pressed: bool,
    /// How long the longest has waited.
    pub longest: Duration,
    /// For how long those waited who were served lately, the shortest first.
    pub waits: Vec<Duration>,
    /// How many may be under way at once.
    pub limit: Option<usize>,
    /// How many are.
    pub under_way: usize,
    /// What has happened.
    pub counts: Counts,
}
