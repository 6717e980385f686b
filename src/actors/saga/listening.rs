//! Whether and how a record concerns one of a saga's conversations.

use super::Runner;
use crate::{
    domain::kernel::{Id, Meta, Refused, Saga, Step, Unchanged},
    store::{Cause, Origin, Payload, Record},
};

impl<S: Saga> Runner<S> {
    /// Which of this saga's commands led to a record.
    pub(super) fn origin_of_mine(&self, record: &Record) -> Option<Origin> {
        match record.cause {
            Cause::Dispatch(origin) if origin.by == self.me => Some(origin),
            _ => None,
        }
    }

    /// Whether and how a record concerns one of the conversations.
    pub(super) fn listen(&self, record: &Record) -> Result<Option<(u64, Heard<S>)>, String> {
        match &record.payload {
            Payload::Event(_) => {
                let Some(heard) = self.rooms.hear::<S::Hears>(record)? else { return Ok(None) };
                Ok(S::route(&heard).map(|number| (number, Heard::Event(heard))))
            }
            Payload::Woken if record.stream.kind == self.me => {
                Ok(Some((record.stream.number, Heard::Woken)))
            }
            Payload::Woken => Ok(None),
            Payload::Unchanged { command } => Ok(self.origin_of_mine(record).map(|origin| {
                let (aggregate, number) = (self.name_of(record), record.stream.number);
                let unchanged = Unchanged { aggregate, number, command: command.clone() };
                (origin.conversation, Heard::Unchanged(unchanged))
            })),
            Payload::Refused { command, because, rejection } => {
                let Some(origin) = self.origin_of_mine(record) else { return Ok(None) };
                let Some((name, door)) = self.rooms.of(record.stream.kind) else {
                    return Err(format!("record {}: of an unknown kind", record.position));
                };
                let refused = Refused {
                    aggregate: (*name).to_owned(),
                    number: record.stream.number,
                    command: command.clone(),
                    because: because.clone(),
                    rejection: door.read_rejection(rejection)?,
                };
                Ok(Some((origin.conversation, Heard::Refused(refused))))
            }
        }
    }

    fn name_of(&self, record: &Record) -> String {
        self.rooms.of(record.stream.kind).map_or_else(String::new, |(name, _)| (*name).to_owned())
    }
}

/// Something a saga hears.
pub(super) enum Heard<S: Saga> {
    Event(S::Hears),
    Refused(Refused),
    Unchanged(Unchanged),
    Woken,
}

impl<S: Saga> Heard<S> {
    /// What the saga does next.
    pub(super) fn told_to(self, state: S, number: u64, meta: &Meta) -> Step<S> {
        let me = Id::new(number);
        match self {
            Self::Event(heard) => state.react(me, heard, meta),
            Self::Refused(refused) => state.refused(me, &refused),
            Self::Unchanged(unchanged) => state.unchanged(me, &unchanged),
            Self::Woken => state.woken(me, meta.time),
        }
    }
}
