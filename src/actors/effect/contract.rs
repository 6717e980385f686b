//! What an effect is: something that has to be done outside because of a record.

use crate::{
    actors::operations::Context,
    domain::kernel::{Dispatch, Hears, Meta, Patience},
};
use std::{future::Future, pin::Pin, sync::Arc};

/// Something that has to be done outside because of a record.
pub trait Effect: Unpin + 'static {
    /// Of what it is an effect: `taxi/payment`.
    const NAME: &'static str;

    /// What it listens to.
    type Hears: Hears;

    /// What has to be done, if anything; it goes on until it has an answer. `was_asked` tells
    /// that somebody may have gone out for it before.
    fn run(&self, heard: Self::Hears, meta: Meta, was_asked: bool) -> Option<EffectTask>;

    /// What follows when nobody may go out and it cannot wait; `None` when it can.
    fn refused(&self, heard: &Self::Hears, meta: &Meta, was_asked: bool) -> Option<Dispatch>;

    /// Which component has to be there beside its own.
    fn needs(&self) -> Option<&Arc<Context>>;
}

/// An effect about to go out.
pub struct EffectTask {
    /// Whether somebody waits for it.
    pub patience: Patience,
    /// What is done.
    pub running: Running,
}

/// An effect on its way; ends with the command to give.
pub type Running = Pin<Box<dyn Future<Output = Dispatch>>>;

/// How many effects there may be at once.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "each is a bound, and says so")]
pub struct Limits {
    /// So many are under way.
    pub under_way_max: usize,
    /// So many that somebody waits for are unfinished. Some more than go out: those whose outcome
    /// nobody takes now must not keep the others from being read.
    pub hurried_max: usize,
    /// So many that nobody waits for are unfinished; more are put aside.
    pub patient_max: usize,
}
