//! A gate as operators see it.

use super::{handle::Gate, settings::GateSettings, timer::Timer, types::GateKind};
use std::{sync::Arc, time::Duration};

/// How a gate stands.
#[derive(Clone, Debug)]
pub struct GateInfo {
    /// `taxi/payment`
    pub name: Arc<str>,
    /// What it guards: `port`, `step`, `admission`.
    pub guards: &'static str,
    /// `closed`, `open`, `half-open`
    pub state: &'static str,
    /// Since when, in milliseconds since the epoch.
    pub since_ms: u64,
    /// Why.
    pub because: String,
    /// Recent calls that the breaker looks at.
    pub calls: u32,
    /// How many of them failed.
    pub failures: u32,
    /// How many of them were slow.
    pub slow: u32,
    /// How many wait in a hurry.
    pub waiting_hurried: usize,
    /// How many wait for as long as it takes.
    pub waiting_patient: usize,
    /// Whether the newest are served first, because the queue has been standing.
    pub is_pressed: bool,
    /// How long the longest has waited.
    pub wait_longest: Duration,
    /// For how long half of those waited who waited and were served lately.
    pub wait_p50: Duration,
    /// For how long 99 of 100 of them did.
    pub wait_p99: Duration,
    /// How many may be under way at once, if that is limited.
    pub limit: Option<usize>,
    /// How many are.
    pub under_way: usize,
    /// How many were let through since the start.
    pub let_through: u64,
    /// Of how many of them nothing was heard in time.
    pub timed_out: u64,
    /// How many were turned away since the start, by reason.
    pub turned_away: [(&'static str, u64); 4],
    /// How often its machine broke and was built anew.
    pub broken: u32,
    /// What it goes by, with what is usual where nothing is configured.
    pub settings: GateSettings,
}

/// The reasons for turning somebody away, in the order of [`Why`](super::Why).
const REASONS: [&str; 4] = ["open", "full", "tooMany", "tooLate"];

impl GateInfo {
    pub(super) fn of(gate: &Gate, bell: &Timer) -> Self {
        let seen = loop {
            let look = gate.look(|inner, now| {
                let standing = inner.machine.standing(now);
                (standing, inner.last.clone(), inner.life, inner.settings.clone())
            });
            // What broke when it was looked at is a new one now.
            if let Some(seen) = look {
                break seen;
            }
        };
        let (standing, last, broken, settings) = seen;
        let wait = |percent: usize| {
            let at = (standing.waits.len() * percent / 100).min(standing.waits.len().max(1) - 1);
            standing.waits.get(at).copied().unwrap_or_default()
        };
        let counts = standing.counts;
        Self {
            name: gate.shared_name(),
            guards: match gate.guards() {
                GateKind::Port => "port",
                GateKind::Step => "step",
                GateKind::Admission => "admission",
            },
            state: standing.state,
            since_ms: bell.since_epoch_ms(last.at),
            because: last.because,
            calls: standing.tally.calls,
            failures: standing.tally.failures,
            slow: standing.tally.slow,
            waiting_hurried: standing.waiting.0,
            waiting_patient: standing.waiting.1,
            is_pressed: standing.is_pressed,
            wait_longest: standing.longest,
            wait_p50: wait(50),
            wait_p99: wait(99),
            limit: standing.limit,
            under_way: standing.under_way,
            let_through: counts.let_through,
            timed_out: counts.timed_out,
            turned_away: std::array::from_fn(|why| (REASONS[why], counts.turned_away[why])),
            broken,
            settings: settings.over_usual(gate.guards()),
        }
    }
}
