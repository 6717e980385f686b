//! What a conversation of a saga waits for, for whoever asks.

use super::Runner;
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
        if !self.is_recovered {
            return Err(format!("{} is starting over", S::NAME));
        }
        self.remember(number)?;
        let mut waiting = Waiting {
            saga: S::NAME,
            awaits: Awaits::Nobody,
            state: Value::Null,
            stuck: None,
            alarm: None,
        };
        let Some(conversation) = self.memory.get_mut(number) else { return Ok(waiting) };
        if conversation.is_broken {
            waiting.stuck = Some("it crashed, and hears nothing until the next start".to_owned());
        }
        if let Some(kept) = &conversation.kept {
            waiting.awaits = kept.state.awaits();
            waiting.state = serde_json::to_value(&kept.state).map_err(|error| error.to_string())?;
            waiting.stuck = waiting.stuck.or_else(|| kept.stuck.clone());
            waiting.alarm = kept.alarm;
        }
        Ok(waiting)
    }
}
