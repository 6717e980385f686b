//! Faults on purpose, for drills: something breaks when an operator says so, and heals by itself.

use super::{courtyard::Parts, diary::Note, supervision::Supervisor};
use crate::store::faults::{LASTING_MAX, Pretence, SLOWED_BY_MAX};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// So many instances at most are made to panic.
const STRUCK_MAX: usize = 1_024;

/// So many fsyncs at most are made to fail.
const SYNCS_MAX: u64 = 1_000;

/// No loop is blocked for longer than this.
const BLOCKED_MAX: Duration = Duration::from_secs(60);

/// What is to break.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// The next command to this instance panics.
    Panic {
        /// `taxi/orders`
        resource: String,
        /// Which one.
        number: u64,
    },
    /// Every command to this instance panics until it is released from quarantine.
    Poison {
        /// `taxi/orders`
        resource: String,
        /// Which one.
        number: u64,
    },
    /// The loop of a shard does nothing else for a while.
    BlockShard {
        /// Which one, from 0.
        shard: u32,
        /// How long, in milliseconds; from 1 to 60,000.
        for_ms: u64,
    },
    /// Commits take longer for a while.
    SlowJournal {
        /// By so many milliseconds each; from 1 to 10,000.
        by_ms: u64,
        /// How long, in milliseconds; from 1 to 3,600,000.
        for_ms: u64,
    },
    /// The next fsyncs fail.
    FailFsync {
        /// How many of them; from 1 to 1,000.
        times: u32,
    },
    /// The file system is taken for full for a while.
    NoSpace {
        /// How long, in milliseconds; from 1 to 3,600,000.
        for_ms: u64,
    },
    /// The file system is taken for read-only for a while.
    ReadOnly {
        /// How long, in milliseconds; from 1 to 3,600,000.
        for_ms: u64,
    },
    /// The actor that is this part panics, or the machine of this gate.
    Break {
        /// `saga taxi/ride`, `port taxi/payment`, `view taxi/mypages`, `gate taxi/payment`, `gatekeeper`
        part: String,
    },
}

/// Why nothing was broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbroken {
    /// The server was not started like that.
    #[error("nothing is broken on purpose here: the server was started without --allow-faults")]
    NotAllowed,
    /// There is nothing of this name.
    #[error("there is no {what}; there are {}", there_are.join(", "))]
    Unknown {
        /// What was to break.
        what: String,
        /// What could.
        there_are: Vec<String>,
    },
    /// A number is too small or too large.
    #[error("{key} must be from 1 to {max}, not {value}")]
    OutOfRange {
        /// `by_ms`
        key: &'static str,
        /// What it was.
        value: u64,
        /// What it may be at most.
        max: u64,
    },
    /// Breaking it broke.
    #[error("it could not be broken")]
    Failed,
    /// Too many things are broken already.
    #[error("{STRUCK_MAX} instances are struck already")]
    Full,
}

/// How often an instance is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strike {
    Once,
    UntilReleased,
}

/// The instances that are made to panic. Costs nothing as long as there are none.
#[derive(Debug, Default)]
pub struct Strikes {
    is_any: AtomicBool,
    struck: Mutex<BTreeMap<(String, u64), Strike>>,
}

impl Strikes {
    /// Panics when it is the turn of this instance.
    ///
    /// # Panics
    /// On purpose.
    pub fn strike(&self, resource: &str, number: u64) {
        if !self.is_any.load(Ordering::Relaxed) {
            return;
        }
        let is_struck = {
            let key = (resource.to_owned(), number);
            let mut struck = self.lock();
            let strike = struck.get(&key).copied();
            if strike == Some(Strike::Once) {
                struck.remove(&key);
            }
            strike.is_some()
        };
        assert!(!is_struck, "broken on purpose");
    }

    /// This one is struck no more.
    pub fn forgive(&self, resource: &str, number: u64) {
        if self.is_any.load(Ordering::Relaxed) {
            self.lock().remove(&(resource.to_owned(), number));
        }
    }

    fn aim(&self, resource: &str, number: u64, strike: Strike) -> Result<(), Unbroken> {
        let mut struck = self.lock();
        if struck.len() >= STRUCK_MAX {
            return Err(Unbroken::Full);
        }
        struck.insert((resource.to_owned(), number), strike);
        self.is_any.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, u64), Strike>> {
        self.struck.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    /// Whether it ends within a reasonable time.
    ///
    /// # Errors
    /// The first number that is out of its range.
    fn check(&self) -> Result<(), Unbroken> {
        let lasting_max = millis(LASTING_MAX);
        match *self {
            Self::BlockShard { for_ms, .. } => in_range("for_ms", for_ms, millis(BLOCKED_MAX)),
            Self::SlowJournal { by_ms, for_ms } => {
                in_range("by_ms", by_ms, millis(SLOWED_BY_MAX))?;
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

fn in_range(key: &'static str, value: u64, max: u64) -> Result<(), Unbroken> {
    if (1..=max).contains(&value) { Ok(()) } else { Err(Unbroken::OutOfRange { key, value, max }) }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Parts {
    /// Breaks something; says what was done.
    pub(super) fn break_on_purpose(&self, fault: &Fault) -> Result<String, Unbroken> {
        if !self.shared.allows_faults {
            return Err(Unbroken::NotAllowed);
        }
        fault.check()?;
        let what = match fault {
            Fault::Panic { resource, number } => {
                self.strike(resource, *number, Strike::Once)?;
                format!("the next command to {resource} {number} panics")
            }
            Fault::Poison { resource, number } => {
                self.strike(resource, *number, Strike::UntilReleased)?;
                format!("every command to {resource} {number} panics until it is released")
            }
            Fault::BlockShard { shard, for_ms } => block(&self.supervisor, *shard, *for_ms)?,
            Fault::Break { part } => {
                self.break_part(part)?;
                format!("{part} panics")
            }
            of_the_disk => self.break_disk(of_the_disk),
        };
        self.shared.diary.note(Note::Broken { what: what.clone() });
        Ok(what)
    }

    fn break_part(&self, part: &str) -> Result<(), Unbroken> {
        let gates = &self.shared.gates;
        match part.strip_prefix("gate ") {
            Some(name) if gates.break_on_purpose(name) => return Ok(()),
            None if part == "gatekeeper" => {
                gates.break_keeper_on_purpose();
                return Ok(());
            }
            _ => {}
        }
        self.supervisor.break_part(part).map_err(|mut there_are| {
            there_are.extend(gates.all().iter().map(|gate| format!("gate {}", gate.name())));
            there_are.push("gatekeeper".to_owned());
            Unbroken::Unknown { what: part.to_owned(), there_are }
        })
    }

    fn strike(&self, resource: &str, number: u64, strike: Strike) -> Result<(), Unbroken> {
        let named = |info: &super::facade::ResourceInfo| format!("{}/{}", info.business, info.name);
        let there_are: Vec<_> = self.resources.iter().map(named).collect();
        if there_are.iter().any(|name| name == resource) {
            return self.shared.strikes.aim(resource, number, strike);
        }
        Err(Unbroken::Unknown { what: resource.to_owned(), there_are })
    }

    fn break_disk(&self, fault: &Fault) -> String {
        let faults = self.journal.faults();
        let pretend = |pretence, for_ms: u64, like: &str| {
            faults.pretend(pretence, Some(Duration::from_millis(for_ms)));
            format!("the file system is taken for {like} for {for_ms} ms")
        };
        match fault {
            Fault::SlowJournal { by_ms, for_ms } => {
                faults.slow_commits(Duration::from_millis(*by_ms), Duration::from_millis(*for_ms));
                format!("every commit takes {by_ms} ms longer for {for_ms} ms")
            }
            Fault::FailFsync { times } => {
                faults.fail_syncs(*times);
                format!("the next {times} fsyncs fail")
            }
            Fault::NoSpace { for_ms } => pretend(Pretence::NoSpace, *for_ms, "full"),
            Fault::ReadOnly { for_ms } => pretend(Pretence::ReadOnly, *for_ms, "read-only"),
            _ => String::new(),
        }
    }
}

fn block(supervisor: &Supervisor, shard: u32, for_ms: u64) -> Result<String, Unbroken> {
    let lasting = Duration::from_millis(for_ms);
    let unknown = |shards| {
        let there_are = (0..shards).map(|shard: usize| format!("shard {shard}")).collect();
        Unbroken::Unknown { what: format!("shard {shard}"), there_are }
    };
    supervisor.block_shard(shard, lasting).map_err(unknown)?;
    Ok(format!("shard {shard} is blocked for {for_ms} ms"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::crash::caught;

    #[test]
    fn an_instance_is_struck_once_or_until_it_is_forgiven() {
        let strikes = Strikes::default();
        let is_struck = |number| caught(|| strikes.strike("a/b", number)).is_err();
        strikes.aim("a/b", 1, Strike::Once).unwrap();
        strikes.aim("a/b", 2, Strike::UntilReleased).unwrap();
        assert!(is_struck(1) && !is_struck(1) && !is_struck(3));
        assert!(is_struck(2) && is_struck(2));
        strikes.forgive("a/b", 2);
        assert!(!is_struck(2));
    }

    #[test]
    fn a_fault_that_would_not_end_is_refused_with_the_range() {
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
    fn a_fault_is_read_by_its_name_and_nothing_is_guessed() {
        let read = |text: &str| serde_json::from_str::<Fault>(text).ok();
        let fault = read(r#"{"fault":"block-shard","shard":0,"for_ms":3000}"#);
        assert_eq!(fault, Some(Fault::BlockShard { shard: 0, for_ms: 3_000 }));
        assert_eq!(read(r#"{"fault":"block-shard","shard":0,"for_s":3}"#), None);
        assert_eq!(read(r#"{"fault":"flood"}"#), None);
    }
}
