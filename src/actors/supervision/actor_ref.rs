//! The address of an actor that stays the same when the actor is restarted.

use actix::{Actor, ActorContext as _, Addr, ArbiterHandle, Context, Handler, Message};
use std::{
    sync::{PoisonError, RwLock, mpsc},
    time::Duration,
};

/// A loop that does not begin a part within this time is blocked.
const BEGINS_WITHIN: Duration = Duration::from_secs(10);

/// Said to whoever is kept alive.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub enum Lifecycle {
    /// Stop, after what was said before.
    Stop,
    /// Panic, on purpose.
    Panic,
}

impl Lifecycle {
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
pub struct ActorRef<A: Actor>(RwLock<Option<Addr<A>>>);

impl<A: Actor> Default for ActorRef<A> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<A: Actor> ActorRef<A> {
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

/// Starts an actor in another loop and waits for its address. One that starts too late stops.
///
/// # Errors
/// When the loop is blocked, or gone.
pub fn start_in<A: Actor<Context = Context<A>> + Handler<Lifecycle>>(
    arbiter: &ArbiterHandle,
    actor: impl FnOnce() -> A + Send + 'static,
) -> Result<Addr<A>, String> {
    // Without room for an address that nobody waits for.
    let (started, starting) = mpsc::sync_channel(0);
    arbiter.spawn_fn(move || {
        if let Err(mpsc::SendError(late)) = started.send(actor().start()) {
            late.do_send(Lifecycle::Stop);
        }
    });
    starting.recv_timeout(BEGINS_WITHIN).map_err(|_| "its loop does not begin it".to_owned())
}
