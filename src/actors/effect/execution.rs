//! The execution of one effect, until the resulting command is delivered.

use super::{
    EffectRunner,
    contract::{Effect, Running},
    job::{ExecutionOutcome, Finished, Freed},
};
use crate::{
    actors::{
        dispatch::{AckLevel, DeliveryError, Fence, Inherited, Registry},
        operations::{Component, Components},
        support::panic_message,
    },
    store::{KindId, Origin, Record, journal::Journal},
    traces::Correlation,
};
use actix::Addr;
use std::sync::Arc;
use tokio::task::JoinError;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// The dependencies of a running effect.
pub(super) struct Execution<E: Effect> {
    pub(super) by: KindId,
    pub(super) fence: Fence,
    pub(super) registry: Arc<Registry>,
    pub(super) components: Arc<Components>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) effect_runner: Addr<EffectRunner<E>>,
    /// Cancelled when the effect runner starts over or is dropped.
    pub(super) round: CancellationToken,
}

/// A guard: until it is dropped, the component counts one waiting command.
struct Waits<'component>(&'component Component);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.await_less(1);
    }
}

impl<E: Effect> Execution<E> {
    /// Runs an effect and delivers the resulting command. It stops when the effect runner starts
    /// over or is dropped, because a new execution starts then. With two executions, one could
    /// request the same action again after it was undone.
    pub(super) async fn go(self, record: Arc<Record>, running: Running) {
        let correlation = Correlation::of(record.correlation, record.trace.as_deref());
        let executed = async {
            tokio::select! {
                // A cancelled execution delivers nothing, even when its effect has ended.
                biased;
                () = self.round.cancelled() => {}
                () = self.go_and_return(record, running, correlation) => {}
            }
        };
        correlation.scope(executed).await;
    }

    async fn go_and_return(&self, record: Arc<Record>, running: Running, correlation: Correlation) {
        let Self { fence, effect_runner, .. } = self;
        let generation = fence.generation;
        // The effect runs on its own task, so that a panic becomes an error here.
        let dispatch = match AbortOnDropHandle::new(actix::spawn(correlation.scope(running))).await
        {
            Ok(dispatch) => dispatch,
            Err(error) => {
                let outcome = ExecutionOutcome::Crashed(crashed(error));
                effect_runner.do_send(Freed { generation });
                return effect_runner.do_send(Finished { record, generation, outcome });
            }
        };
        let (conversation, position) = (record.correlation, record.position);
        let origin = Origin { by: self.by, conversation, position, nth: 0 };
        let inherited = Inherited::from(&record);
        let cause = (origin, &inherited);
        let (when, journal) = (AckLevel::Durable, &*self.journal);
        let mut outcome = self.registry.deliver_once(journal, fence, &dispatch, cause, when).await;
        // The place is freed before the retries. A recipient that does not accept the command now,
        // for example in quarantine, must not block other effects.
        effect_runner.do_send(Freed { generation });
        loop {
            match outcome {
                Err(DeliveryError::Suspended(component)) => {
                    component.await_more(1);
                    let _waits = Waits(&component);
                    self.components.resumed(&component).await;
                }
                Err(DeliveryError::Later) => {}
                Ok(()) | Err(DeliveryError::Stale) => break,
            }
            outcome = self.registry.deliver(journal, fence, &dispatch, cause, when).await;
        }
        let outcome =
            if outcome.is_ok() { ExecutionOutcome::Delivered } else { ExecutionOutcome::InVain };
        effect_runner.do_send(Finished { record, generation, outcome });
    }
}

fn crashed(error: JoinError) -> String {
    let panic = error.try_into_panic();
    panic.map_or_else(|error| error.to_string(), |panic| panic_message(&*panic).to_owned())
}
