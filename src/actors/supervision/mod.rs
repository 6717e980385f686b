//! The supervisor: restarts children that have stopped and replaces event loops that are blocked.
//!
//! ```text
//! thread `watch`, every 100 ms
//!   ├─ a loop is silent        liveness fails; a shard is restarted in another loop
//!   ├─ a commit hangs          liveness fails
//!   └─ a child has stopped     it is restarted from its last checkpoint
//! ```
//! An actix actor that panics cannot be resumed, and its state is lost. The supervisor therefore
//! holds the start function of a child, and other parts hold an [`ActorRef`].

mod actor_ref;
mod child;
mod disk_stall;
mod event_loops;
mod heartbeat;
mod restart_pauses;
mod restart_policy;

pub use actor_ref::{ActorRef, Lifecycle, start_in};
pub use child::{Restart, StartFn};
pub use disk_stall::stalled_commit;
pub use event_loops::LoopRole;
pub use restart_policy::{CrashWindow, RestartDecision};

use crate::sync;
use crate::{
    actors::{
        api::StartError,
        operations::{Component, OperationsEvent, OperationsLog},
        support::{catch_panic, clock, millis},
    },
    store::journal::Journal,
};
use actix::{Arbiter, System};
use child::Child;
use disk_stall::StallMonitor;
use event_loops::EventLoops;
use heartbeat::LOOK_EVERY;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// At the end, subscribers and projectors that do not stop within this time are not waited for.
const STOPS_WITHIN: Duration = Duration::from_millis(500);

/// Supervises the event loops and children of a runtime.
pub struct Supervisor {
    journal: Arc<dyn Journal>,
    operations_log: Arc<OperationsLog>,
    supervised: Mutex<Supervised>,
    /// The names of blocked parts, as of the last check. A lock of its own, so that reading never
    /// waits.
    blocked: Mutex<Vec<String>>,
    looks: AtomicU64,
    is_over: AtomicBool,
    watch: Mutex<Option<JoinHandle<()>>>,
}

/// The supervised loops and children, and the monitors of disk and clock.
struct Supervised {
    loops: EventLoops,
    children: Vec<Child>,
    stall_monitor: StallMonitor,
    clock: clock::Watch,
}

impl Supervisor {
    /// Creates a supervisor without children. A shard without a heartbeat for `blocked_after` is
    /// blocked.
    pub fn new(
        journal: Arc<dyn Journal>,
        operations_log: Arc<OperationsLog>,
        blocked_after: Duration,
    ) -> Arc<Self> {
        let supervised = Supervised {
            loops: EventLoops::new(blocked_after),
            children: Vec::new(),
            stall_monitor: StallMonitor::default(),
            clock: clock::Watch::default(),
        };
        Arc::new(Self {
            journal,
            operations_log,
            supervised: Mutex::new(supervised),
            blocked: Mutex::default(),
            looks: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            watch: Mutex::default(),
        })
    }

    /// Starts an event loop and returns its index.
    pub fn add_loop(&self, name: impl Into<String>, lives: LoopRole) -> usize {
        sync::lock(&self.supervised).loops.add(name.into(), lives)
    }

    /// Monitors a foreign event loop, which is not blocked as long as it polls the returned future.
    pub fn add_foreign_loop(&self, name: String) -> impl Future<Output = ()> + Send + use<> {
        sync::lock(&self.supervised).loops.add_foreign_loop(name)
    }

    /// Starts a child in this loop and supervises it from then on.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn supervise(
        &self,
        name: impl Into<String>,
        component: Option<&Arc<Component>>,
        place: (usize, Restart),
        begin: StartFn,
    ) -> Result<(), StartError> {
        let mut supervised = sync::lock(&self.supervised);
        let named = (name.into(), component.cloned());
        let child =
            Child::new(named, place, &supervised.loops, begin).map_err(StartError::Settings)?;
        supervised.children.push(child);
        Ok(())
    }

    /// Starts the supervisor's thread.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn watch(self: &Arc<Self>) -> Result<(), StartError> {
        let (me, system) = (Arc::clone(self), System::current());
        let watch = thread::Builder::new().name("watch".to_owned()).spawn(move || {
            // New loops are started from this thread.
            System::set_current(system);
            while !me.is_over.load(Ordering::Relaxed) {
                if let Err(reason) = catch_panic(|| me.check()) {
                    tracing::error!(reason, "a check of the supervisor panicked");
                }
                thread::park_timeout(LOOK_EVERY);
            }
        });
        let watch = watch.map_err(|error| StartError::Settings(error.to_string()))?;
        *sync::lock(&self.watch) = Some(watch);
        Ok(())
    }

    /// Returns the names of blocked event loops, including replaced ones that have not woken up,
    /// and the journal while its disk hangs.
    pub fn blocked(&self) -> Vec<String> {
        sync::lock(&self.blocked).clone()
    }

    /// Returns a counter that rises with each check of the supervisor.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// Restarts every child of this component.
    ///
    /// # Errors
    /// The reason why a child cannot be restarted. The supervisor retries by itself.
    pub fn restart(&self, component: &Arc<Component>) -> Result<(), String> {
        let mut supervised = sync::lock(&self.supervised);
        let Supervised { loops, children, .. } = &mut *supervised;
        let since = Instant::now();
        let belongs = |child: &&mut Child| {
            child.component.as_ref().is_some_and(|of_child| Arc::ptr_eq(of_child, component))
        };
        for child in children.iter_mut().filter(belongs) {
            let begun = child.begin_again(loops, &self.journal);
            begun.map_err(|reason| format!("{} was not restarted: {reason}", child.name))?;
        }
        self.record_restart(component.name.to_owned(), "it was requested".to_owned(), since);
        Ok(())
    }

    /// Makes the child of this name panic, as an injected fault.
    ///
    /// # Errors
    /// The names of all children, when there is none of this name.
    pub fn break_part(&self, name: &str) -> Result<(), Vec<String>> {
        let supervised = sync::lock(&self.supervised);
        match supervised.children.iter().find(|child| child.name == name) {
            Some(child) => {
                child.break_it();
                Ok(())
            }
            None => Err(supervised.children.iter().map(|child| child.name.clone()).collect()),
        }
    }

    /// Blocks the loop of a shard for this time, as an injected fault.
    ///
    /// # Errors
    /// The number of shards, when there is none of this number.
    pub fn block_shard(&self, shard: u32, lasting: Duration) -> Result<(), usize> {
        let supervised = sync::lock(&self.supervised);
        let Some(index) = supervised.loops.of_shard(shard) else {
            return Err(supervised.loops.shards());
        };
        supervised.loops.handle(index).spawn_fn(move || block(lasting));
        Ok(())
    }

    /// Stops the supervisor's thread, and then subscribers and projectors, which write their last
    /// checkpoints. Returns their loops.
    pub fn end(&self) -> Vec<Arbiter> {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(watch) = sync::lock(&self.watch).take() {
            watch.thread().unpark();
            let _ = watch.join();
        }
        let mut supervised = sync::lock(&self.supervised);
        let Supervised { loops, children, .. } = &mut *supervised;
        let mut stopping: Vec<_> =
            children.iter().filter(|child| child.has_last_checkpoint()).collect();
        for child in &stopping {
            child.order_to_stop();
        }
        let until = Instant::now() + STOPS_WITHIN;
        stopping.retain(|child| !child.wait_until_stopped(until));
        for child in stopping {
            tracing::warn!(part = child.name, "it does not stop, and writes no last checkpoint");
        }
        loops.take(true)
    }

    /// Returns the loops of the shards. Call it after [`Self::end`].
    pub fn end_shards(&self) -> Vec<Arbiter> {
        sync::lock(&self.supervised).loops.take(false)
    }

    fn check(&self) {
        let mut supervised = sync::lock(&self.supervised);
        let Supervised { loops, children, stall_monitor, clock } = &mut *supervised;
        loops.check();
        if let Some(jump) = clock.look(clock::process()) {
            self.operations_log.record(jump.noted());
        }
        stall_monitor.check(&*self.journal, &self.operations_log);
        let mut blocked = loops.blocked();
        if self.journal.committing().is_some_and(|committing| committing >= loops.leniently()) {
            blocked.push("journal".to_owned());
        }
        *sync::lock(&self.blocked) = blocked;
        for (index, shard, since) in loops.replaceable() {
            self.replace_shard((index, shard, since), loops, children);
        }
        let now = Instant::now();
        for child in children.iter_mut().filter(|child| !child.is_alive()) {
            if child.pauses.may_begin(now) {
                self.restart_child(child, loops);
            }
        }
        self.looks.fetch_add(1, Ordering::Relaxed);
    }

    fn replace_shard(
        &self,
        (index, shard, since): (usize, u32, Instant),
        loops: &mut EventLoops,
        children: &mut [Child],
    ) {
        tracing::error!(shard, silent_ms = millis(since), "a shard is blocked");
        loops.replace(index);
        for child in children.iter_mut().filter(|child| child.on == index) {
            if let Err(reason) = child.begin_again(loops, &self.journal) {
                tracing::error!(part = child.name, reason, "not restarted");
            }
        }
        let (reason, after_ms) = ("its loop was blocked".to_owned(), millis(since));
        self.operations_log.record(OperationsEvent::ShardReplaced { shard, reason, after_ms });
    }

    fn restart_child(&self, child: &mut Child, loops: &EventLoops) {
        let since = Instant::now();
        if loops.is_blocked(child.on) {
            return;
        }
        match child.begin_again(loops, &self.journal) {
            Ok(()) => {
                child.pauses.begun(Instant::now());
                self.record_restart(child.name.clone(), "it had stopped".to_owned(), since);
            }
            Err(reason) => tracing::error!(part = child.name, reason, "not restarted yet"),
        }
    }

    fn record_restart(&self, part: String, reason: String, since: Instant) {
        self.operations_log.record(OperationsEvent::Restarted {
            part,
            reason,
            after_ms: millis(since),
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "the fault is to block the loop")]
fn block(lasting: Duration) {
    thread::sleep(lasting);
}
