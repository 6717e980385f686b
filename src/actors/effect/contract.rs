//! The contract of an effect: an action outside the runtime that a record asks for.

use crate::{
    actors::operations::Context,
    domain::kernel::{Dispatch, Hears, Meta, Patience},
};
use std::{future::Future, pin::Pin, sync::Arc};

/// An action outside the runtime that a record asks for.
pub trait Effect: Unpin + 'static {
    /// The name of its port or lookup: `taxi/payment`.
    const NAME: &'static str;

    /// The events it subscribes to.
    type Hears: Hears;

    /// Returns the task for a record, if it asks for one; the task runs until it has an answer.
    /// `was_asked` is true when the effect may have run before.
    fn run(&self, heard: Self::Hears, meta: Meta, was_asked: bool) -> Option<EffectTask>;

    /// The command to deliver when the effect cannot run now and must not wait; `None` when it can
    /// wait.
    fn refused(&self, heard: &Self::Hears, meta: &Meta, was_asked: bool) -> Option<Dispatch>;

    /// The component that must not be suspended, beside the effect's own.
    fn needs(&self) -> Option<&Arc<Context>>;
}

/// An effect about to run.
pub struct EffectTask {
    /// Whether a client waits for the outcome.
    pub patience: Patience,
    /// The task itself.
    pub running: Running,
}

/// A running effect; resolves to the command to deliver.
pub type Running = Pin<Box<dyn Future<Output = Dispatch>>>;

/// The bounds of one effect runner.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "each is a bound, and says so")]
pub struct Limits {
    /// At most this many effects are under way.
    pub under_way_max: usize,
    /// At most this many effects that clients wait for are unfinished. Leave some more than can
    /// run: effects whose outcome is not accepted now must not keep the others from being read.
    pub hurried_max: usize,
    /// At most this many effects that no client waits for are unfinished; more are deferred.
    pub patient_max: usize,
}
