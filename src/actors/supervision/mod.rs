//! The supervisor: restarts children that are gone and replaces event loops that are blocked.
//!
//! ```text
//! watch, a thread of its own, every 50 ms
//!   ├─ a loop is silent      liveness is red; a shard: another loop, its keepers begun again there
//!   ├─ a commit hangs        liveness is red
//!   └─ a part is gone        begun again, from its last checkpoint
//! ```
//! An actix actor that panics is gone for good, with its state. The supervisor therefore knows a
//! child by its start function, and other parts know it by an [`ActorRef`].

mod actor_ref;
mod child;
mod disk_stall;
mod event_loops;
mod heartbeat;
mod restart_pauses;
mod restart_policy;

pub use actor_ref::{ActorRef, Lifecycle, start_in};
pub use child::{Restart, StartFn};
pub use disk_stall::hanging;
pub use event_loops::LoopRole;
pub use restart_policy::{CrashWindow, RestartDecision};

use crate::{
    actors::{
        api::StartError,
        operations::{Context, Contexts, OperationsEvent, OperationsLog},
        support::{catch_panic, clock, millis},
    },
    store::journal::Journal,
};
use actix::{Arbiter, ArbiterHandle, System};
use child::Child;
use disk_stall::StallMonitor;
use event_loops::EventLoops;
use heartbeat::LOOK_EVERY;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Supervises the event loops and children of a runtime.
pub struct Supervisor {
    journal: Arc<Journal>,
    diary: Arc<OperationsLog>,
    contexts: Arc<Contexts>,
    house: Mutex<Supervised>,
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
    wards: Vec<Child>,
    vigil: StallMonitor,
    clock: clock::Watch,
}

impl Supervisor {
    /// Creates a supervisor without children. A shard without a heartbeat for `blocked_after` is
    /// blocked.
    pub fn new(
        journal: Arc<Journal>,
        diary: Arc<OperationsLog>,
        contexts: Arc<Contexts>,
        blocked_after: Duration,
    ) -> Arc<Self> {
        let house = Supervised {
            loops: EventLoops::new(blocked_after),
            wards: Vec::new(),
            vigil: StallMonitor::default(),
            clock: clock::Watch::default(),
        };
        Arc::new(Self {
            journal,
            diary,
            contexts,
            house: Mutex::new(house),
            blocked: Mutex::default(),
            looks: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            watch: Mutex::default(),
        })
    }

    /// Starts an event loop and returns its index.
    pub fn add_loop(&self, name: impl Into<String>, lives: LoopRole) -> usize {
        lock(&self.house).loops.add(name.into(), lives)
    }

    /// Monitors a foreign event loop, which is not blocked as long as it polls the returned future.
    pub fn add_guest(&self, name: String) -> impl Future<Output = ()> + Send + use<> {
        lock(&self.house).loops.add_guest(name)
    }

    /// Returns the handle on which actors are started in the loop of this index.
    pub fn handle(&self, index: usize) -> ArbiterHandle {
        lock(&self.house).loops.handle(index)
    }

    /// Starts a child in this loop and supervises it from then on.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn keep(
        &self,
        name: impl Into<String>,
        context: &Arc<Context>,
        place: (usize, Restart),
        begin: StartFn,
    ) -> Result<(), StartError> {
        let mut house = lock(&self.house);
        let named = (name.into(), Arc::clone(context));
        let ward = Child::new(named, place, &house.loops, begin).map_err(StartError::Settings)?;
        house.wards.push(ward);
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
                if let Err(because) = catch_panic(|| me.look()) {
                    tracing::error!(because, "who looks after everything crashed, and goes on");
                }
                thread::park_timeout(LOOK_EVERY);
            }
        });
        let watch = watch.map_err(|error| StartError::Settings(error.to_string()))?;
        *lock(&self.watch) = Some(watch);
        Ok(())
    }

    /// Returns the names of blocked event loops, including replaced ones that have not woken up,
    /// and the journal while its disk hangs.
    pub fn blocked(&self) -> Vec<String> {
        lock(&self.blocked).clone()
    }

    /// Returns a counter that rises with each check of the supervisor.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// Restarts every child of this component.
    ///
    /// # Errors
    /// The reason why a child cannot be restarted; the supervisor tries again by itself.
    pub fn restart(&self, context: &Arc<Context>) -> Result<(), String> {
        let mut house = lock(&self.house);
        let Supervised { loops, wards, .. } = &mut *house;
        let since = Instant::now();
        for ward in wards.iter_mut().filter(|ward| Arc::ptr_eq(&ward.context, context)) {
            let begun = ward.begin_again(loops, &self.journal);
            begun.map_err(|because| format!("{} was not begun again: {because}", ward.name))?;
        }
        self.contexts.stir();
        self.note_restart(context.name.to_owned(), "it was asked for".to_owned(), since);
        Ok(())
    }

    /// Makes the child of this name panic, on purpose.
    ///
    /// # Errors
    /// The names of all children, when there is none of this name.
    pub fn break_part(&self, name: &str) -> Result<(), Vec<String>> {
        let house = lock(&self.house);
        match house.wards.iter().find(|ward| ward.name == name) {
            Some(ward) => {
                ward.break_it();
                Ok(())
            }
            None => Err(house.wards.iter().map(|ward| ward.name.clone()).collect()),
        }
    }

    /// Blocks the loop of a shard for this time, on purpose.
    ///
    /// # Errors
    /// The number of shards, when there is none of this number.
    pub fn block_shard(&self, shard: u32, lasting: Duration) -> Result<(), usize> {
        let house = lock(&self.house);
        let Some(index) = house.loops.of_shard(shard) else { return Err(house.loops.shards()) };
        house.loops.handle(index).spawn_fn(move || block(lasting));
        Ok(())
    }

    /// Stops the supervisor's thread, and returns the loops of subscribers and projectors.
    pub fn end(&self) -> Vec<Arbiter> {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(watch) = lock(&self.watch).take() {
            watch.thread().unpark();
            let _ = watch.join();
        }
        lock(&self.house).loops.take(true)
    }

    /// Returns the loops of the shards. Call it after [`Self::end`].
    pub fn end_shards(&self) -> Vec<Arbiter> {
        lock(&self.house).loops.take(false)
    }

    fn look(&self) {
        let mut house = lock(&self.house);
        let Supervised { loops, wards, vigil, clock } = &mut *house;
        loops.look();
        if let Some(jump) = clock.look(clock::process()) {
            self.diary.note(jump.noted());
        }
        vigil.look(&self.journal, &self.diary);
        let mut blocked = loops.blocked();
        if self.journal.committing().is_some_and(|committing| committing >= loops.leniently()) {
            blocked.push("journal".to_owned());
        }
        *lock(&self.blocked) = blocked;
        for (index, shard, since) in loops.replaceable() {
            self.replace_shard((index, shard, since), loops, wards);
        }
        let now = Instant::now();
        for ward in wards.iter_mut().filter(|ward| !ward.is_alive()) {
            if ward.pauses.may_begin(now) {
                self.revive(ward, loops);
            }
        }
        self.looks.fetch_add(1, Ordering::Relaxed);
    }

    fn replace_shard(
        &self,
        (index, shard, since): (usize, u32, Instant),
        loops: &mut EventLoops,
        wards: &mut [Child],
    ) {
        tracing::error!(shard, silent_ms = millis(since), "a shard is blocked");
        loops.replace(index);
        for ward in wards.iter_mut().filter(|ward| ward.on == index) {
            if let Err(because) = ward.begin_again(loops, &self.journal) {
                tracing::error!(part = ward.name, because, "not begun again");
            }
        }
        let (because, after_ms) = ("its loop was blocked".to_owned(), millis(since));
        self.diary.note(OperationsEvent::ShardReplaced { shard, because, after_ms });
    }

    fn revive(&self, ward: &mut Child, loops: &EventLoops) {
        let since = Instant::now();
        if loops.is_blocked(ward.on) {
            return;
        }
        match ward.begin_again(loops, &self.journal) {
            Ok(()) => {
                ward.pauses.begun(Instant::now());
                self.contexts.stir();
                self.note_restart(ward.name.clone(), "it was gone".to_owned(), since);
            }
            Err(because) => tracing::error!(part = ward.name, because, "not begun again yet"),
        }
    }

    fn note_restart(&self, part: String, because: String, since: Instant) {
        self.diary.note(OperationsEvent::Restarted { part, because, after_ms: millis(since) });
    }
}

#[expect(clippy::disallowed_methods, reason = "to block the loop is what is asked for")]
fn block(lasting: Duration) {
    thread::sleep(lasting);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
