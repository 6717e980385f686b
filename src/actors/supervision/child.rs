//! A supervised child: a part of the runtime that the supervisor starts and restarts.

use super::{
    actor_ref::{HostLoop, Lifecycle},
    restart_pauses::Pauses,
};
use crate::{
    actors::{operations::Component as Part, supervision::EventLoops},
    store::{Lease, journal::Journal},
};
use actix::{ArbiterHandle, Recipient};
use std::{
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

/// The longest first start of a child. The children before it in its loop may have to read the whole
/// journal, when a store was restored or has lost its checkpoints.
const BEGINS_WITHIN: Duration = Duration::from_secs(3_600);

/// The longest further start of a child.
const BEGINS_AGAIN_WITHIN: Duration = Duration::from_secs(10);

/// A child that does not stop within this time runs in a blocked loop.
const STOPS_WITHIN: Duration = Duration::from_secs(2);

/// The interval at which the supervisor checks that the child has stopped.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A loop that does not end the lease within this time is blocked.
const YIELDS_WITHIN: Duration = Duration::from_millis(100);

/// The time to wait for the journal to settle. After that, the restart is retried later.
const SETTLES_WITHIN: Duration = Duration::from_millis(500);

/// Starts a child on this loop under this lease, and puts its address into its actor reference.
pub type StartFn = Box<dyn Fn(&HostLoop, Lease) -> Result<Recipient<Lifecycle>, String> + Send>;

/// The order of the old and the new actor in a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// The new actor starts beside the old one, which forwards the messages it still gets.
    Beside,
    /// The new actor starts after the old one has stopped and was dropped, from the last
    /// checkpoint. There are no messages to forward.
    After,
}

/// A part of the runtime that the supervisor restarts when it has stopped.
pub struct Child {
    /// `saga taxi/ride`
    pub name: String,
    /// The component of the child; `None` when operators cannot suspend or restart it by name.
    pub component: Option<Arc<Part>>,
    /// The index of its event loop.
    pub on: usize,
    /// The backoff between restarts.
    pub pauses: Pauses,
    handover: Restart,
    begin: StartFn,
    lease: Lease,
    at: Recipient<Lifecycle>,
}

impl Child {
    /// Starts a child for the first time.
    ///
    /// # Errors
    /// When its loop does not start it.
    pub fn new(
        (name, component): (String, Option<Arc<Part>>),
        (on, handover): (usize, Restart),
        loops: &EventLoops,
        begin: StartFn,
    ) -> Result<Self, String> {
        let lease = Lease::default();
        let host = HostLoop { arbiter: loops.handle(on), begins_within: BEGINS_WITHIN };
        let at = begin(&host, lease.clone())?;
        let pauses = Pauses::default();
        Ok(Self { name, component, on, pauses, handover, begin, lease, at })
    }

    /// Returns whether the actor exists and holds a valid lease.
    pub fn is_alive(&self) -> bool {
        self.at.connected() && !self.lease.is_over()
    }

    /// Whether the actor writes a checkpoint before it stops. Its successor starts after it.
    pub fn has_last_checkpoint(&self) -> bool {
        self.handover == Restart::After
    }

    /// Orders the actor to stop.
    pub fn order_to_stop(&self) {
        self.at.do_send(Lifecycle::Stop);
    }

    /// Waits until an actor that was [ordered to](Self::order_to_stop) has stopped, at most up to
    /// this time.
    pub fn wait_until_stopped(&self, until: Instant) -> bool {
        while self.at.connected() {
            if Instant::now() > until {
                return false;
            }
            thread::park_timeout(LOOK_EVERY);
        }
        true
    }

    /// Makes the actor panic as an injected fault.
    pub fn break_it(&self) {
        self.at.do_send(Lifecycle::Panic);
    }

    /// Restarts the actor under a new lease. The caller has to retry after an error.
    ///
    /// # Errors
    /// The reason why it cannot be restarted now.
    pub fn begin_again(
        &mut self,
        loops: &EventLoops,
        journal: &Arc<dyn Journal>,
    ) -> Result<(), String> {
        if self.has_last_checkpoint() {
            self.order_to_stop();
            if !self.wait_until_stopped(Instant::now() + STOPS_WITHIN) {
                return Err("it does not stop".to_owned());
            }
        }
        self.end_lease(&loops.handle(self.on), journal);
        // A queued checkpoint must not be committed while the successor reads its own.
        if self.has_last_checkpoint() && !journal.settle(SETTLES_WITHIN) {
            return Err("the journal does not settle".to_owned());
        }
        let lease = Lease::default();
        let (arbiter, begins_within) = (loops.handle(self.on), BEGINS_AGAIN_WITHIN);
        let at = (self.begin)(&HostLoop { arbiter, begins_within }, lease.clone())?;
        self.lease = lease;
        std::mem::replace(&mut self.at, at).do_send(Lifecycle::Stop);
        Ok(())
    }

    /// Ends the lease between two messages of the loop. No command is being decided at that time,
    /// so no decided command is refused. When the loop is blocked, the lease ends at once.
    fn end_lease(&self, on: &ArbiterHandle, journal: &Arc<dyn Journal>) {
        let (reply, ended) = mpsc::sync_channel(1);
        let (lease, of_loop) = (self.lease.clone(), Arc::clone(journal));
        on.spawn_fn(move || {
            of_loop.end(&lease);
            let _ = reply.send(());
        });
        if ended.recv_timeout(YIELDS_WITHIN).is_err() {
            journal.end(&self.lease);
        }
    }
}
