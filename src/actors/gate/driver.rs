//! The gate driver: the actor that ticks all gates and logs their transitions.
//!
//! The supervisor of actix does not restart an actor that panicked. So a separate task waits for
//! the end of the driver and starts the next driver. The gates keep their current state.

use super::registry::Gates;
use actix::{Actor, ArbiterHandle, AsyncContext, Context, WrapFuture};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// The longest pause between two ticks. It bounds how late an unreported permit expires.
const TICK_EVERY: Duration = Duration::from_millis(100);

/// The pause before a gate driver that died is replaced.
const RESTART_PAUSE: Duration = Duration::from_millis(10);

/// The actor that ticks all gates.
struct GateDriver {
    gates: Arc<Gates>,
    /// Dropped with the actor. The drop notifies the task that restarts the actor.
    _alive: oneshot::Sender<()>,
}

impl Actor for GateDriver {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let gates = Arc::clone(&self.gates);
        let driving = async move {
            loop {
                gates.tick();
                let timer = gates.timer();
                assert!(!timer.take_poison(), "broken on purpose");
                timer.until_due(timer.now() + TICK_EVERY).await;
            }
        };
        ctx.spawn(driving.into_actor(self));
    }
}

/// Starts the gate driver on this arbiter, and restarts it each time it dies.
pub fn drive(gates: &Arc<Gates>, arbiter: &ArbiterHandle) {
    let gates = Arc::clone(gates);
    arbiter.spawn(async move {
        let mut died: Option<Instant> = None;
        loop {
            let (alive, death) = oneshot::channel();
            GateDriver { gates: Arc::clone(&gates), _alive: alive }.start();
            if let Some(since) = died {
                gates.note_restart(since);
            }
            let _ = death.await;
            tracing::error!("the gate driver died and is restarted");
            died = Some(Instant::now());
            tokio::time::sleep(RESTART_PAUSE).await;
        }
    });
}
