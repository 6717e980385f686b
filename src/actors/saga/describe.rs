//! The query for what a saga instance waits for.

use super::{
    SagaRunner,
    checkpoint::SavedInstance,
    parked::{ParkReason, Stopped},
    status::{Ask, Waiting},
};
use crate::{
    actors::supervision::ActorRef,
    domain::kernel::{Saga, WaitsFor},
};
use actix::{Context, Handler};
use serde_json::Value;
use std::{future::Future, pin::Pin, sync::Arc};

/// The function that asks a running saga what an instance waits for.
pub type AskSaga =
    Arc<dyn Fn(u64) -> Pin<Box<dyn Future<Output = Result<Waiting, String>> + Send>> + Send + Sync>;

/// Returns the function that asks the runner behind this actor reference.
pub fn asking<S: Saga>(actor_ref: Arc<ActorRef<SagaRunner<S>>>) -> AskSaga {
    Arc::new(move |number| {
        let runner = actor_ref.addr();
        Box::pin(async move {
            let runner = runner.ok_or_else(|| format!("{} is not running", S::NAME))?;
            runner.send(Ask(number)).await.unwrap_or_else(|error| Err(error.to_string()))
        })
    })
}

impl<S: Saga> Handler<Ask> for SagaRunner<S> {
    type Result = Result<Waiting, String>;

    fn handle(&mut self, Ask(number): Ask, _: &mut Context<Self>) -> Self::Result {
        if !self.cursor.is_started {
            return Err(format!("{} is starting", S::NAME));
        }
        let mut waiting = Waiting {
            saga: S::NAME,
            waits_for: WaitsFor::Nothing,
            state: Value::Null,
            stuck: None,
            timer: None,
        };
        let kept = if let Some(stopped) = self.stopped_before(number)? {
            waiting.stuck = Some(stopped.why);
            stopped.kept
        } else {
            self.remember(number)?;
            self.memory.get_mut(number).and_then(|conversation| conversation.kept.clone())
        };
        if let Some(kept) = kept {
            waiting.waits_for = kept.state.waits_for();
            waiting.state = serde_json::to_value(&kept.state).map_err(|error| error.to_string())?;
            waiting.stuck = waiting.stuck.or(kept.stuck);
            waiting.timer = kept.timer;
        }
        Ok(waiting)
    }
}

/// A parked instance: its state and the reason for parking.
struct Halted<S> {
    kept: Option<SavedInstance<S>>,
    why: String,
}

impl<S: Saga> SagaRunner<S> {
    /// Returns the state and reason of a parked instance; `None` when it is not parked, or is about
    /// to resume.
    fn stopped_before(&self, number: u64) -> Result<Option<Halted<S>>, String> {
        if !self.stops.holds(number) {
            return Ok(None);
        }
        let stopped = self.stopped(number).map_err(|error| error.to_string())?;
        let Some(Stopped::Before { kept, why, .. }) = stopped else { return Ok(None) };
        let why = match why {
            ParkReason::Waits { component } => format!("{component} is suspended"),
            ParkReason::Crashed { reason, .. } => format!("it crashed: {reason}"),
            ParkReason::Released => "it is about to resume".to_owned(),
        };
        Ok(Some(Halted { kept, why }))
    }
}
