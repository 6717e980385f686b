//! The effect of a lookup: a query of a view.

use super::contract::{Effect, EffectTask, Limits};
use crate::{
    actors::{operations::Context, view::ViewReader},
    domain::kernel::{Dispatch, Lookup, Meta, Patience},
};
use std::{marker::PhantomData, sync::Arc};

/// The bounds of lookups. They are answered quickly: few at once keep the disk busy.
pub const LOOKUPS: Limits = Limits { under_way_max: 16, hurried_max: 1_024, patient_max: 1_024 };

/// Queries a view, once the view has seen the record that asks for it.
pub struct LookupEffect<L> {
    rows: Arc<ViewReader>,
    of: PhantomData<fn() -> L>,
}

impl<L> LookupEffect<L> {
    /// A lookup in these rows.
    pub const fn new(rows: Arc<ViewReader>) -> Self {
        Self { rows, of: PhantomData }
    }
}

impl<L: Lookup> Effect for LookupEffect<L> {
    const NAME: &'static str = L::NAME;

    type Hears = L::Hears;

    fn run(&self, heard: L::Hears, meta: Meta, _was_asked: bool) -> Option<EffectTask> {
        let query = L::question(&heard, &meta)?;
        let rows = Arc::clone(&self.rows);
        let running = Box::pin(async move {
            let found = rows.find::<L::View>(query, meta.position).await;
            L::found(&heard, &meta, &found)
        });
        Some(EffectTask { patience: Patience::Limited, running })
    }

    /// A lookup can always wait.
    fn refused(&self, _: &L::Hears, _: &Meta, _was_asked: bool) -> Option<Dispatch> {
        None
    }

    fn needs(&self) -> Option<&Arc<Context>> {
        Some(self.rows.progress.context())
    }
}
