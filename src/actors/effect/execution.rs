//! One running effect, until the command it leads to is delivered.

use super::{
    EffectRunner,
    contract::{Effect, Running},
    job::{Finished, Freed, Went},
};
use crate::{
    actors::{
        dispatch::{AckLevel, DeliveryError, Fence, Registry},
        operations::{Context, Contexts},
        support::panic_message,
    },
    store::{KindId, Origin, Record, journal::Journal},
};
use actix::Addr;
use std::sync::Arc;
use tokio::task::JoinError;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// What a running effect needs.
pub(super) struct Execution<E: Effect> {
    pub(super) by: KindId,
    pub(super) mandate: Fence,
    pub(super) rooms: Arc<Registry>,
    pub(super) contexts: Arc<Contexts>,
    pub(super) journal: Arc<Journal>,
    pub(super) messenger: Addr<EffectRunner<E>>,
    /// Cancelled when the effect runner starts over.
    pub(super) round: CancellationToken,
}

/// A command waits for a component, for as long as this lives.
struct Waits<'context>(&'context Context);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.await_less(1);
    }
}

impl<E: Effect> Execution<E> {
    /// Runs an effect and delivers the command it leads to. It stops when the effect runner is
    /// replaced or starts over, because a new execution is started then. Two executions of one
    /// effect could ask for the same thing again after it was undone.
    pub(super) async fn go(self, record: Arc<Record>, running: Running) {
        tokio::select! {
            () = self.go_and_return(record, running) => {}
            () = self.contexts.over(&self.mandate.lease) => {}
            () = self.round.cancelled() => {}
        }
    }

    async fn go_and_return(&self, record: Arc<Record>, running: Running) {
        let Self { mandate, messenger, .. } = self;
        let generation = mandate.generation;
        // On a task of its own, so that a panic there becomes an error here.
        let dispatch = match AbortOnDropHandle::new(actix::spawn(running)).await {
            Ok(dispatch) => dispatch,
            Err(error) => {
                let went = Went::Crashed(crashed(error));
                messenger.do_send(Freed { generation });
                return messenger.do_send(Finished { record, generation, went });
            }
        };
        let (conversation, position) = (record.correlation, record.position);
        let origin = Origin { by: self.by, conversation, position, nth: 0 };
        let (when, journal) = (AckLevel::Durable, &*self.journal);
        let mut fate = self.rooms.deliver_once(journal, mandate, &dispatch, origin, when).await;
        // Frees the place before the retries: a recipient that does not accept the command now, in
        // quarantine perhaps, must not block other effects.
        messenger.do_send(Freed { generation });
        loop {
            match fate {
                Err(DeliveryError::Suspended(context)) => {
                    context.await_more(1);
                    let _waits = Waits(&context);
                    self.contexts.resumed(&context).await;
                }
                Err(DeliveryError::Later) => {}
                Ok(()) | Err(DeliveryError::Stale) => break,
            }
            fate = self.rooms.deliver(journal, mandate, &dispatch, origin, when).await;
        }
        let went = if fate.is_ok() { Went::Delivered } else { Went::InVain };
        messenger.do_send(Finished { record, generation, went });
    }
}

fn crashed(error: JoinError) -> String {
    let panic = error.try_into_panic();
    panic.map_or_else(|error| error.to_string(), |panic| panic_message(&*panic).to_owned())
}
