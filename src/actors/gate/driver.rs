//! The gate driver: the one actor that ticks all gates and logs their transitions.
//!
//! actix's supervisor does not restart an actor that panicked. So a separate task waits for the
//! driver's end and starts the next one, which takes over all gates in their current state.

use super::registry::Gates;
use actix::{Actor, ArbiterHandle, AsyncContext, Context, WrapFuture};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// The longest pause between two ticks; it bounds how late an unreported permit expires.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The pause before a gate driver that died is replaced.
const REBIRTH_PAUSE: Duration = Duration::from_millis(10);

/// The gate driver; it ticks all gates.
struct GateDriver {
    gates: Arc<Gates>,
    /// Dropped with the actor, which notifies the task that restarts it.
    _alive: oneshot::Sender<()>,
}

impl Actor for GateDriver {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let gates = Arc::clone(&self.gates);
        let driving = async move {
            loop {
                gates.tick();
                let bell = gates.bell();
                assert!(!bell.take_poison(), "broken on purpose");
                bell.heard(bell.now() + LOOK_EVERY).await;
            }
        };
        ctx.spawn(driving.into_actor(self));
    }
}

/// Starts the gate driver on this arbiter, and starts another one whenever it dies.
pub fn drive(gates: &Arc<Gates>, arbiter: &ArbiterHandle) {
    let gates = Arc::clone(gates);
    arbiter.spawn(async move {
        let mut died: Option<Instant> = None;
        loop {
            let (alive, death) = oneshot::channel();
            GateDriver { gates: Arc::clone(&gates), _alive: alive }.start();
            if let Some(since) = died {
                gates.note_rebirth(since);
            }
            let _ = death.await;
            tracing::error!("the gatekeeper died and is reborn");
            died = Some(Instant::now());
            tokio::time::sleep(REBIRTH_PAUSE).await;
        }
    });
}
