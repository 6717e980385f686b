//! The contract of an effect: an action outside the runtime that a record requires.

use crate::{
    actors::{dispatch::Registry, operations::Component},
    domain::kernel::{Dispatch, EventSet, Meta, RetryPolicy},
    store::{Record, journal::Journal},
    traces::TraceContext,
};
use std::{future::Future, pin::Pin, sync::Arc};

/// An action outside the runtime that a record requires.
pub trait Effect: Unpin + 'static {
    /// The name of its port or lookup: `taxi/payment`.
    const NAME: &'static str;

    /// The events it subscribes to.
    type Events: EventSet;

    /// Returns the task for a record, if the record requires one. The task runs until it has an
    /// answer. `was_asked` is true when the effect may have run before.
    fn run(
        &self,
        event: Self::Events,
        meta: Meta,
        was_asked: bool,
        context: EffectContext,
    ) -> Option<EffectTask>;

    /// The command to deliver when the effect cannot run now and must not wait. `None` when the
    /// effect can wait.
    fn refused(&self, event: &Self::Events, meta: &Meta, was_asked: bool) -> Option<Dispatch>;

    /// The component, besides the effect's own, that must not be suspended.
    fn needs(&self) -> Option<&Arc<Component>>;
}

/// The trace of an effect, and the events after its record in the stream, which are read when the
/// effect starts.
pub struct EffectContext {
    /// The trace of the effect, in its own span if spans are exported; `None` without a trace.
    pub(super) trace: Option<TraceContext>,
    pub(super) record: Arc<Record>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) registry: Arc<Registry>,
}

impl EffectContext {
    /// The event of the record, revised by each durable event after it; `None` when they cannot be
    /// read. Blocking.
    pub fn revise<H: EventSet>(&self, revise: fn(H, &H) -> H) -> Option<H> {
        let mut event = self.registry.decode::<H>(&self.record).ok()?;
        let Record { stream, version, .. } = *self.record;
        let read = self.journal.each_record(stream, version, &mut |record| {
            if let Ok(Some(later)) = self.registry.decode::<H>(&record) {
                event = event.take().map(|event| revise(event, &later));
            }
            Ok(())
        });
        event.filter(|_| read.is_ok())
    }
}

/// An effect that is about to run.
pub struct EffectTask {
    /// The retry policy: whether a client waits for the outcome. A task whose outcome is known takes
    /// no place among those that no client waits for.
    pub retry_policy: RetryPolicy,
    /// The task itself.
    pub running: Running,
}

impl EffectTask {
    /// A task whose outcome is known: it delivers this command.
    pub fn answered(dispatch: Dispatch) -> Self {
        let running = Box::pin(std::future::ready(dispatch));
        Self { retry_policy: RetryPolicy::UntilDeadline, running }
    }
}

/// A running effect. It resolves to the command to deliver.
pub type Running = Pin<Box<dyn Future<Output = Dispatch>>>;

/// The bounds of one effect runner.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "each field is a bound")]
pub struct Limits {
    /// At most this many effects are under way.
    pub under_way_max: usize,
    /// At most this many urgent effects, which clients wait for, are unfinished. Allow more of them
    /// than can run. Effects whose outcome is not accepted now must not block the reading of other
    /// effects.
    pub urgent_max: usize,
    /// At most this many background effects, which no client waits for, are unfinished. Others are
    /// deferred.
    pub background_max: usize,
}
