//! The settings of a gate: the configured values over the defaults of its kind.

use super::{
    rules::{BreakerRules, LimitRules, QueueRules, RateRules, Rules, Span},
    types::GateKind,
};
use crate::{
    actors::support::{COUNT_MAX, InvalidSetting, within},
    domain::kernel::{Meanings, in_plain_words},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, time::Duration};

/// The largest window over calls, in calls.
const WINDOW_CALLS_MAX: u64 = 1_000_000;

/// The longest window over time, in seconds: an hour.
const WINDOW_S_MAX: u64 = 3_600;

/// The longest time that the answer to a refused client is held, in milliseconds: a minute.
const HOLD_MS_MAX: u64 = 60_000;

/// The configuration sections `[gates."name"]`, by name.
pub type GatesSettings = BTreeMap<String, GateSettings>;

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $key:ident: $type:ty,)+) => {
        /// The configuration section `[gates."name"]`. A key not given takes the default of the
        /// gate's kind.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct GateSettings {
            $(
                $(#[doc = $doc])+
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $key: Option<$type>,
            )+
        }

        impl GateSettings {
            /// The keys of this section, each with its meaning.
            pub const MEANINGS: Meanings = &[$((stringify!($key), &[$($doc),+])),+];

            /// These settings, with the keys that are not given taken from `others`.
            #[must_use]
            pub(super) fn or(self, others: Self) -> Self {
                Self { $($key: self.$key.or(others.$key),)+ }
            }
        }
    };
}

settings! {
    /// Calls per second; unlimited when not given.
    rate_per_s: f64,
    /// Calls at once after a pause; the calls of one second at the rate when not given.
    burst_calls: u32,
    /// Calls under way at once; unlimited when not given.
    concurrency_max: usize,
    /// Makes the limit follow the measured latency, between this and `concurrency_max`.
    concurrency_min: usize,
    /// Urgent calls that may wait at once.
    waiting_calls_max: usize,
    /// The longest wait of an urgent call, whatever its deadline.
    waiting_ms_max: u64,
    /// The target wait. A queue is over its target when its oldest urgent call has waited longer.
    wait_target_ms: u64,
    /// A queue that is over the target for this whole interval is overloaded. It serves the newest
    /// call first.
    wait_interval_ms: u64,
    /// Whether the gate has a circuit breaker; without one it never opens.
    breaker: bool,
    /// The breaker's window: this number of last calls.
    window_calls: u32,
    /// The breaker's window: the calls of this number of last seconds, instead of `window_calls`.
    window_s: u32,
    /// Rates are ignored while the window holds fewer calls than this.
    minimum_calls: u32,
    /// The share of failed calls that opens the gate, above 0 and up to 1.
    failure_rate: f64,
    /// A call that takes this long is slow.
    slow_call_ms: u64,
    /// The share of slow calls that opens the gate, above 0 and up to 1.
    slow_call_rate: f64,
    /// This many failures in a row open the gate, whatever the rates. Calls that were under way
    /// together count once.
    consecutive_failures: u32,
    /// How long the gate stays open the first time. It doubles each time the trials fail.
    open_ms: u64,
    /// How long the gate stays open at most.
    open_ms_max: u64,
    /// The initial rate of trials per second while half-open. It doubles with each success.
    probes_per_s: f64,
    /// This many trials close the gate, unless failed or slow trials reach their rate.
    trial_calls: u32,
    /// A permit that is not reported within this time counts as failed, and its place is freed.
    permit_ms: u64,
    /// The longest retry delay, before the random spread.
    retry_after_ms_max: u64,
    /// How long the answer to a refused client is held; not at all when not given. Clients that
    /// repeat at once slow down then.
    hold_ms: u64,
}

impl GateSettings {
    /// The defaults of a kind of gate. Windows, rates and trials of the breaker have the defaults
    /// of Resilience4j. The open time is shorter, because the minute of Resilience4j is longer than
    /// a client waits. Rate-limited trials cost little.
    #[must_use]
    pub fn usual(guards: GateKind) -> Self {
        let is_admission = guards == GateKind::Admission;
        Self {
            concurrency_max: is_admission.then_some(1_024),
            waiting_calls_max: Some(if is_admission { 4_096 } else { 1_024 }),
            waiting_ms_max: Some(10_000),
            wait_target_ms: Some(if is_admission { 5 } else { 100 }),
            wait_interval_ms: Some(if is_admission { 100 } else { 1_000 }),
            breaker: Some(!is_admission),
            window_calls: Some(100),
            minimum_calls: Some(100),
            failure_rate: Some(0.5),
            slow_call_ms: Some(60_000),
            slow_call_rate: Some(1.0),
            consecutive_failures: Some(10),
            open_ms: Some(500),
            open_ms_max: Some(1_000),
            probes_per_s: Some(10.0),
            trial_calls: Some(10),
            permit_ms: Some(60_000),
            retry_after_ms_max: Some(30_000),
            ..Self::default()
        }
    }

    /// These settings over the defaults of the gate's kind.
    #[must_use]
    pub fn over_usual(&self, guards: GateKind) -> Self {
        let mut usual = Self::usual(guards);
        if self.window_s.is_some() {
            usual.window_calls = None;
        }
        self.clone().or(usual)
    }

    /// These settings with some keys changed. A null resets its key to the default.
    ///
    /// # Errors
    /// A sentence that names the key that is unknown or has an invalid value.
    pub fn changed(&self, changes: &Map<String, Value>) -> Result<Self, String> {
        let mut keys = match serde_json::to_value(self) {
            Ok(Value::Object(configured)) => configured,
            _ => Map::new(),
        };
        // A gate has one window, so the key set last replaces the other one.
        if let Some(other) = Self::replaced_window(changes) {
            keys.remove(other);
        }
        for (key, value) in changes {
            let alone = Map::from_iter([(key.clone(), value.clone())]);
            let read = serde_json::from_value::<Self>(Value::Object(alone));
            read.map_err(|error| format!("{key}: {}", in_plain_words(&error.to_string())))?;
            keys.insert(key.clone(), value.clone());
        }
        let read = serde_json::from_value(Value::Object(keys));
        read.map_err(|error| in_plain_words(&error.to_string()))
    }

    /// The key of the other window, when these changes set one window alone.
    pub(super) fn replaced_window(changes: &Map<String, Value>) -> Option<&'static str> {
        let is_set = |key: &str| changes.get(key).is_some_and(|value| !value.is_null());
        match (is_set("window_s"), is_set("window_calls")) {
            (true, false) => Some("window_calls"),
            (false, true) => Some("window_s"),
            _ => None,
        }
    }

    /// Checks these settings over the defaults, and converts them to rules.
    ///
    /// # Errors
    /// A sentence that names the key with an invalid value.
    pub fn rules(&self, guards: GateKind) -> Result<Rules, String> {
        let all = self.over_usual(guards);
        all.check()?;
        Ok(all.as_rules())
    }

    /// Converts settings that are complete and checked to rules.
    fn as_rules(&self) -> Rules {
        let ms = |value: Option<u64>| Duration::from_millis(value.unwrap_or_default());
        let rate = self.rate_per_s.map(|per_s| {
            let burst = self.burst_calls.map_or_else(|| per_s.ceil(), f64::from);
            RateRules { per_s, burst }
        });
        let limit = match (self.concurrency_min, self.concurrency_max) {
            (_, None) => LimitRules::Unlimited,
            (None, Some(max)) => LimitRules::Fixed(max),
            (Some(min), Some(max)) => LimitRules::Adaptive { min, max },
        };
        let queue = QueueRules {
            calls_max: self.waiting_calls_max.unwrap_or_default(),
            waiting_max: ms(self.waiting_ms_max),
            wait_target: ms(self.wait_target_ms),
            wait_interval: ms(self.wait_interval_ms),
        };
        let breaker = BreakerRules {
            span: match self.window_s {
                Some(seconds) => Span::Seconds(seconds),
                None => Span::Calls(self.window_calls.unwrap_or_default()),
            },
            minimum_calls: self.minimum_calls(),
            failure_rate: self.failure_rate.unwrap_or_default(),
            slow_call: ms(self.slow_call_ms),
            slow_call_rate: self.slow_call_rate.unwrap_or_default(),
            consecutive_failures: self.consecutive_failures,
            open: ms(self.open_ms),
            open_max: ms(self.open_ms_max).max(ms(self.open_ms)),
            probes_per_s: self.probes_per_s.unwrap_or_default(),
            trial_calls: self.trial_calls.unwrap_or_default(),
        };
        Rules {
            rate,
            limit,
            queue,
            breaker: (self.breaker == Some(true)).then_some(breaker),
            permit: ms(self.permit_ms),
            retry_after_max: ms(self.retry_after_ms_max),
            hold: ms(self.hold_ms),
        }
    }

    /// The defaults of a kind of gate, as rules.
    pub(super) fn usual_rules(guards: GateKind) -> Rules {
        Self::usual(guards).as_rules()
    }

    /// Caps the minimum at the calls that the window holds, as Resilience4j does.
    fn minimum_calls(&self) -> u32 {
        self.minimum_calls.unwrap_or_default().min(self.window_calls.unwrap_or(u32::MAX))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let shares = [("failure_rate", self.failure_rate), ("slow_call_rate", self.slow_call_rate)];
        for (key, share) in shares {
            if share.is_some_and(|share| !(share > 0.0 && share <= 1.0)) {
                return Err(format!("{key} is above 0 and at most 1, not {}", text(share)));
            }
        }
        for (key, rate) in [("rate_per_s", self.rate_per_s), ("probes_per_s", self.probes_per_s)] {
            if rate.is_some_and(|rate| !(0.001..=1e9).contains(&rate)) {
                return Err(format!("{key} is from 0.001 to 1000000000, not {}", text(rate)));
            }
        }
        self.check_whole_numbers()?;
        if self.window_s.is_some() && self.window_calls.is_some() {
            return Err("window_calls and window_s exclude each other".into());
        }
        if self.burst_calls.is_some() && self.rate_per_s.is_none() {
            return Err("burst_calls means nothing without rate_per_s".into());
        }
        match (self.concurrency_min, self.concurrency_max) {
            (Some(_), None) => Err("concurrency_min means nothing without concurrency_max".into()),
            (Some(min), Some(max)) if min > max => {
                Err(format!("concurrency_min is at most concurrency_max, not {min} over {max}"))
            }
            _ => Ok(()),
        }
    }

    fn check_whole_numbers(&self) -> Result<(), String> {
        let wide = |value: Option<u32>| value.map(u64::from);
        let size = |value: Option<usize>| value.map(|value| value as u64);
        let all = [
            ("burst_calls", wide(self.burst_calls), COUNT_MAX),
            ("concurrency_max", size(self.concurrency_max), COUNT_MAX),
            ("concurrency_min", size(self.concurrency_min), COUNT_MAX),
            ("waiting_calls_max", size(self.waiting_calls_max), COUNT_MAX),
            ("waiting_ms_max", self.waiting_ms_max, COUNT_MAX),
            ("wait_target_ms", self.wait_target_ms, COUNT_MAX),
            ("wait_interval_ms", self.wait_interval_ms, COUNT_MAX),
            // Bounded more tightly: a window keeps an entry in memory for each call or second.
            ("window_calls", wide(self.window_calls), WINDOW_CALLS_MAX),
            ("window_s", wide(self.window_s), WINDOW_S_MAX),
            ("minimum_calls", wide(self.minimum_calls), COUNT_MAX),
            ("slow_call_ms", self.slow_call_ms, COUNT_MAX),
            ("consecutive_failures", wide(self.consecutive_failures), COUNT_MAX),
            ("open_ms", self.open_ms, COUNT_MAX),
            ("open_ms_max", self.open_ms_max, COUNT_MAX),
            ("trial_calls", wide(self.trial_calls), COUNT_MAX),
            ("permit_ms", self.permit_ms, COUNT_MAX),
            ("retry_after_ms_max", self.retry_after_ms_max, COUNT_MAX),
            ("hold_ms", self.hold_ms, HOLD_MS_MAX),
        ];
        let given = all.into_iter().filter_map(|(key, value, most)| Some((key, value?, 1..=most)));
        within(given).map_err(|InvalidSetting { key, reason }| format!("{key} {reason}"))
    }
}

fn text(number: Option<f64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Result<Rules, String> {
        let settings = serde_json::from_value::<GateSettings>(value).expect("settings");
        settings.rules(GateKind::Port)
    }

    fn changes(value: &Value) -> &Map<String, Value> {
        value.as_object().expect("an object")
    }

    #[test]
    fn the_default_settings_are_valid() {
        for guards in [GateKind::Port, GateKind::Step, GateKind::Admission] {
            let rules = GateSettings::default().rules(guards).expect("valid");
            assert_eq!(rules.breaker.is_some(), guards != GateKind::Admission);
            let is_limited = rules.limit == LimitRules::Fixed(1_024);
            assert_eq!(is_limited, guards == GateKind::Admission);
        }
    }

    #[test]
    fn an_invalid_value_is_refused_with_its_key() {
        for (settings, reason) in [
            (json!({"failure_rate": 7.0}), "failure_rate is above 0 and at most 1, not 7"),
            (json!({"failure_rate": 0.0}), "failure_rate is above 0 and at most 1, not 0"),
            (json!({"rate_per_s": -1.0}), "rate_per_s is from 0.001 to 1000000000, not -1"),
            (json!({"concurrency_max": 0}), "concurrency_max must be from 1 to 4294967295, not 0"),
            (
                json!({"open_ms": u64::MAX}),
                "open_ms must be from 1 to 4294967295, not 18446744073709551615",
            ),
            (json!({"hold_ms": 60_001}), "hold_ms must be from 1 to 60000, not 60001"),
            (json!({"window_s": 3_601}), "window_s must be from 1 to 3600, not 3601"),
            (
                json!({"window_calls": 1_000_001}),
                "window_calls must be from 1 to 1000000, not 1000001",
            ),
            (
                json!({"window_s": 1, "window_calls": 1}),
                "window_calls and window_s exclude each other",
            ),
            (json!({"burst_calls": 1}), "burst_calls means nothing without rate_per_s"),
            (
                json!({"concurrency_min": 1}),
                "concurrency_min means nothing without concurrency_max",
            ),
        ] {
            assert_eq!(read(settings), Err(reason.to_owned()));
        }
    }

    #[test]
    fn a_key_is_changed_and_reset() {
        let settings = GateSettings { rate_per_s: Some(7.0), ..GateSettings::default() };
        let changed = settings.changed(changes(&json!({"rate_per_s": null, "open_ms": 9})));
        let expected = GateSettings { open_ms: Some(9), ..GateSettings::default() };
        assert_eq!(changed, Ok(expected));
        let unknown = settings.changed(changes(&json!({"colour": 9}))).unwrap_err();
        assert!(unknown.starts_with("colour: unknown field `colour`"), "{unknown}");
        let wrong = settings.changed(changes(&json!({"open_ms": "long"}))).unwrap_err();
        let expected = "open_ms: invalid value: the text \"long\", expected a whole number";
        assert_eq!(wrong, expected);
    }

    #[test]
    fn a_window_over_time_replaces_a_window_over_calls() {
        let over_calls = GateSettings { window_calls: Some(9), ..GateSettings::default() };
        let over_time = over_calls.changed(changes(&json!({"window_s": 3}))).unwrap();
        let span = over_time.rules(GateKind::Port).unwrap().breaker.map(|breaker| breaker.span);
        assert_eq!(span, Some(Span::Seconds(3)));
    }
}
