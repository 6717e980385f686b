//! What the page shows: the figures of two scrapes, as rates between them and as present values.

use super::scrape::Scrape;
use std::collections::BTreeSet;

/// The outcomes of commands and queries that are errors of the server or of its parts.
const ERRORS: [&str; 3] = ["failed", "unavailable", "overloaded"];

/// The outcomes that are refusals of the business, or faults of the client.
const REFUSALS: [&str; 2] = ["refused", "invalid"];

/// The difference of two scrapes of one process.
#[derive(Clone, Copy)]
pub struct Rates<'a> {
    /// `None` when the process has begun since, or there is one scrape alone: rates are then those
    /// since its start.
    before: Option<&'a Scrape>,
    pub now: &'a Scrape,
    seconds: f64,
}

impl<'a> Rates<'a> {
    /// The rates between these scrapes. The time between them is that of the server.
    pub fn between(before: Option<&'a Scrape>, now: &'a Scrape) -> Self {
        let uptime = |scrape: &Scrape| scrape.sum("madang_uptime_seconds", &[]);
        let before = before.filter(|before| uptime(before) < uptime(now));
        let seconds = uptime(now) - before.map_or(0.0, uptime);
        Self { before, now, seconds: seconds.max(1e-3) }
    }

    /// The change of a counter in a second.
    pub fn per_s(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let before = self.before.map_or(0.0, |before| before.sum(name, labels));
        (self.now.sum(name, labels) - before).max(0.0) / self.seconds
    }

    /// The mean of a histogram; `None` without an observation.
    pub fn mean(&self, name: &str) -> Option<f64> {
        let count = self.per_s(&format!("{name}_count"), &[]);
        (count > 0.0).then(|| self.per_s(&format!("{name}_sum"), &[]) / count)
    }

    /// The value of a histogram below which this share of the observations is.
    pub fn quantile(&self, name: &str, labels: &[(&str, &str)], share: f64) -> Option<f64> {
        let now = self.now.buckets(name, labels);
        match self.before {
            Some(before) => now.since(&before.buckets(name, labels)).quantile(share),
            None => now.quantile(share),
        }
    }
}

/// The figures of one business.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OfBusiness {
    pub name: String,
    pub commands_per_s: f64,
    pub refusals_per_s: f64,
    pub errors_per_s: f64,
    pub p50: Option<f64>,
    pub p99: Option<f64>,
    pub queries_per_s: f64,
    pub query_p99: Option<f64>,
    /// Aggregates in memory.
    pub active: f64,
    /// Messages on their way to aggregates.
    pub mailbox: f64,
    pub open_sagas: f64,
    /// The age of the oldest open saga, in seconds.
    pub oldest_saga: f64,
    /// The records that its slowest saga, port, lookup or view is behind.
    pub lag: f64,
}

/// The figures of all businesses, by name.
pub fn businesses(rates: &Rates<'_>) -> Vec<OfBusiness> {
    let now = rates.now;
    let mut names: BTreeSet<&str> =
        now.values("madang_aggregates", "business").into_iter().collect();
    names.extend(now.values("madang_view_queries_total", "business"));
    names.into_iter().map(|name| business(rates, name)).collect()
}

fn business(rates: &Rates<'_>, name: &str) -> OfBusiness {
    let of = ("business", name);
    let commands =
        |outcome: &str| rates.per_s("madang_commands_total", &[of, ("outcome", outcome)]);
    let queries =
        |outcome: &str| rates.per_s("madang_view_queries_total", &[of, ("outcome", outcome)]);
    let errors = |outcome: &&str| commands(outcome) + queries(outcome);
    let sagas = parts(rates.now, "madang_sagas_open", "saga", name);
    let followers = parts(rates.now, "madang_subscriber_lag_records", "name", name);
    let duration = "madang_command_duration_seconds";
    let max = |metric: &str, label: &'static str, parts: &[&str]| {
        parts.iter().map(|part| rates.now.max(metric, &[(label, part)])).fold(0.0, f64::max)
    };
    OfBusiness {
        name: name.to_owned(),
        commands_per_s: rates.per_s("madang_commands_total", &[of]),
        refusals_per_s: REFUSALS.iter().map(|outcome| commands(outcome)).sum(),
        errors_per_s: ERRORS.iter().map(errors).sum(),
        p50: rates.quantile(duration, &[of], 0.5),
        p99: rates.quantile(duration, &[of], 0.99),
        queries_per_s: rates.per_s("madang_view_queries_total", &[of]),
        query_p99: rates.quantile("madang_view_query_duration_seconds", &[of], 0.99),
        active: rates.now.sum("madang_aggregates_active", &[of]),
        mailbox: rates.now.sum("madang_mailbox_messages", &[of]),
        open_sagas: sagas
            .iter()
            .map(|saga| rates.now.sum("madang_sagas_open", &[("saga", saga)]))
            .sum(),
        oldest_saga: max("madang_saga_oldest_age_seconds", "saga", &sagas),
        lag: max("madang_subscriber_lag_records", "name", &followers),
    }
}

/// The values of a label that begin with the name of this business.
fn parts<'a>(scrape: &'a Scrape, metric: &str, label: &str, business: &str) -> Vec<&'a str> {
    let of = |part: &str| part.split_once('/').is_some_and(|(of, _)| of == business);
    scrape.values(metric, label).into_iter().filter(|part| of(part)).collect()
}

/// The figures of one gate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OfGate {
    pub name: String,
    pub state: &'static str,
    pub in_flight: f64,
    /// The most calls at once; 0 when there is no limit.
    pub limit: f64,
    pub waiting: f64,
    pub permits_per_s: f64,
    pub rejections_per_s: f64,
}

impl OfGate {
    /// Whether an operator should see it first.
    pub fn is_unusual(&self) -> bool {
        self.state != "closed" || self.waiting > 0.0 || self.rejections_per_s > 0.0
    }

    fn is_in_use(&self) -> bool {
        self.is_unusual() || self.in_flight > 0.0 || self.permits_per_s > 0.0
    }
}

/// The gates in use: the unusual ones first.
pub fn gates(rates: &Rates<'_>) -> Vec<OfGate> {
    let names = rates.now.values("madang_gate_state", "gate");
    let mut gates: Vec<_> =
        names.into_iter().map(|name| gate(rates, name)).filter(OfGate::is_in_use).collect();
    gates.sort_by_key(|gate| !gate.is_unusual());
    gates
}

fn gate(rates: &Rates<'_>, name: &str) -> OfGate {
    let of = ("gate", name);
    let is = |state: &&str| rates.now.sum("madang_gate_state", &[of, ("state", state)]) > 0.0;
    OfGate {
        name: name.to_owned(),
        state: ["open", "half-open"].into_iter().find(is).unwrap_or("closed"),
        in_flight: rates.now.sum("madang_gate_calls_in_flight", &[of]),
        limit: rates.now.sum("madang_gate_limit_calls", &[of]),
        waiting: rates.now.sum("madang_gate_waiting", &[of]),
        permits_per_s: rates.per_s("madang_gate_permits_total", &[of]),
        rejections_per_s: rates.per_s("madang_gate_rejections_total", &[of]),
    }
}

/// A saga, port, lookup or view that is behind or at work.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OfFollower {
    pub part: String,
    pub name: String,
    pub lag: f64,
    pub unfinished: f64,
    pub is_failing: bool,
}

/// The sagas, ports, lookups and views that are behind or at work: the failing ones first, then
/// those that are farthest behind.
pub fn followers(now: &Scrape) -> Vec<OfFollower> {
    let mut followers = Vec::new();
    for part in now.values("madang_subscriber_lag_records", "part") {
        for name in now.values("madang_subscriber_lag_records", "name") {
            let of = [("part", part), ("name", name)];
            let follower = OfFollower {
                part: part.to_owned(),
                name: name.to_owned(),
                lag: now.sum("madang_subscriber_lag_records", &of),
                unfinished: now.sum("madang_subscriber_unfinished", &of),
                is_failing: now.sum("madang_subscriber_failing", &of) > 0.0,
            };
            if follower.lag > 0.0 || follower.unfinished > 0.0 || follower.is_failing {
                followers.push(follower);
            }
        }
    }
    followers.sort_by(|one, other| {
        let order = |it: &OfFollower| (!it.is_failing, -it.lag, -it.unfinished);
        order(one).partial_cmp(&order(other)).unwrap_or(std::cmp::Ordering::Equal)
    });
    followers
}
