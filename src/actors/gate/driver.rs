//! The gate driver: the one actor that lets time pass for all gates and writes down how they turn.
//!
//! actix's supervisor does not start an actor again that panicked, so somebody waits beside it
//! for its end and starts the next one, who finds all gates as they stand.

use super::registry::Gates;
use actix::{Actor, ArbiterHandle, AsyncContext, Context, WrapFuture};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// The gates are looked at so often at least: for permits of which nobody says anything.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The pause before a gate driver that died is followed by another.
const REBIRTH_PAUSE: Duration = Duration::from_millis(10);

/// Drives all gates.
struct GateDriver {
    gates: Arc<Gates>,
    /// Whoever holds the other end hears of its death.
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

/// Has a gate driver drive the gates, and another one whenever one dies.
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
