//! Conversations that stopped before a record: what they said next found somebody suspended, or
//! they crashed on it. They hear nothing until they are called, and then catch up in order.
//!
//! In memory there is only a line for each. Where it stopped, and how it stood there, is written
//! down under a key of its own; what it has missed stands in the journal.

use super::{STOPPED_BIT, checkpoint::SavedInstance};
use crate::{
    actors::{operations::Context, saga::ALARM_BIT},
    store::codec,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

/// At most so many marks of those that have caught up are wiped off by one checkpoint.
const WIPED_MAX: usize = 4_096;

/// What is written down of a conversation that does not hear with the others. Stored; variants
/// are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stopped<S> {
    /// It stands before a record.
    Before {
        /// The last position it has heard.
        after: u64,
        /// How it stood then.
        kept: Option<SavedInstance<S>>,
        /// So many of the commands that the next record leads to have been delivered.
        delivered: u16,
        /// Why it stopped.
        why: Why,
    },
    /// It catches up: its state is written down as of where this sweep is.
    CatchingUp {
        /// The number of the sweep.
        sweep: u64,
    },
}

/// Why a conversation stopped. Stored; variants are only ever added, at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    /// What it said next is for a part that is suspended.
    Waits {
        /// The name of its component.
        context: String,
    },
    /// It crashed.
    Crashed {
        /// What the crash said.
        because: String,
        /// When, in milliseconds since the epoch.
        since_ms: u64,
    },
    /// It crashed, and somebody released it.
    Released,
}

/// What keeps a conversation from hearing with the others.
#[derive(Clone, Debug)]
pub enum ParkState {
    /// This component is suspended.
    Waits(Arc<Context>),
    /// It is in quarantine.
    Crashed,
    /// Nothing any more: the sweep takes it up, when it comes there, or the next one.
    Called,
    /// Nothing any more, but the sweep that is going on has passed it: the next one takes it up.
    /// It would otherwise hear what comes without what it has missed.
    Passed,
    /// It hears with the sweep.
    CatchingUp,
}

/// One reading of the journal again, for those that have missed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchUpScan {
    /// Which one, from 1.
    pub number: u64,
    /// The last position it has read; `None` when it is over.
    pub at: Option<u64>,
}

impl CatchUpScan {
    /// Calls one that stopped behind this position.
    fn called(self, after: u64) -> ParkState {
        if self.at.is_some_and(|at| after < at) { ParkState::Passed } else { ParkState::Called }
    }
}

/// All conversations that stopped.
pub struct ParkedInstances<S> {
    lines: BTreeMap<u64, (u64, ParkState)>,
    waited_for: BTreeMap<&'static str, (Arc<Context>, u64)>,
    /// How many were called and not taken up yet.
    called: usize,
    /// Those that are not, or not surely, on disk as they are here.
    recent: HashMap<u64, Recent<S>>,
    /// Those that have caught up, and are still marked as catching up on disk.
    marked: VecDeque<u64>,
    /// The last sweep, or the one that is going on.
    pub sweep: CatchUpScan,
    is_sweep_changed: bool,
}

struct Recent<S> {
    stopped: Stopped<S>,
    is_changed: bool,
    /// It is on disk as soon as anything behind this position is.
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
            sweep: CatchUpScan { number: 0, at: None },
            is_sweep_changed: false,
        }
    }
}

impl<S: Serialize> ParkedInstances<S> {
    /// Whether this conversation does not hear with the others.
    pub fn holds(&self, number: u64) -> bool {
        self.lines.contains_key(&number)
    }

    /// Whether this conversation is in quarantine.
    pub fn is_crashed(&self, number: u64) -> bool {
        matches!(self.lines.get(&number), Some((_, ParkState::Crashed)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// What keeps this one from hearing a record, if it has to hear it at all.
    pub fn halt(&self, number: u64, position: u64) -> Option<&ParkState> {
        self.lines.get(&number).filter(|(after, _)| *after < position).map(|(_, halt)| halt)
    }

    /// One more, as it is on disk.
    pub fn line(&mut self, number: u64, after: u64, mut halt: ParkState) {
        self.wipe(number);
        if matches!(halt, ParkState::Called) {
            halt = self.sweep.called(after);
        }
        match &halt {
            ParkState::Waits(context) => {
                context.await_more(1);
                let new = || (Arc::clone(context), 0);
                self.waited_for.entry(context.name).or_insert_with(new).1 += 1;
            }
            ParkState::Called => self.called += 1,
            ParkState::Passed | ParkState::Crashed | ParkState::CatchingUp => {}
        }
        self.lines.insert(number, (after, halt));
    }

    /// What is written down of one from now on.
    pub fn put(&mut self, number: u64, stopped: Stopped<S>) {
        let recent = Recent { stopped, is_changed: true, written_behind: None };
        self.recent.insert(number, recent);
    }

    /// What is to be written down of one, unless that is surely on disk.
    pub fn recent(&self, number: u64) -> Option<&Stopped<S>> {
        self.recent.get(&number).map(|recent| &recent.stopped)
    }

    fn wipe(&mut self, number: u64) {
        match self.lines.remove(&number) {
            Some((_, ParkState::Waits(context))) => {
                context.await_less(1);
                if let Some((_, waiting)) = self.waited_for.get_mut(context.name) {
                    *waiting -= 1;
                }
            }
            Some((_, ParkState::Called)) => self.called -= 1,
            Some((_, ParkState::Passed | ParkState::Crashed | ParkState::CatchingUp)) | None => {}
        }
    }

    /// Calls those that wait for somebody who is suspended no longer.
    pub fn call_resumed(&mut self) {
        self.waited_for.retain(|_, (_, waiting)| *waiting > 0);
        if self.waited_for.values().all(|(context, _)| context.is_suspended()) {
            return;
        }
        for (after, halt) in self.lines.values_mut() {
            if let ParkState::Waits(context) = halt
                && !context.is_suspended()
            {
                context.await_less(1);
                if let Some((_, waiting)) = self.waited_for.get_mut(context.name) {
                    *waiting -= 1;
                }
                *halt = self.sweep.called(*after);
                self.called += usize::from(matches!(halt, ParkState::Called));
            }
        }
    }

    /// Where the sweep is that is going on; begins one when somebody was called.
    pub fn sweeping(&mut self) -> Option<u64> {
        if self.sweep.at.is_none() && self.called > 0 {
            let called = self.lines.values().filter(|(_, halt)| matches!(halt, ParkState::Called));
            let first = called.map(|(after, _)| *after).min()?;
            self.sweep = CatchUpScan { number: self.sweep.number + 1, at: Some(first) };
            self.is_sweep_changed = true;
        }
        self.sweep.at
    }

    /// The sweep has read so far.
    pub fn swept(&mut self, position: u64) {
        self.sweep.at = Some(position);
        self.is_sweep_changed = true;
    }

    /// The sweep has reached what the others hear; those that took part hear with them again, and
    /// those that it has passed are called.
    pub fn end_sweep(&mut self) {
        self.sweep.at = None;
        self.is_sweep_changed = true;
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

    /// A mark on disk that no longer means anything.
    pub fn forget_mark(&mut self, number: u64) {
        self.marked.push_back(number);
    }

    /// Whether anything differs from what is written down.
    pub fn is_changed(&self) -> bool {
        self.is_sweep_changed
            || !self.marked.is_empty()
            || self.recent.values().any(|recent| recent.is_changed)
    }

    /// What has to be written down so that nothing differs any more.
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
        if std::mem::take(&mut self.is_sweep_changed) {
            into.push((STOPPED_BIT, Some(codec::encode(&self.sweep))));
        }
    }

    /// What was written down under these keys is durable once anything behind this position is.
    pub fn written(&mut self, keys: &[u64], behind: u64) {
        for key in keys.iter().filter(|key| **key & (ALARM_BIT | STOPPED_BIT) == STOPPED_BIT) {
            if let Some(recent) = self.recent.get_mut(&(key & !STOPPED_BIT)) {
                recent.written_behind = Some(behind);
            }
        }
    }
}

impl<S> Drop for ParkedInstances<S> {
    fn drop(&mut self) {
        for (_, halt) in self.lines.values() {
            if let ParkState::Waits(context) = halt {
                context.await_less(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_sweep_has_passed_is_taken_up_by_the_next_and_hears_what_it_has_missed() {
        let mut stops = ParkedInstances::<()>::default();
        stops.line(1, 100, ParkState::Called);
        assert_eq!(stops.sweeping(), Some(100));
        stops.swept(800);
        stops.line(2, 700, ParkState::Called);
        stops.line(3, 800, ParkState::Called);
        assert!(matches!(stops.halt(2, 801), Some(ParkState::Passed)), "701 to 800 were passed");
        assert!(matches!(stops.halt(3, 801), Some(ParkState::Called)));
        stops.line(1, 100, ParkState::CatchingUp);
        stops.line(3, 800, ParkState::CatchingUp);
        stops.end_sweep();
        assert_eq!(stops.sweeping(), Some(700));
        assert!(matches!(stops.halt(2, 701), Some(ParkState::Called)));
        assert!(!stops.holds(1) && !stops.holds(3));
    }
}
