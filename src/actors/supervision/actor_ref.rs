//! The actor reference: an address that stays valid when the actor is restarted.

use crate::sync;
use actix::{Actor, ActorContext as _, Addr, ArbiterHandle, Context, Handler, Message};
use std::{
    sync::{Arc, OnceLock, RwLock, mpsc},
    time::Duration,
};

/// The event loop in which an actor starts.
#[derive(Debug)]
pub struct HostLoop {
    /// Its handle.
    pub arbiter: ArbiterHandle,
    /// A loop that does not start an actor within this time is blocked.
    pub begins_within: Duration,
}

/// The message by which the supervisor controls a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum Lifecycle {
    /// Stop, after the messages sent before.
    Stop,
    /// Panic, as an injected fault.
    Panic,
}

impl Lifecycle {
    /// Executes the message in the actor's context.
    ///
    /// # Panics
    /// When the message is [`Self::Panic`].
    pub fn obeyed<A: Actor<Context = Context<A>>>(self, ctx: &mut Context<A>) {
        self.obeyed_after(|| (), ctx);
    }

    /// Executes the message in the actor's context. Before a stop it does this last work, which
    /// writes a checkpoint: a successor then reads few records again.
    ///
    /// # Panics
    /// When the message is [`Self::Panic`].
    pub fn obeyed_after<A: Actor<Context = Context<A>>>(
        self,
        last_work: impl FnOnce(),
        ctx: &mut Context<A>,
    ) {
        match self {
            Self::Stop => {
                last_work();
                ctx.stop();
            }
            Self::Panic => panic!("broken on purpose"),
        }
    }
}

/// The address of a supervised actor, which changes when it is restarted.
pub struct ActorRef<A: Actor>(RwLock<Option<Addr<A>>>);

impl<A: Actor> Default for ActorRef<A> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<A: Actor> ActorRef<A> {
    /// Sets the address of the new actor.
    pub fn take(&self, addr: Addr<A>) {
        *sync::write(&self.0) = Some(addr);
    }

    /// Calls `act` with the current address. The address is not replaced meanwhile.
    pub fn with<T>(&self, act: impl FnOnce(Option<&Addr<A>>) -> T) -> T {
        act(sync::read(&self.0).as_ref())
    }

    /// Returns the current address.
    pub fn addr(&self) -> Option<Addr<A>> {
        sync::read(&self.0).clone()
    }
}

/// Starts an actor in another event loop and waits for its address. An actor that starts too late
/// is stopped.
///
/// # Errors
/// When the loop is blocked or gone.
pub fn start_in<A: Actor<Context = Context<A>> + Handler<Lifecycle>>(
    host: &HostLoop,
    actor: impl FnOnce() -> A + Send + 'static,
) -> Result<Addr<A>, String> {
    // The channel has no buffer, so that the send fails when the caller has stopped waiting. It
    // sends no address, because a channel for each kind of actor is much code.
    let (started, starting) = mpsc::sync_channel::<()>(0);
    let address = Arc::new(OnceLock::new());
    let answered = Arc::clone(&address);
    host.arbiter.spawn_fn(move || {
        let actor = actor().start();
        let _ = answered.set(actor.clone());
        if started.send(()).is_err() {
            actor.do_send(Lifecycle::Stop);
        }
    });
    let started = starting.recv_timeout(host.begins_within).ok();
    let started = started.and_then(|()| address.get().cloned());
    started.ok_or_else(|| "its event loop does not start it".to_owned())
}
