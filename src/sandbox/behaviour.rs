//! The behaviour of a service: its latency, how often it fails, declines or hangs, and when it
//! acts.

use super::latency::Latency;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The behaviour of one service; on the command line, of all of them at the start.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behaviour {
    /// A call takes so many milliseconds: 510, 400..620, exponential:510 or lognormal:510:0.5
    #[arg(long, value_name = "MS", default_value_t)]
    pub latency_ms: Latency,
    /// The share of calls answered 500, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t)]
    pub failure_rate: f64,
    /// The share of keys declined with 402, from 0 to 1; a key always has the same outcome
    #[arg(long, value_name = "SHARE", default_value_t)]
    pub decline_rate: f64,
    /// The share of calls never answered, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t)]
    pub hang_rate: f64,
    /// The most calls in progress at once; further ones are answered 503 [default: any number]
    #[arg(long, value_name = "CALLS")]
    pub capacity: Option<usize>,
    /// When the service acts on a call
    #[arg(long, value_enum, default_value_t)]
    pub acts: Acts,
    /// Act again on a repeated key, as a service without idempotency would
    #[arg(long)]
    pub forgets_keys: bool,
}

/// The time at which a service acts on a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Acts {
    /// As the call arrives, even if it then fails, hangs or is cancelled: a charge may have
    /// happened although no answer came
    #[default]
    First,
    /// Just before the answer is due, even if the client no longer waits for it
    Last,
    /// As the call arrives, but only if an answer will follow
    Answering,
}

impl Behaviour {
    /// This behaviour with some keys changed.
    ///
    /// # Errors
    /// When a key is unknown or invalid; the error is a message that names it.
    pub fn with(self, changes: Map<String, Value>) -> Result<Self, String> {
        let mut keys = serde_json::to_value(self).map_err(|error| error.to_string())?;
        if let Value::Object(keys) = &mut keys {
            keys.extend(changes);
        }
        let behaviour: Self = serde_json::from_value(keys).map_err(|error| error.to_string())?;
        behaviour.checked()
    }

    /// # Errors
    /// When a value is invalid; the error is a message that names its key.
    pub fn checked(self) -> Result<Self, String> {
        let rates = [
            ("failure_rate", self.failure_rate),
            ("decline_rate", self.decline_rate),
            ("hang_rate", self.hang_rate),
        ];
        if let Some((name, rate)) = rates.into_iter().find(|(_, rate)| !(0.0..=1.0).contains(rate))
        {
            return Err(format!("`{name}` is a share from 0 to 1, not {rate}"));
        }
        if self.capacity == Some(0) {
            return Err("`capacity` is at least 1, or null for any number of calls".into());
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changed(changes: &Value) -> Result<Behaviour, String> {
        Behaviour::default().with(changes.as_object().unwrap().clone())
    }

    #[test]
    fn keys_that_are_not_given_stay_unchanged() {
        let slow = changed(&json!({ "latency_ms": "400..620", "capacity": 3 })).unwrap();
        let failing = json!({ "failure_rate": 0.5, "capacity": null });
        let both = slow.with(failing.as_object().unwrap().clone()).unwrap();
        assert_eq!((both.latency_ms, both.capacity), (slow.latency_ms, None));
        assert!((both.failure_rate - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn an_invalid_value_is_refused_with_the_name_of_its_key() {
        for (changes, word) in [
            (json!({ "colour": 1 }), "colour"),
            (json!({ "failure_rate": 1.1 }), "failure_rate"),
            (json!({ "decline_rate": -0.1 }), "decline_rate"),
            (json!({ "capacity": 0 }), "capacity"),
            (json!({ "latency_ms": "soon" }), "latency"),
            (json!({ "acts": "never" }), "never"),
        ] {
            let sentence = changed(&changes).unwrap_err();
            assert!(sentence.contains(word), "{changes}: {sentence}");
        }
    }
}
