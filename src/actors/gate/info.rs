//! The state of a gate as the admin endpoint shows it to operators.

use super::{handle::Gate, settings::GateSettings, timer::Timer, types::GateKind};
use std::{sync::Arc, time::Duration};

/// A snapshot of a gate.
#[derive(Clone, Debug)]
pub struct GateInfo {
    /// `taxi/payment`
    pub name: Arc<str>,
    /// The kind of the gate: `port`, `step`, `admission`.
    pub guards: &'static str,
    /// `closed`, `open`, `half-open`
    pub state: &'static str,
    /// When the gate entered this state, in milliseconds since the epoch.
    pub since_ms: u64,
    /// The reason for this state.
    pub because: String,
    /// Recent calls that the breaker counts.
    pub calls: u32,
    /// How many of them failed.
    pub failures: u32,
    /// How many of them were slow.
    pub slow: u32,
    /// Callers that wait with a deadline.
    pub waiting_hurried: usize,
    /// Callers that wait without a deadline.
    pub waiting_patient: usize,
    /// Whether the wait queue is pressed: its oldest caller was late for a whole interval, so the
    /// newest is served first.
    pub is_pressed: bool,
    /// How long the oldest waiting caller has waited.
    pub wait_longest: Duration,
    /// The median wait of recent callers that waited and were granted a permit.
    pub wait_p50: Duration,
    /// The 99th percentile of the same waits.
    pub wait_p99: Duration,
    /// How many calls may be under way at once; `None` when unlimited.
    pub limit: Option<usize>,
    /// Calls under way.
    pub under_way: usize,
    /// Permits granted since the start.
    pub let_through: u64,
    /// Permits that expired without a report since the start.
    pub timed_out: u64,
    /// Callers refused since the start, by reason.
    pub turned_away: [(&'static str, u64); 4],
    /// How often the machine panicked and was replaced.
    pub broken: u32,
    /// The settings in force: the configured ones over the defaults.
    pub settings: GateSettings,
}

/// The reasons for a refusal, in the order of [`Why`](super::Why).
const REASONS: [&str; 4] = ["open", "full", "tooMany", "tooLate"];

impl GateInfo {
    pub(super) fn of(gate: &Gate, bell: &Timer) -> Self {
        let seen = loop {
            let look = gate.look(|inner, now| {
                let standing = inner.machine.standing(now);
                (standing, inner.last.clone(), inner.life, inner.settings.clone())
            });
            // A machine that panicked during the look was replaced, so the next look succeeds.
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
