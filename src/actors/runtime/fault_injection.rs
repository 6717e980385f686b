//! Fault injection for drills: an operator breaks a part, and it recovers by itself.

use super::parts::RuntimeParts;
use crate::{
    actors::{
        aggregate::InjectedPanic,
        api::{Fault, FaultError},
        operations::OperationsEvent,
        supervision::Supervisor,
    },
    counted::counted,
    store::faults::SimulatedDiskState,
};
use std::time::Duration;

impl RuntimeParts {
    /// Injects a fault and returns a description of what was done.
    pub(in crate::actors) fn break_on_purpose(&self, fault: &Fault) -> Result<String, FaultError> {
        if !self.shared.allows_faults {
            return Err(FaultError::NotAllowed);
        }
        fault.check()?;
        let what = match fault {
            Fault::Panic { resource, number } => {
                self.inject_panic(resource, *number, InjectedPanic::Once)?;
                format!("the next command to {resource} {number} panics")
            }
            Fault::Poison { resource, number } => {
                self.inject_panic(resource, *number, InjectedPanic::UntilReleased)?;
                format!("every command to {resource} {number} panics until it is released")
            }
            Fault::BlockShard { shard, for_ms } => block(&self.supervisor, *shard, *for_ms)?,
            Fault::Break { part } => {
                self.break_part(part)?;
                format!("{part} panics")
            }
            disk_fault => self.break_disk(disk_fault)?,
        };
        self.shared.operations_log.record(OperationsEvent::Broken { what: what.clone() });
        Ok(what)
    }

    fn break_part(&self, part: &str) -> Result<(), FaultError> {
        let gates = &self.shared.gates;
        if part.strip_prefix("gate ").is_some_and(|name| gates.break_on_purpose(name)) {
            return Ok(());
        }
        self.supervisor.break_part(part).map_err(|mut there_are| {
            there_are.extend(gates.all().iter().map(|gate| format!("gate {}", gate.name())));
            FaultError::Unknown { what: part.to_owned(), there_are }
        })
    }

    fn inject_panic(
        &self,
        resource: &str,
        number: u64,
        panic: InjectedPanic,
    ) -> Result<(), FaultError> {
        let named =
            |info: &crate::actors::api::ResourceInfo| format!("{}/{}", info.business, info.name);
        let there_are: Vec<_> = self.resources.iter().map(named).collect();
        if there_are.iter().any(|name| name == resource) {
            return self.shared.injected_panics.aim(resource, number, panic);
        }
        Err(FaultError::Unknown { what: resource.to_owned(), there_are })
    }

    fn break_disk(&self, fault: &Fault) -> Result<String, FaultError> {
        let faults = self.journal.faults().ok_or(FaultError::NoDisk)?;
        let pretend = |pretence, for_ms: u64, like: &str| {
            faults.pretend(pretence, Some(Duration::from_millis(for_ms)));
            format!("the file system appears {like} for {for_ms} ms")
        };
        Ok(match fault {
            Fault::SlowJournal { by_ms, for_ms } => {
                faults.slow_commits(Duration::from_millis(*by_ms), Duration::from_millis(*for_ms));
                format!("every commit takes {by_ms} ms longer for {for_ms} ms")
            }
            Fault::FailFsync { times } => {
                faults.fail_syncs(*times);
                format!("to fail: the next {}", counted(*times, "fsync"))
            }
            Fault::NoSpace { for_ms } => pretend(SimulatedDiskState::NoSpace, *for_ms, "full"),
            Fault::ReadOnly { for_ms } => {
                pretend(SimulatedDiskState::ReadOnly, *for_ms, "read-only")
            }
            _ => String::new(),
        })
    }
}

fn block(supervisor: &Supervisor, shard: u32, for_ms: u64) -> Result<String, FaultError> {
    let lasting = Duration::from_millis(for_ms);
    let unknown = |shards| {
        let there_are = (0..shards).map(|shard: usize| format!("shard {shard}")).collect();
        FaultError::Unknown { what: format!("shard {shard}"), there_are }
    };
    supervisor.block_shard(shard, lasting).map_err(unknown)?;
    Ok(format!("shard {shard} is blocked for {for_ms} ms"))
}
