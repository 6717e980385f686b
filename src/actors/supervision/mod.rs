//! Who looks after everything that lives: what died is begun again, what is blocked is replaced.
//!
//! ```text
//! watch, a thread of its own, every 50 ms
//!   ├─ a loop is silent      liveness is red; a shard: another loop, its keepers begun again there
//!   ├─ a commit hangs        liveness is red
//!   └─ a part is gone        begun again, from its last checkpoint
//! ```
//! An actor of actix that panics is gone for good, and everything it knew with it. So a part is
//! known here by how it is begun, and by everybody else through a [`ActorRef`].

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

/// Looks after the loops and parts of a house.
pub struct Supervisor {
    journal: Arc<Journal>,
    diary: Arc<OperationsLog>,
    contexts: Arc<Contexts>,
    house: Mutex<Supervised>,
    /// What is blocked, as of the last look; apart, so that asking never waits.
    blocked: Mutex<Vec<String>>,
    looks: AtomicU64,
    is_over: AtomicBool,
    watch: Mutex<Option<JoinHandle<()>>>,
}

/// Everything that is looked after.
struct Supervised {
    loops: EventLoops,
    wards: Vec<Child>,
    vigil: StallMonitor,
    clock: clock::Watch,
}

impl Supervisor {
    /// Nothing to look after yet. A shard that is silent for so long is blocked.
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

    /// One more loop; its index.
    pub fn add_loop(&self, name: impl Into<String>, lives: LoopRole) -> usize {
        lock(&self.house).loops.add(name.into(), lives)
    }

    /// Looks also at a loop of somebody else: it is not blocked as long as this is polled there.
    pub fn add_guest(&self, name: String) -> impl Future<Output = ()> + Send + use<> {
        lock(&self.house).loops.add_guest(name)
    }

    /// What lives in the loop of this index is begun through this.
    pub fn handle(&self, index: usize) -> ArbiterHandle {
        lock(&self.house).loops.handle(index)
    }

    /// Begins a part in this loop, and keeps it alive from then on.
    ///
    /// # Errors
    /// When it cannot be begun.
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

    /// Looks after all that is there, from now on.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn watch(self: &Arc<Self>) -> Result<(), StartError> {
        let (me, system) = (Arc::clone(self), System::current());
        let watch = thread::Builder::new().name("watch".to_owned()).spawn(move || {
            // Further loops are begun from here.
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

    /// The loops that are blocked, by name, and the journal while its disk hangs; of loops
    /// replaced, those that have not woken up.
    pub fn blocked(&self) -> Vec<String> {
        lock(&self.blocked).clone()
    }

    /// Rises as long as somebody looks.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// Begins every part of this component again.
    ///
    /// # Errors
    /// What does not let a part be begun; it is tried again by itself.
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

    /// Lets the part of this name panic.
    ///
    /// # Errors
    /// The names of all parts, when there is none of this name.
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

    /// Blocks the loop of a shard for so long.
    ///
    /// # Errors
    /// How many shards there are, when there is none of this number.
    pub fn block_shard(&self, shard: u32, lasting: Duration) -> Result<(), usize> {
        let house = lock(&self.house);
        let Some(index) = house.loops.of_shard(shard) else { return Err(house.loops.shards()) };
        house.loops.handle(index).spawn_fn(move || block(lasting));
        Ok(())
    }

    /// Looks no more, and gives up the loops of those who follow the journal.
    pub fn end(&self) -> Vec<Arbiter> {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(watch) = lock(&self.watch).take() {
            watch.thread().unpark();
            let _ = watch.join();
        }
        lock(&self.house).loops.take(true)
    }

    /// Gives up the loops of the shards; after [`Self::end`].
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
