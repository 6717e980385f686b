//! The query for what a saga instance waits for.

use super::{
    SagaRunner,
    checkpoint::SavedInstance,
    parked::{Stopped, Why},
    status::{Ask, Waiting},
};
use crate::{
    actors::supervision::ActorRef,
    domain::kernel::{Awaits, Saga},
};
use actix::{Context, Handler};
use serde_json::Value;
use std::{future::Future, pin::Pin, sync::Arc};

/// The function that asks a running saga what an instance waits for.
pub type AskSaga =
    Arc<dyn Fn(u64) -> Pin<Box<dyn Future<Output = Result<Waiting, String>> + Send>> + Send + Sync>;

/// Returns the function that asks the runner behind this actor reference.
pub fn asking<S: Saga>(seat: Arc<ActorRef<SagaRunner<S>>>) -> AskSaga {
    Arc::new(move |number| {
        let runner = seat.addr();
        Box::pin(async move {
            let runner = runner.ok_or_else(|| format!("{} is not there", S::NAME))?;
            runner.send(Ask(number)).await.unwrap_or_else(|error| Err(error.to_string()))
        })
    })
}

impl<S: Saga> Handler<Ask> for SagaRunner<S> {
    type Result = Result<Waiting, String>;

    fn handle(&mut self, Ask(number): Ask, _: &mut Context<Self>) -> Self::Result {
        if !self.following.is_started {
            return Err(format!("{} is starting over", S::NAME));
        }
        let mut waiting = Waiting {
            saga: S::NAME,
            awaits: Awaits::Nobody,
            state: Value::Null,
            stuck: None,
            alarm: None,
        };
        let kept = if let Some(stopped) = self.stopped_before(number)? {
            waiting.stuck = Some(stopped.why);
            stopped.kept
        } else {
            self.remember(number)?;
            self.memory.get_mut(number).and_then(|conversation| conversation.kept.clone())
        };
        if let Some(kept) = kept {
            waiting.awaits = kept.state.awaits();
            waiting.state = serde_json::to_value(&kept.state).map_err(|error| error.to_string())?;
            waiting.stuck = waiting.stuck.or(kept.stuck);
            waiting.alarm = kept.alarm;
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
    /// to go on.
    fn stopped_before(&self, number: u64) -> Result<Option<Halted<S>>, String> {
        if !self.stops.holds(number) {
            return Ok(None);
        }
        let stopped = self.stopped(number).map_err(|error| error.to_string())?;
        let Some(Stopped::Before { kept, why, .. }) = stopped else { return Ok(None) };
        let why = match why {
            Why::Waits { context } => format!("{context} is suspended"),
            Why::Crashed { because, .. } => format!("it crashed: {because}"),
            Why::Released => "it is about to go on".to_owned(),
        };
        Ok(Some(Halted { kept, why }))
    }
}
