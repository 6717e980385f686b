//! The effect of a lookup: a query of a view.

use super::contract::{Effect, EffectContext, EffectTask, Limits};
use crate::{
    actors::{operations::Component, view::ViewReader},
    domain::kernel::{Dispatch, Lookup, Meta, RetryPolicy},
};
use std::{marker::PhantomData, sync::Arc};

/// The bounds of lookups. A few concurrent queries are enough to use the disk fully.
pub const LOOKUPS: Limits = Limits { under_way_max: 16, urgent_max: 1_024, background_max: 1_024 };

/// Queries a view, once the view has processed the record that requires the query.
pub struct LookupEffect<L> {
    rows: Arc<ViewReader>,
    of: PhantomData<fn() -> L>,
}

impl<L> LookupEffect<L> {
    /// Creates a lookup in these rows.
    pub const fn new(rows: Arc<ViewReader>) -> Self {
        Self { rows, of: PhantomData }
    }
}

impl<L: Lookup> Effect for LookupEffect<L> {
    const NAME: &'static str = L::NAME;

    type Events = L::Events;

    fn run(
        &self,
        event: L::Events,
        meta: Meta,
        _was_asked: bool,
        _context: EffectContext,
    ) -> Option<EffectTask> {
        let query = L::query(&event, &meta)?;
        let rows = Arc::clone(&self.rows);
        let running = Box::pin(async move {
            let found = rows.find::<L::View>(query, meta.position).await;
            L::on_rows(&event, &meta, &found)
        });
        Some(EffectTask { retry_policy: RetryPolicy::UntilDeadline, running })
    }

    /// A lookup can always wait.
    fn refused(&self, _: &L::Events, _: &Meta, _was_asked: bool) -> Option<Dispatch> {
        None
    }

    fn needs(&self) -> Option<&Arc<Component>> {
        Some(self.rows.progress.component())
    }
}
