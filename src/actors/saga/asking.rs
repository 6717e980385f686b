//! What a conversation of a saga waits for, for whoever asks.

use super::{
    Runner,
    conversation::Kept,
    stopped::{Stopped, Why},
};
use crate::{
    actors::conversations::Waiting,
    domain::kernel::{Awaits, Saga},
};
use actix::{Context, Handler, Message};
use serde_json::Value;

/// What does the conversation of this number wait for?
#[derive(Message)]
#[rtype(result = "Result<Waiting, String>")]
pub struct Ask(pub u64);

impl<S: Saga> Handler<Ask> for Runner<S> {
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

/// A conversation that stopped: how it stood then, and why it did.
struct Halted<S> {
    kept: Option<Kept<S>>,
    why: String,
}

impl<S: Saga> Runner<S> {
    /// How a conversation stood when it stopped, and why it did; `None` when it hears with the
    /// others, or is about to.
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
