//! The state of a gate, as the admin endpoint represents it.

use super::{
    handle::Gate, persisted::PersistedSettings, settings::GateSettings, timer::Timer,
    types::GateKind,
};
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
    /// When the gate entered this state, in milliseconds since the Unix epoch.
    pub since_ms: u64,
    /// The reason for this state.
    pub reason: String,
    /// Recent calls that the breaker counts.
    pub calls: u32,
    /// How many of them failed.
    pub failures: u32,
    /// How many of them were slow.
    pub slow: u32,
    /// Urgent callers that wait.
    pub waiting_urgent: usize,
    /// Background callers that wait.
    pub waiting_background: usize,
    /// Whether the wait queue is overloaded: its oldest urgent caller was late for a whole
    /// interval, so the newest is served first.
    pub is_overloaded: bool,
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
    pub rejected: [(&'static str, u64); 4],
    /// How often the machine panicked and was replaced.
    pub broken: u32,
    /// The settings in force: the configured ones over the defaults.
    pub settings: GateSettings,
    /// What operators have persisted.
    pub persisted: Option<PersistedSettings>,
}

/// The reasons for a refusal, in the order of [`RejectReason`](super::RejectReason).
const REASONS: [&str; 4] = ["open", "full", "tooMany", "tooLate"];

impl GateInfo {
    pub(super) fn of(gate: &Gate, timer: &Timer) -> Self {
        let seen = loop {
            let inspect = gate.inspect(|inner, now| {
                let status = inner.machine.status(now);
                (status, inner.last.clone(), inner.life, inner.settings.clone())
            });
            // A machine that panics here is replaced, so the next inspection succeeds.
            if let Some(seen) = inspect {
                break seen;
            }
        };
        let (status, last, broken, settings) = seen;
        let wait = |percent: usize| {
            let at = (status.waits.len() * percent / 100).min(status.waits.len().max(1) - 1);
            status.waits.get(at).copied().unwrap_or_default()
        };
        let counts = status.counts;
        Self {
            name: gate.shared_name(),
            guards: match gate.guards() {
                GateKind::Port => "port",
                GateKind::Step => "step",
                GateKind::Admission => "admission",
            },
            state: status.state,
            since_ms: timer.since_epoch_ms(last.at),
            reason: last.reason,
            calls: status.counts_in_window.calls,
            failures: status.counts_in_window.failures,
            slow: status.counts_in_window.slow,
            waiting_urgent: status.waiting.0,
            waiting_background: status.waiting.1,
            is_overloaded: status.is_overloaded,
            wait_longest: status.longest,
            wait_p50: wait(50),
            wait_p99: wait(99),
            limit: status.limit,
            under_way: status.under_way,
            let_through: counts.let_through,
            timed_out: counts.timed_out,
            rejected: std::array::from_fn(|why| (REASONS[why], counts.rejected[why])),
            broken,
            settings: settings.over_usual(gate.guards()),
            persisted: None,
        }
    }
}
