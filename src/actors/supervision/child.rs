//! A part of the runtime that is kept alive: how it is begun, and begun again.

use super::{actor_ref::Lifecycle, restart_pauses::Pauses};
use crate::{
    actors::{operations::Context as Part, supervision::EventLoops},
    store::{Lease, journal::Journal},
};
use actix::{ArbiterHandle, Recipient};
use std::{
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

/// A part that does not stop within this time lives in a loop that is blocked.
const STOPS_WITHIN: Duration = Duration::from_secs(2);

/// How often it is looked whether it has stopped.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A loop that does not end a lease within this time is blocked.
const YIELDS_WITHIN: Duration = Duration::from_millis(100);

/// A journal that does not settle within this time is waited for at the next attempt.
const SETTLES_WITHIN: Duration = Duration::from_millis(500);

/// Begins a part on this loop, under this lease; what it begins is then in its seat.
pub type StartFn =
    Box<dyn Fn(&ArbiterHandle, Lease) -> Result<Recipient<Lifecycle>, String> + Send>;

/// How the place is handed over to a successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// The predecessor passes on what still comes to it.
    Beside,
    /// There is nothing to pass on: the successor begins where the last checkpoint stands, once
    /// the predecessor is gone.
    After,
}

/// A part that is kept alive.
pub struct Child {
    /// `saga taxi/ride`
    pub name: String,
    /// What it belongs to.
    pub context: Arc<Part>,
    /// In which loop it lives.
    pub on: usize,
    /// How long it stays gone before it is begun again.
    pub pauses: Pauses,
    handover: Restart,
    begin: StartFn,
    lease: Lease,
    at: Recipient<Lifecycle>,
}

impl Child {
    /// Begins a part for the first time.
    ///
    /// # Errors
    /// When its loop takes nothing.
    pub fn new(
        (name, context): (String, Arc<Part>),
        (on, handover): (usize, Restart),
        loops: &EventLoops,
        begin: StartFn,
    ) -> Result<Self, String> {
        let lease = Lease::default();
        let at = begin(&loops.handle(on), lease.clone())?;
        let pauses = Pauses::default();
        Ok(Self { name, context, on, pauses, handover, begin, lease, at })
    }

    /// Whether somebody is there who may write.
    pub fn is_alive(&self) -> bool {
        self.at.connected() && !self.lease.is_over()
    }

    /// Lets it panic.
    pub fn break_it(&self) {
        self.at.do_send(Lifecycle::Panic);
    }

    /// Begins it again, under a new lease. To be tried again after an error.
    ///
    /// # Errors
    /// What does not let it be begun now.
    pub fn begin_again(
        &mut self,
        loops: &EventLoops,
        journal: &Arc<Journal>,
    ) -> Result<(), String> {
        if self.handover == Restart::After {
            self.stop()?;
        }
        self.end_lease(&loops.handle(self.on), journal);
        // A checkpoint on its way must not come between what the successor reads.
        if self.handover == Restart::After && !journal.settle(SETTLES_WITHIN) {
            return Err("the journal does not settle".to_owned());
        }
        let lease = Lease::default();
        let at = (self.begin)(&loops.handle(self.on), lease.clone())?;
        self.lease = lease;
        std::mem::replace(&mut self.at, at).do_send(Lifecycle::Stop);
        Ok(())
    }

    /// Ends the lease between two messages of its loop: no command is being decided then, so that
    /// none is decided and refused. When the loop is blocked, the lease ends at any moment.
    fn end_lease(&self, on: &ArbiterHandle, journal: &Arc<Journal>) {
        let (said, ended) = mpsc::sync_channel(1);
        let (lease, of_loop) = (self.lease.clone(), Arc::clone(journal));
        on.spawn_fn(move || {
            of_loop.end(&lease);
            let _ = said.send(());
        });
        if ended.recv_timeout(YIELDS_WITHIN).is_err() {
            journal.end(&self.lease);
        }
    }

    fn stop(&self) -> Result<(), String> {
        self.at.do_send(Lifecycle::Stop);
        let since = Instant::now();
        while self.at.connected() {
            if since.elapsed() > STOPS_WITHIN {
                return Err("it does not stop".to_owned());
            }
            thread::park_timeout(LOOK_EVERY);
        }
        Ok(())
    }
}
