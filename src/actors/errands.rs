//! The two kinds of errand: asking an outside service, and looking something up in a view.

use super::{
    contexts::Context,
    messenger::{Errand, Running},
    projector::Rows,
    transport::Service,
};
use crate::domain::kernel::{Dispatch, Lookup, Meta, Port};
use std::{marker::PhantomData, sync::Arc};

/// Asks an outside service.
pub struct Outside<P> {
    service: Arc<Service>,
    of: PhantomData<fn() -> P>,
}

impl<P> Outside<P> {
    /// Asks this service.
    pub const fn new(service: Arc<Service>) -> Self {
        Self { service, of: PhantomData }
    }
}

impl<P: Port> Errand for Outside<P> {
    type Hears = P::Hears;

    fn run(&self, heard: P::Hears, meta: Meta) -> Option<Running> {
        let ask = P::ask(&heard, &meta)?;
        let service = Arc::clone(&self.service);
        Some(Box::pin(async move {
            let answer = service.ask(&ask).await;
            P::answered(&heard, &meta, &answer)
        }))
    }

    fn refused(&self, heard: &P::Hears, meta: &Meta) -> Option<Dispatch> {
        let answer = self.service.refusal(&P::ask(heard, meta)?)?;
        Some(P::answered(heard, meta, &answer))
    }

    fn needs(&self) -> Option<&Arc<Context>> {
        None
    }
}

/// Looks something up in a view, once the view has seen the record that asks for it.
pub struct Inside<L> {
    rows: Arc<Rows>,
    of: PhantomData<fn() -> L>,
}

impl<L> Inside<L> {
    /// Looks it up in these rows.
    pub const fn new(rows: Arc<Rows>) -> Self {
        Self { rows, of: PhantomData }
    }
}

impl<L: Lookup> Errand for Inside<L> {
    type Hears = L::Hears;

    fn run(&self, heard: L::Hears, meta: Meta) -> Option<Running> {
        let query = L::question(&heard, &meta)?;
        let rows = Arc::clone(&self.rows);
        Some(Box::pin(async move {
            let found = rows.find::<L::View>(query, meta.position).await;
            L::found(&heard, &meta, &found)
        }))
    }

    /// Whatever is to be looked up can wait.
    fn refused(&self, _: &L::Hears, _: &Meta) -> Option<Dispatch> {
        None
    }

    fn needs(&self) -> Option<&Arc<Context>> {
        Some(self.rows.progress.context())
    }
}
