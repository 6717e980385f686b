//! The counts and latencies of all answers of a load.

use super::{client::Answer, options::Options};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

/// All answers of a load.
#[derive(Default)]
pub struct Tally {
    by_status: BTreeMap<u16, u64>,
    /// The latency of each answer in microseconds, by class.
    took_us: BTreeMap<&'static str, Vec<u32>>,
    with_retry_after: u64,
    created: Vec<(u16, String)>,
    lost: u64,
    returned: u64,
    succeeded: u64,
    /// The answers in each tenth of a second, by class.
    timeline: Vec<BTreeMap<&'static str, u32>>,
}

/// The class of answers that ask for a later retry at once.
const TURNED_AWAY: &str = "turned_away";
/// The class of answers that ask for a later retry after an outside call failed.
const IN_VAIN: &str = "in_vain";
const TICK_MS: u128 = 100;

impl Tally {
    /// Counts an answer.
    pub fn answered(&mut self, answer: &Answer, took: Duration, at: Duration) {
        let class = class(answer);
        *self.by_status.entry(answer.status).or_default() += 1;
        let took_us = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        self.took_us.entry(class).or_default().push(took_us);
        if answer.comes_back_after().is_some() {
            self.with_retry_after += 1;
        }
        if let (true, Some(location)) = (answer.is_success(), &answer.location) {
            self.created.push((answer.status, location.clone()));
        }
        let tick = usize::try_from(at.as_millis() / TICK_MS).unwrap_or_default();
        if self.timeline.len() <= tick {
            self.timeline.resize_with(tick + 1, BTreeMap::new);
        }
        *self.timeline[tick].entry(class).or_default() += 1;
    }

    /// Counts a request without an answer.
    pub fn lost(&mut self) {
        self.lost += 1;
    }

    /// Counts a retry, and whether it succeeded.
    pub fn came_back(&mut self, is_success: bool) {
        self.returned += 1;
        self.succeeded += u64::from(is_success);
    }

    /// The created and accepted resources: the status and the location, one per line.
    pub fn created(&self) -> String {
        self.created.iter().fold(String::new(), |mut text, (status, location)| {
            let _ = writeln!(text, "{status} {location}");
            text
        })
    }

    /// The report as JSON.
    pub fn report(self, options: &Options, elapsed: Duration) -> Value {
        let answered: u64 = self.by_status.values().sum();
        let slow_us = options.slower_than_ms.saturating_mul(1_000);
        let is_slow = |took: &&u32| u64::from(**took) > slow_us;
        let slow = self.took_us.values().flatten().filter(is_slow).count();
        let with_retry_after =
            share(self.with_retry_after, self.count(TURNED_AWAY) + self.count(IN_VAIN));
        // Answers after the end belong to no second of the load.
        let in_time = self.in_time(options.seconds);
        let rate = |count: Option<&u64>| {
            per_second(
                count.copied().unwrap_or_default(),
                elapsed.as_secs_f64().min(options.seconds),
            )
        };
        let per_second = rate(Some(&in_time.values().sum()));
        let classes: BTreeMap<_, _> = self
            .took_us
            .into_iter()
            .map(|(class, took_us)| (class, summary(took_us, answered, rate(in_time.get(class)))))
            .collect();
        let mut report = json!({
            "seconds": elapsed.as_secs_f64(),
            "answered": answered,
            "lost": self.lost,
            "per_second": per_second,
            "status": self.by_status,
            "classes": classes,
            "retry_after_share": with_retry_after,
            "slower": { "than_ms": options.slower_than_ms, "count": slow },
        });
        if options.obey_retry_after {
            report["returns"] = json!({
                "returned": self.returned,
                "succeeded": self.succeeded,
                "share": share(self.succeeded, self.returned),
            });
        }
        if options.timeline {
            report["timeline"] = json!(self.timeline);
        }
        report
    }

    /// The number of answers of each class within a number of seconds.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a load is short
    fn in_time(&self, seconds: f64) -> BTreeMap<&'static str, u64> {
        let ticks = (Duration::from_secs_f64(seconds).as_millis() / TICK_MS) as usize;
        let mut counts = BTreeMap::new();
        for (class, count) in self.timeline.iter().take(ticks).flatten() {
            *counts.entry(*class).or_default() += u64::from(*count);
        }
        counts
    }

    fn count(&self, class: &str) -> u64 {
        self.took_us.get(class).map_or(0, |took| took.len() as u64)
    }
}

fn class(answer: &Answer) -> &'static str {
    match answer.status {
        _ if answer.is_in_vain => IN_VAIN,
        _ if answer.is_turned_away() => TURNED_AWAY,
        200..300 => "2xx",
        400..500 => "4xx",
        500.. => "5xx",
        _ => "other",
    }
}

fn summary(mut took_us: Vec<u32>, answered: u64, per_second: f64) -> Value {
    took_us.sort_unstable();
    let count = took_us.len();
    // The shortest time within which this share was answered.
    let within = |percent: usize| {
        let rank = (count * percent).div_ceil(100).clamp(1, count);
        f64::from(took_us[rank - 1]) / 1e3
    };
    json!({
        "count": count,
        "share": share(count as u64, answered),
        "per_second": per_second,
        "p50_ms": within(50),
        "p90_ms": within(90),
        "p99_ms": within(99),
        "max_ms": within(100),
    })
}

/// `null` when the whole is 0.
#[allow(clippy::cast_precision_loss)] // the counts stay below 2^53
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[allow(clippy::cast_precision_loss)]
fn per_second(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}
