//! A part of the house that is kept alive: how it is begun, and begun again.

use super::{Loops, pauses::Pauses};
use crate::{
    actors::contexts::Context as Part,
    store::{Lease, journal::Journal},
};
use actix::{Actor, ActorContext as _, Addr, ArbiterHandle, Context, Handler, Message, Recipient};
use std::{
    sync::{Arc, PoisonError, RwLock, mpsc},
    thread,
    time::{Duration, Instant},
};

/// A loop that does not begin a part within this time is blocked.
const BEGINS_WITHIN: Duration = Duration::from_secs(10);

/// A part that does not stop within this time lives in a loop that is blocked.
const STOPS_WITHIN: Duration = Duration::from_secs(2);

/// How often it is looked whether it has stopped.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A loop that does not end a lease within this time is blocked.
const YIELDS_WITHIN: Duration = Duration::from_millis(100);

/// A journal that does not settle within this time is waited for at the next attempt.
const SETTLES_WITHIN: Duration = Duration::from_millis(500);

/// Said to whoever is kept alive.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub enum Order {
    /// Stop, after what was said before.
    Stop,
    /// Panic, on purpose.
    Panic,
}

impl Order {
    /// Does what was ordered.
    ///
    /// # Panics
    /// When that was ordered.
    pub fn obeyed<A: Actor<Context = Context<A>>>(self, ctx: &mut Context<A>) {
        match self {
            Self::Stop => ctx.stop(),
            Self::Panic => panic!("broken on purpose"),
        }
    }
}

/// Where somebody lives now, who may be replaced.
pub struct Seat<A: Actor>(RwLock<Option<Addr<A>>>);

impl<A: Actor> Default for Seat<A> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<A: Actor> Seat<A> {
    /// Lives here from now on.
    pub fn take(&self, addr: Addr<A>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(addr);
    }

    /// Where he lives; nobody takes his place meanwhile.
    pub fn with<T>(&self, act: impl FnOnce(Option<&Addr<A>>) -> T) -> T {
        act(self.0.read().unwrap_or_else(PoisonError::into_inner).as_ref())
    }

    /// Where he lives.
    pub fn addr(&self) -> Option<Addr<A>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Begins a part on this loop, under this lease; what it begins is then in its seat.
pub type Begin = Box<dyn Fn(&ArbiterHandle, Lease) -> Result<Recipient<Order>, String> + Send>;

/// How the place is handed over to a successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handover {
    /// The predecessor passes on what still comes to it.
    Beside,
    /// There is nothing to pass on: the successor begins where the last checkpoint stands, once
    /// the predecessor is gone.
    After,
}

/// A part that is kept alive.
pub struct Ward {
    /// `saga taxi/ride`
    pub name: String,
    /// What it belongs to.
    pub context: Arc<Part>,
    /// In which loop it lives.
    pub on: usize,
    /// How long it stays gone before it is begun again.
    pub pauses: Pauses,
    handover: Handover,
    begin: Begin,
    lease: Lease,
    at: Recipient<Order>,
}

impl Ward {
    /// Begins a part for the first time.
    ///
    /// # Errors
    /// When its loop takes nothing.
    pub fn new(
        (name, context): (String, Arc<Part>),
        (on, handover): (usize, Handover),
        loops: &Loops,
        begin: Begin,
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
        self.at.do_send(Order::Panic);
    }

    /// Begins it again, under a new lease. To be tried again after an error.
    ///
    /// # Errors
    /// What does not let it be begun now.
    pub fn begin_again(&mut self, loops: &Loops, journal: &Arc<Journal>) -> Result<(), String> {
        if self.handover == Handover::After {
            self.stop()?;
        }
        self.end_lease(&loops.handle(self.on), journal);
        // A checkpoint on its way must not come between what the successor reads.
        if self.handover == Handover::After && !journal.settle(SETTLES_WITHIN) {
            return Err("the journal does not settle".to_owned());
        }
        let lease = Lease::default();
        let at = (self.begin)(&loops.handle(self.on), lease.clone())?;
        self.lease = lease;
        std::mem::replace(&mut self.at, at).do_send(Order::Stop);
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
        self.at.do_send(Order::Stop);
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

/// Starts an actor in another loop and waits for its address. One that starts too late stops.
///
/// # Errors
/// When the loop is blocked, or gone.
pub fn start_in<A: Actor<Context = Context<A>> + Handler<Order>>(
    arbiter: &ArbiterHandle,
    actor: impl FnOnce() -> A + Send + 'static,
) -> Result<Addr<A>, String> {
    // Without room for an address that nobody waits for.
    let (started, starting) = mpsc::sync_channel(0);
    arbiter.spawn_fn(move || {
        if let Err(mpsc::SendError(late)) = started.send(actor().start()) {
            late.do_send(Order::Stop);
        }
    });
    starting.recv_timeout(BEGINS_WITHIN).map_err(|_| "its loop does not begin it".to_owned())
}
