//! Fault injection: the faults that can be injected, and the reasons for a refusal.

use crate::{
    actors::support::in_millis,
    store::faults::{LASTING_MAX, SLOWED_BY_MAX},
};
use serde::Deserialize;
use std::time::Duration;

/// Upper bound of instances that are made to panic.
pub const TARGETS_MAX: usize = 1_024;

/// Upper bound of fsyncs that are made to fail.
const SYNCS_MAX: u64 = 1_000;

/// The longest time an event loop is blocked.
const BLOCKED_MAX: Duration = Duration::from_secs(60);

/// A fault to inject.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// The next command to this instance panics.
    Panic {
        /// `taxi/orders`
        resource: String,
        /// The number of the instance.
        number: u64,
    },
    /// Every command to this instance panics until it is released from quarantine.
    Poison {
        /// `taxi/orders`
        resource: String,
        /// The number of the instance.
        number: u64,
    },
    /// The event loop of a shard is blocked for a while.
    BlockShard {
        /// The shard, from 0.
        shard: u32,
        /// The duration in milliseconds; from 1 to 60,000.
        for_ms: u64,
    },
    /// Commits take longer for a while.
    SlowJournal {
        /// The delay of each commit in milliseconds; from 1 to 10,000.
        by_ms: u64,
        /// The duration in milliseconds; from 1 to 3,600,000.
        for_ms: u64,
    },
    /// The next fsyncs fail.
    FailFsync {
        /// Number of fsyncs; from 1 to 1,000.
        times: u32,
    },
    /// The file system is treated as full for a while.
    NoSpace {
        /// The duration in milliseconds; from 1 to 3,600,000.
        for_ms: u64,
    },
    /// The file system is treated as read-only for a while.
    ReadOnly {
        /// The duration in milliseconds; from 1 to 3,600,000.
        for_ms: u64,
    },
    /// The actor of this part panics, or the state machine of this gate.
    Break {
        /// The part: `saga taxi/ride`, `port taxi/payment`, `view taxi/mypages`, `gate
        /// taxi/payment`. The part `gate-driver` is the driver of all gates.
        part: String,
    },
}

/// The reason why no fault was injected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// The server was started without `--allow-faults`.
    #[error("faults cannot be injected: the server was started without --allow-faults")]
    NotAllowed,
    /// There is no part of this name.
    #[error("there is no {what}; there are {}", there_are.join(", "))]
    Unknown {
        /// The name that was requested.
        what: String,
        /// The names that exist.
        there_are: Vec<String>,
    },
    /// A number is too small or too large.
    #[error("{key} must be from 1 to {max}, not {value}")]
    OutOfRange {
        /// `by_ms`
        key: &'static str,
        /// The value that was given.
        value: u64,
        /// The largest value allowed.
        max: u64,
    },
    /// The journal is kept in memory.
    #[error("the journal has no disk")]
    NoDisk,
    /// The injection itself failed.
    #[error("the fault could not be injected")]
    Failed,
    /// Too many instances are made to panic already.
    #[error("{TARGETS_MAX} instances have an injected panic already")]
    Full,
}

impl Fault {
    /// Checks that the fault ends within a reasonable time.
    ///
    /// # Errors
    /// The first number that is out of its range.
    pub(in crate::actors) fn check(&self) -> Result<(), FaultError> {
        let lasting_max = in_millis(LASTING_MAX);
        match *self {
            Self::BlockShard { for_ms, .. } => in_range("for_ms", for_ms, in_millis(BLOCKED_MAX)),
            Self::SlowJournal { by_ms, for_ms } => {
                in_range("by_ms", by_ms, in_millis(SLOWED_BY_MAX))?;
                in_range("for_ms", for_ms, lasting_max)
            }
            Self::FailFsync { times } => in_range("times", times.into(), SYNCS_MAX),
            Self::NoSpace { for_ms } | Self::ReadOnly { for_ms } => {
                in_range("for_ms", for_ms, lasting_max)
            }
            Self::Panic { .. } | Self::Poison { .. } | Self::Break { .. } => Ok(()),
        }
    }
}

fn in_range(key: &'static str, value: u64, max: u64) -> Result<(), FaultError> {
    if (1..=max).contains(&value) {
        Ok(())
    } else {
        Err(FaultError::OutOfRange { key, value, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_would_last_too_long_is_refused_with_the_range() {
        for (fault, sentence) in [
            (
                Fault::SlowJournal { by_ms: 10_001, for_ms: 1 },
                "by_ms must be from 1 to 10000, not 10001",
            ),
            (Fault::SlowJournal { by_ms: 0, for_ms: 1 }, "by_ms must be from 1 to 10000, not 0"),
            (Fault::SlowJournal { by_ms: 1, for_ms: u64::MAX }, "for_ms must be from 1 to 3600000"),
            (Fault::BlockShard { shard: 0, for_ms: 60_001 }, "for_ms must be from 1 to 60000"),
            (Fault::FailFsync { times: 1_001 }, "times must be from 1 to 1000, not 1001"),
            (Fault::NoSpace { for_ms: 3_600_001 }, "for_ms must be from 1 to 3600000"),
            (Fault::ReadOnly { for_ms: 0 }, "for_ms must be from 1 to 3600000, not 0"),
        ] {
            let refused = fault.check().unwrap_err().to_string();
            assert!(refused.starts_with(sentence), "{refused}");
        }
        assert_eq!(Fault::SlowJournal { by_ms: 10_000, for_ms: 3_600_000 }.check(), Ok(()));
    }

    #[test]
    fn a_fault_is_read_by_its_name_and_unknown_names_and_keys_are_refused() {
        let read = |text: &str| serde_json::from_str::<Fault>(text).ok();
        let fault = read(r#"{"fault":"block-shard","shard":0,"for_ms":3000}"#);
        assert_eq!(fault, Some(Fault::BlockShard { shard: 0, for_ms: 3_000 }));
        assert_eq!(read(r#"{"fault":"block-shard","shard":0,"for_s":3}"#), None);
        assert_eq!(read(r#"{"fault":"flood"}"#), None);
    }
}
