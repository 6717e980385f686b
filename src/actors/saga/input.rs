//! Maps a journal record to the saga instance it concerns and to the input of its step.

use super::SagaRunner;
use crate::{
    actors::{dispatch::Registry, subscription::origin_of, support::catch_panic},
    domain::kernel::{Id, Meta, RejectedCommand, Saga, Step, Unchanged},
    store::{KindId, Payload, Record},
};

impl<S: Saga> SagaRunner<S> {
    /// Maps a record to the number of a saga instance and its input. A panic is returned as an
    /// error.
    pub(super) fn read_input(
        &self,
        record: &Record,
    ) -> Result<Option<(u64, SagaInput<S>)>, String> {
        catch_panic(|| saga_input(self.cursor.me, &self.services.registry, record))
            .and_then(|input| input)
    }
}

/// Maps a record to the number of an instance of this saga and its input; `None` when the record
/// concerns no instance.
pub fn saga_input<S: Saga>(
    me: KindId,
    registry: &Registry,
    record: &Record,
) -> Result<Option<(u64, SagaInput<S>)>, String> {
    let name_of = |record: &Record| {
        registry.of(record.stream.kind).map_or_else(String::new, |(name, _)| (*name).to_owned())
    };
    match &record.payload {
        Payload::Event(_) => {
            let Some(event) = registry.decode::<S::Events>(record)? else { return Ok(None) };
            Ok(S::route(&event).map(|number| (number, SagaInput::Event(event))))
        }
        Payload::TimerFired if record.stream.kind == me => {
            Ok(Some((record.stream.number, SagaInput::TimerFired)))
        }
        Payload::TimerFired => Ok(None),
        Payload::Unchanged { command } => Ok(origin_of(me, record).map(|origin| {
            let (aggregate, number) = (name_of(record), record.stream.number);
            let unchanged = Unchanged { aggregate, number, command: command.clone() };
            (origin.conversation, SagaInput::Unchanged(unchanged))
        })),
        Payload::Refused { command, reason, rejection } => {
            let Some(origin) = origin_of(me, record) else { return Ok(None) };
            let Some((name, decoder)) = registry.of(record.stream.kind) else {
                return Err(format!("record {}: its kind is unknown", record.position));
            };
            let refused = RejectedCommand {
                aggregate: (*name).to_owned(),
                number: record.stream.number,
                command: command.clone(),
                reason: reason.clone(),
                rejection: decoder.read_rejection(rejection)?,
            };
            Ok(Some((origin.conversation, SagaInput::Rejected(refused))))
        }
    }
}

/// An input of a saga's step: an event, the outcome of one of its commands, or its timer.
pub enum SagaInput<S: Saga> {
    Event(S::Events),
    Rejected(RejectedCommand),
    Unchanged(Unchanged),
    TimerFired,
}

impl<S: Saga> SagaInput<S> {
    /// Runs the saga's step on this input.
    pub(in crate::actors) fn apply_to(self, state: S, number: u64, meta: &Meta) -> Step<S> {
        let me = Id::new(number);
        match self {
            Self::Event(event) => state.react(me, event, meta),
            Self::Rejected(refused) => state.on_rejected(me, &refused),
            Self::Unchanged(unchanged) => state.on_no_op(me, &unchanged),
            Self::TimerFired => state.on_timer(me, meta.time),
        }
    }
}
