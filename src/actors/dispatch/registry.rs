//! The registry of aggregate kinds, by name and by number. It decodes records for subscribers and
//! delivers internal commands.

use super::{
    delivery::{Ack, AckLevel, DeliveryError, Fence, Inherited, InternalCommand},
    dyn_aggregate::DynAggregate,
};
use crate::{
    actors::support::{Backoff, batch_wakes},
    domain::kernel::{Aggregate, AnyEvent, Dispatch, EventSet, Id},
    store::{KindId, KindSet, Origin, Payload, Record, journal::Journal},
};
use std::{any::Any, collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// The pauses between attempts to deliver an internal command.
const REDELIVERY: Backoff = Backoff { base: Duration::from_millis(1), max: Duration::from_secs(2) };

/// All aggregate kinds.
#[derive(Clone, Default)]
pub struct Registry {
    by_name: HashMap<&'static str, Arc<dyn DynAggregate>>,
    by_kind: Vec<Option<(&'static str, Arc<dyn DynAggregate>)>>,
}

impl Registry {
    /// Adds an aggregate kind.
    pub fn add(&mut self, name: &'static str, aggregate: Arc<dyn DynAggregate>) {
        let index = usize::from(aggregate.kind().0);
        if self.by_kind.len() <= index {
            self.by_kind.resize_with(index + 1, || None);
        }
        self.by_kind[index] = Some((name, Arc::clone(&aggregate)));
        self.by_name.insert(name, aggregate);
    }

    /// The aggregate kind of this number, with its name.
    pub fn of(&self, kind: KindId) -> Option<&(&'static str, Arc<dyn DynAggregate>)> {
        self.by_kind.get(usize::from(kind.0))?.as_ref()
    }

    /// The journal number of the aggregate kind of this name.
    pub fn kind(&self, name: &str) -> Option<KindId> {
        self.by_name.get(name).map(|aggregate| aggregate.kind())
    }

    /// The kinds whose events a subscriber receives.
    pub fn kinds_of<H: EventSet>(&self) -> KindSet {
        let aggregates = H::KINDS.iter().filter_map(|name| self.by_name.get(name));
        aggregates.map(|aggregate| aggregate.kind()).collect()
    }

    /// Decodes a record for a subscriber; `None` when the subscriber does not handle it.
    ///
    /// # Errors
    /// When the record cannot be read. Such a record must never be skipped.
    pub fn decode<H: EventSet>(&self, record: &Record) -> Result<Option<H>, String> {
        let Payload::Event(bytes) = &record.payload else { return Ok(None) };
        let Some((name, aggregate)) = self.of(record.stream.kind) else { return Ok(None) };
        if !H::KINDS.contains(name) {
            return Ok(None);
        }
        let event = match &record.typed {
            Some(event) => Arc::clone(event),
            None => aggregate.read_event(bytes).map_err(|error| {
                format!("record {} of {name} {}: {error}", record.position, record.stream.number)
            })?,
        };
        Ok(H::from_event(&DecodedEvent { name, number: record.stream.number, event: &*event }))
    }

    /// Delivers a command under this fence, with what it inherits from the record that led to it, with
    /// retries and without a time limit.
    ///
    /// # Errors
    /// When the fence is over, so that the sender has to start over, or when the receiving
    /// component is suspended.
    pub async fn deliver(
        &self,
        journal: &dyn Journal,
        fence: &Fence,
        dispatch: &Dispatch,
        (origin, inherited): (Origin, &Inherited),
        when: AckLevel,
    ) -> Result<(), DeliveryError> {
        let mut attempts = 0;
        loop {
            match self.deliver_once(journal, fence, dispatch, (origin, inherited), when).await {
                Err(DeliveryError::Later) => {
                    tracing::debug!(?dispatch, "not delivered, trying again");
                    tokio::time::sleep(REDELIVERY.pause(attempts)).await;
                    attempts += 1;
                }
                result => return result,
            }
        }
    }

    /// One attempt of [`Self::deliver`].
    ///
    /// # Errors
    /// The reason why the command was not delivered.
    pub async fn deliver_once(
        &self,
        journal: &dyn Journal,
        fence: &Fence,
        dispatch: &Dispatch,
        (origin, inherited): (Origin, &Inherited),
        when: AckLevel,
    ) -> Result<(), DeliveryError> {
        if !fence.holds_in(journal.generation()) {
            return Err(DeliveryError::Stale);
        }
        let (sender, result) = oneshot::channel();
        let ack = Ack::new(move |result| {
            let _ = sender.send(result);
        });
        let (fence, inherited) = (fence.clone(), inherited.clone());
        self.dispatch(dispatch, InternalCommand { origin, inherited, fence, when, ack });
        batch_wakes(result).await.unwrap_or(Err(DeliveryError::Later))
    }

    fn dispatch(&self, dispatch: &Dispatch, call: InternalCommand) {
        if let Some(aggregate) = self.by_name.get(dispatch.aggregate()) {
            return aggregate.dispatch(dispatch, call);
        }
        tracing::error!(?dispatch, "no aggregate kind of this name is installed");
        call.ack.report(Err(DeliveryError::Later));
    }
}

/// A type-erased event with the name of its kind.
struct DecodedEvent<'a> {
    name: &'static str,
    number: u64,
    event: &'a (dyn Any + Send + Sync),
}

impl AnyEvent for DecodedEvent<'_> {
    fn downcast<A: Aggregate>(&self) -> Option<(Id<A>, A::Event)> {
        if self.name != A::NAME {
            return None;
        }
        let event = self.event.downcast_ref::<A::Event>()?;
        Some((Id::new(self.number), event.clone()))
    }
}
