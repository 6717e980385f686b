//! The latency of a service, and its notation: `510`, `400..620`, `exponential:510`,
//! `lognormal:510:0.5`.

use crate::random::roll;
use serde::{Deserialize, Serialize};
use std::{f64::consts::TAU, fmt, str::FromStr, time::Duration};

/// A distribution of latencies, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "Spelled")]
pub enum Latency {
    /// A constant time.
    Constant(u64),
    /// A uniform distribution, both ends included.
    Uniform { min: u64, max: u64 },
    /// An exponential distribution: mostly shorter than the mean, sometimes far longer.
    Exponential { mean: u64 },
    /// A lognormal distribution: a peak with a long tail. `sigma` is the standard deviation of the
    /// logarithm.
    Lognormal { mean: u64, sigma: f64 },
}

/// The longest latency: ten minutes. Longer samples of a distribution are cut to it.
const LATENCY_MS_MAX: u64 = 600_000;
const SIGMA_MAX: f64 = 5.0;

impl Latency {
    /// Draws the latency of the next call.
    pub fn sample(self) -> Duration {
        let ms = match self {
            Self::Constant(ms) => float(ms),
            Self::Uniform { min, max } => float(min) + roll() * float(max - min),
            Self::Exponential { mean } => float(mean) * -(1.0 - roll()).ln(),
            Self::Lognormal { mean, sigma } => {
                float(mean) * (sigma * normal() - sigma * sigma / 2.0).exp()
            }
        };
        Duration::from_secs_f64(ms.min(float(LATENCY_MS_MAX)) / 1e3)
    }

    /// Whether no call takes any time.
    pub const fn is_none(self) -> bool {
        matches!(self, Self::Constant(0))
    }

    /// The mean latency, in milliseconds.
    pub const fn mean_ms(self) -> u64 {
        match self {
            Self::Constant(mean) | Self::Exponential { mean } | Self::Lognormal { mean, .. } => {
                mean
            }
            Self::Uniform { min, max } => u64::midpoint(min, max),
        }
    }
}

/// A number from the standard normal distribution (Box and Muller 1958).
fn normal() -> f64 {
    (-2.0 * (1.0 - roll()).ln()).sqrt() * (TAU * roll()).cos()
}

/// Converts milliseconds. The result is exact, because no latency is longer than
/// [`LATENCY_MS_MAX`].
#[allow(clippy::cast_precision_loss)]
fn float(ms: u64) -> f64 {
    ms as f64
}

impl Default for Latency {
    fn default() -> Self {
        Self::Constant(0)
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(ms) => write!(to, "{ms}"),
            Self::Uniform { min, max } => write!(to, "{min}..{max}"),
            Self::Exponential { mean } => write!(to, "exponential:{mean}"),
            Self::Lognormal { mean, sigma } => write!(to, "lognormal:{mean}:{sigma}"),
        }
    }
}

impl From<Latency> for String {
    fn from(latency: Latency) -> Self {
        latency.to_string()
    }
}

impl FromStr for Latency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let spelled = if let Some(mean) = text.strip_prefix("exponential:") {
            ms(mean).map(|mean| Self::Exponential { mean })
        } else if let Some((mean, sigma)) =
            text.strip_prefix("lognormal:").and_then(|rest| rest.split_once(':'))
        {
            let sigma = sigma.parse().ok().filter(|sigma| (0.0..=SIGMA_MAX).contains(sigma));
            ms(mean).zip(sigma).map(|(mean, sigma)| Self::Lognormal { mean, sigma })
        } else if let Some((min, max)) = text.split_once("..") {
            let ends = ms(min).zip(ms(max)).filter(|(min, max)| min <= max);
            ends.map(|(min, max)| Self::Uniform { min, max })
        } else {
            ms(text).map(Self::Constant)
        };
        spelled.ok_or_else(|| {
            format!(
                "`{text}` is no latency: say 510, 400..620, exponential:510 or lognormal:510:0.5, \
                 in milliseconds up to {LATENCY_MS_MAX}"
            )
        })
    }
}

fn ms(text: &str) -> Option<u64> {
    text.parse().ok().filter(|ms| *ms <= LATENCY_MS_MAX)
}

/// The JSON form of a latency: a text, or a plain number for a constant.
#[derive(Deserialize)]
#[serde(untagged)]
enum Spelled {
    Number(u64),
    Text(String),
}

impl TryFrom<Spelled> for Latency {
    type Error = String;

    fn try_from(spelled: Spelled) -> Result<Self, String> {
        match spelled {
            Spelled::Number(ms) => ms.to_string().parse(),
            Spelled::Text(text) => text.parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPELLED: [&str; 4] = ["510", "400..620", "exponential:510", "lognormal:510:0.5"];

    fn parsed(text: &str) -> Latency {
        text.parse().unwrap()
    }

    #[test]
    fn a_latency_is_written_as_it_is_read() {
        for text in SPELLED {
            assert_eq!(parsed(text).to_string(), text);
        }
        assert_eq!(serde_json::from_str::<Latency>("510").unwrap(), Latency::Constant(510));
    }

    #[test]
    fn an_invalid_latency_is_refused_with_the_valid_forms() {
        for text in [
            "",
            "soon",
            "620..400",
            "-1",
            "exponential:",
            "lognormal:5",
            "lognormal:5:-1",
            "600001",
        ] {
            let sentence = text.parse::<Latency>().unwrap_err();
            assert!(sentence.contains("400..620"), "{text}: {sentence}");
        }
    }

    #[test]
    #[allow(clippy::cast_precision_loss)]
    fn every_distribution_has_its_stated_mean() {
        for text in SPELLED {
            let latency = parsed(text);
            let sum: f64 = (0..50_000).map(|_| latency.sample().as_secs_f64() * 1e3).sum();
            let (mean, wanted) = (sum / 5e4, latency.mean_ms() as f64);
            assert!((mean - wanted).abs() < wanted * 0.05, "{text}: {mean}");
        }
    }

    #[test]
    fn a_uniform_latency_stays_within_its_ends() {
        let latency = parsed("400..620");
        let ends = Duration::from_millis(400)..=Duration::from_millis(620);
        assert!((0..10_000).all(|_| ends.contains(&latency.sample())));
    }
}
