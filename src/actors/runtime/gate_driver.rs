//! The actor of the gate driver, which the supervisor restarts.

use crate::actors::{
    api::StartError,
    gate::{self, Gates},
    supervision::{Lifecycle, LoopRole, Restart, Supervisor, start_in},
};
use actix::{Actor, AsyncContext as _, Context, Handler, WrapFuture as _};
use std::sync::Arc;

/// The name under which the supervisor restarts it.
const GATE_DRIVER: &str = "gate-driver";

/// The actor that ticks all gates.
struct GateDriver {
    gates: Arc<Gates>,
}

impl Actor for GateDriver {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.spawn(gate::drive(Arc::clone(&self.gates)).into_actor(self));
    }
}

impl Handler<Lifecycle> for GateDriver {
    type Result = ();

    fn handle(&mut self, order: Lifecycle, ctx: &mut Self::Context) {
        order.obeyed(ctx);
    }
}

/// Starts and supervises the gate driver. It has an event loop of its own, so that other work does
/// not delay waiting callers. It writes no records, so its successor waits for nothing.
///
/// # Errors
/// When its event loop does not start it.
pub(super) fn start(gates: &Arc<Gates>, supervisor: &Supervisor) -> Result<(), StartError> {
    let gates = Arc::clone(gates);
    let start = move |host: &_, _| {
        let gates = Arc::clone(&gates);
        Ok(start_in(host, move || GateDriver { gates })?.recipient())
    };
    let gate_loop = supervisor.add_loop("gates", LoopRole::Subscribers);
    supervisor.supervise(GATE_DRIVER, None, (gate_loop, Restart::Beside), Box::new(start))
}
