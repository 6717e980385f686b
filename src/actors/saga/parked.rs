//! Parked saga instances: instances whose next command is for a suspended component, or that
//! crashed on a record. A parked instance gets no input until it is called, which means that it may
//! resume. Then the records it has missed are read again, in order.
//!
//! Memory holds one line per parked instance. The position and state at which it was parked are
//! stored under a key of its own. The records it has missed are in the journal.

use super::{STOPPED_BIT, checkpoint::SavedInstance};
use crate::{
    actors::{operations::Component, saga::TIMER_BIT},
    store::codec,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

/// Upper bound of stored marks of caught-up instances that one checkpoint deletes.
const WIPED_MAX: usize = 4_096;

/// The stored form of a parked saga instance. Stored; variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stopped<S> {
    /// The instance is parked before a record.
    Before {
        /// The last position the instance has processed.
        after: u64,
        /// The state of the instance at that position.
        kept: Option<SavedInstance<S>>,
        /// Number of commands of the next record's reaction that are delivered already.
        delivered: u16,
        /// The reason for parking.
        why: ParkReason,
    },
    /// The instance catches up: its state is stored as of the position of this scan.
    CatchingUp {
        /// The number of the scan.
        scan: u64,
    },
}

/// The reason why a saga instance is parked. Stored; variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParkReason {
    /// The next command of the instance is for a suspended component.
    Waits {
        /// The name of its component.
        component: String,
    },
    /// The instance crashed.
    Crashed {
        /// The panic message.
        reason: String,
        /// The time of the crash, in milliseconds since the epoch.
        since_ms: u64,
    },
    /// The instance crashed, and an operator released it.
    Released,
}

/// The state of a parked instance in memory.
#[derive(Clone, Debug)]
pub enum ParkState {
    /// The instance waits for this component, which is suspended.
    Waits(Arc<Component>),
    /// The instance is in quarantine.
    Crashed,
    /// The instance may resume. The current scan resumes it at its position. When there is no scan,
    /// the next one does.
    Called,
    /// The instance may resume, but the current scan has passed its position. The next scan resumes
    /// it, because the current one would skip the records it has missed.
    Passed,
    /// The instance gets its input from the scan.
    CatchingUp,
}

/// A catch-up scan: one repeated read of the journal for the instances that have missed records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchUpScan {
    /// The number of the scan, from 1.
    pub number: u64,
    /// The last position the scan has read; `None` when it is over.
    pub at: Option<u64>,
}

impl CatchUpScan {
    /// Returns the state of a called instance that was parked after this position.
    fn called(self, after: u64) -> ParkState {
        if self.at.is_some_and(|at| after < at) { ParkState::Passed } else { ParkState::Called }
    }
}

/// All parked saga instances.
pub struct ParkedInstances<S> {
    lines: BTreeMap<u64, (u64, ParkState)>,
    waited_for: BTreeMap<&'static str, (Arc<Component>, u64)>,
    /// Number of instances that were called and have not resumed yet.
    called: usize,
    /// Instances whose stored form on disk may differ from the one here.
    recent: HashMap<u64, Recent<S>>,
    /// Instances that have caught up and are still marked as catching up on disk.
    marked: VecDeque<u64>,
    /// The current catch-up scan, or the last one.
    pub scan: CatchUpScan,
    is_scan_changed: bool,
}

struct Recent<S> {
    stopped: Stopped<S>,
    is_changed: bool,
    /// The stored form is durable as soon as any record after this position is durable.
    written_behind: Option<u64>,
}

impl<S> Default for ParkedInstances<S> {
    fn default() -> Self {
        Self {
            lines: BTreeMap::new(),
            waited_for: BTreeMap::new(),
            called: 0,
            recent: HashMap::new(),
            marked: VecDeque::new(),
            scan: CatchUpScan { number: 0, at: None },
            is_scan_changed: false,
        }
    }
}

impl<S: Serialize> ParkedInstances<S> {
    /// Returns whether this instance is parked.
    pub fn holds(&self, number: u64) -> bool {
        self.lines.contains_key(&number)
    }

    /// Returns whether this instance is in quarantine.
    pub fn is_crashed(&self, number: u64) -> bool {
        matches!(self.lines.get(&number), Some((_, ParkState::Crashed)))
    }

    /// Returns the number of parked instances.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Returns the state of a parked instance if it has not processed this position; `None`
    /// otherwise.
    pub fn halt(&self, number: u64, position: u64) -> Option<&ParkState> {
        self.lines.get(&number).filter(|(after, _)| *after < position).map(|(_, halt)| halt)
    }

    /// Adds the line of a parked instance, or replaces it, as it is on disk.
    pub fn line(&mut self, number: u64, after: u64, mut halt: ParkState) {
        self.wipe(number);
        if matches!(halt, ParkState::Called) {
            halt = self.scan.called(after);
        }
        match &halt {
            ParkState::Waits(component) => {
                component.await_more(1);
                let new = || (Arc::clone(component), 0);
                self.waited_for.entry(component.name).or_insert_with(new).1 += 1;
            }
            ParkState::Called => self.called += 1,
            ParkState::Passed | ParkState::Crashed | ParkState::CatchingUp => {}
        }
        self.lines.insert(number, (after, halt));
    }

    /// Sets the stored form of an instance, to be written by the next checkpoint.
    pub fn put(&mut self, number: u64, stopped: Stopped<S>) {
        let recent = Recent { stopped, is_changed: true, written_behind: None };
        self.recent.insert(number, recent);
    }

    /// Returns the stored form of an instance, unless it is known to be on disk.
    pub fn recent(&self, number: u64) -> Option<&Stopped<S>> {
        self.recent.get(&number).map(|recent| &recent.stopped)
    }

    fn wipe(&mut self, number: u64) {
        match self.lines.remove(&number) {
            Some((_, ParkState::Waits(component))) => {
                component.await_less(1);
                if let Some((_, waiting)) = self.waited_for.get_mut(component.name) {
                    *waiting -= 1;
                }
            }
            Some((_, ParkState::Called)) => self.called -= 1,
            Some((_, ParkState::Passed | ParkState::Crashed | ParkState::CatchingUp)) | None => {}
        }
    }

    /// Calls the instances whose component is no longer suspended.
    pub fn call_resumed(&mut self) {
        self.waited_for.retain(|_, (_, waiting)| *waiting > 0);
        if self.waited_for.values().all(|(component, _)| component.is_suspended()) {
            return;
        }
        for (after, halt) in self.lines.values_mut() {
            if let ParkState::Waits(component) = halt
                && !component.is_suspended()
            {
                component.await_less(1);
                if let Some((_, waiting)) = self.waited_for.get_mut(component.name) {
                    *waiting -= 1;
                }
                *halt = self.scan.called(*after);
                self.called += usize::from(matches!(halt, ParkState::Called));
            }
        }
    }

    /// Returns the position of the current scan. Begins a scan when an instance was called.
    pub fn scanning(&mut self) -> Option<u64> {
        if self.scan.at.is_none() && self.called > 0 {
            let called = self.lines.values().filter(|(_, halt)| matches!(halt, ParkState::Called));
            let first = called.map(|(after, _)| *after).min()?;
            self.scan = CatchUpScan { number: self.scan.number + 1, at: Some(first) };
            self.is_scan_changed = true;
        }
        self.scan.at
    }

    /// Records the position that the scan has read.
    pub fn scanned(&mut self, position: u64) {
        self.scan.at = Some(position);
        self.is_scan_changed = true;
    }

    /// Ends the scan when it has reached the saga's cursor. Instances that took part get their
    /// input from that cursor again. Instances that the scan has passed are called for the next
    /// scan.
    pub fn end_scan(&mut self) {
        self.scan.at = None;
        self.is_scan_changed = true;
        for (_, halt) in
            self.lines.values_mut().filter(|(_, halt)| matches!(halt, ParkState::Passed))
        {
            *halt = ParkState::Called;
            self.called += 1;
        }
        let caught_up =
            |(_, (_, halt)): &(&u64, &(u64, ParkState))| matches!(halt, ParkState::CatchingUp);
        let caught_up: Vec<u64> = self.lines.iter().filter(caught_up).map(|(n, _)| *n).collect();
        for number in caught_up {
            self.lines.remove(&number);
            self.recent.remove(&number);
            self.marked.push_back(number);
        }
    }

    /// Schedules the deletion of a stored mark that is obsolete.
    pub fn forget_mark(&mut self, number: u64) {
        self.marked.push_back(number);
    }

    /// Returns whether anything differs from what is stored.
    pub fn is_changed(&self) -> bool {
        self.is_scan_changed
            || !self.marked.is_empty()
            || self.recent.values().any(|recent| recent.is_changed)
    }

    /// Appends the keys and values that the next checkpoint has to store.
    pub fn write_down(&mut self, durable: u64, into: &mut Vec<(u64, Option<Vec<u8>>)>) {
        let is_on_disk = |recent: &Recent<S>| {
            !recent.is_changed && recent.written_behind.is_some_and(|behind| behind < durable)
        };
        self.recent.retain(|_, recent| !is_on_disk(recent));
        for (number, recent) in self.recent.iter_mut().filter(|(_, recent)| recent.is_changed) {
            into.push((number | STOPPED_BIT, Some(codec::encode(&recent.stopped))));
            (recent.is_changed, recent.written_behind) = (false, None);
        }
        let wiped = self.marked.len().min(WIPED_MAX);
        let lines = &self.lines;
        let wiped = self.marked.drain(..wiped).filter(|number| !lines.contains_key(number));
        into.extend(wiped.map(|number| (number | STOPPED_BIT, None)));
        if std::mem::take(&mut self.is_scan_changed) {
            into.push((STOPPED_BIT, Some(codec::encode(&self.scan))));
        }
    }

    /// Records that the values of these keys are durable once any record after this position is
    /// durable.
    pub fn written(&mut self, keys: &[u64], behind: u64) {
        for key in keys.iter().filter(|key| **key & (TIMER_BIT | STOPPED_BIT) == STOPPED_BIT) {
            if let Some(recent) = self.recent.get_mut(&(key & !STOPPED_BIT)) {
                recent.written_behind = Some(behind);
            }
        }
    }
}

impl<S> Drop for ParkedInstances<S> {
    fn drop(&mut self) {
        for (_, halt) in self.lines.values() {
            if let ParkState::Waits(component) = halt {
                component.await_less(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_that_a_scan_has_passed_resumes_in_the_next_scan_and_misses_no_record() {
        let mut stops = ParkedInstances::<()>::default();
        stops.line(1, 100, ParkState::Called);
        assert_eq!(stops.scanning(), Some(100));
        stops.scanned(800);
        stops.line(2, 700, ParkState::Called);
        stops.line(3, 800, ParkState::Called);
        assert!(matches!(stops.halt(2, 801), Some(ParkState::Passed)), "701 to 800 were passed");
        assert!(matches!(stops.halt(3, 801), Some(ParkState::Called)));
        stops.line(1, 100, ParkState::CatchingUp);
        stops.line(3, 800, ParkState::CatchingUp);
        stops.end_scan();
        assert_eq!(stops.scanning(), Some(700));
        assert!(matches!(stops.halt(2, 701), Some(ParkState::Called)));
        assert!(!stops.holds(1) && !stops.holds(3));
    }
}
