//! The two kinds of errand: asking an outside service, and looking something up in a view.

use super::{
    contexts::Context,
    messenger::{Errand, Limits, Trip},
    projector::Rows,
    service::{Question, Service},
};
use crate::domain::kernel::{Dispatch, Lookup, Meta, Patience, Port};
use std::{marker::PhantomData, sync::Arc};

/// Lookups are answered in no time: few at once keep the disk busy.
pub const LOOKUPS: Limits = Limits { under_way_max: 16, hurried_max: 1_024, patient_max: 1_024 };

/// So many questions that somebody waits for may be in the gate of a port, or before it.
const HURRIED_MAX: usize = 4_096;

/// So many questions that nobody waits for may be in the gate of a port.
const PATIENT_MAX: usize = 1_024;

/// How many questions a port may have at once: it is the gate that says how many go out, and
/// those put off must not take the places of those to come.
pub const fn questions(deferred_max: usize) -> Limits {
    let hurried_max = HURRIED_MAX.saturating_add(deferred_max);
    let under_way_max = hurried_max.saturating_add(PATIENT_MAX);
    Limits { under_way_max, hurried_max, patient_max: PATIENT_MAX }
}

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

impl<P: Port> Outside<P> {
    fn question(heard: &P::Hears, meta: &Meta, was_asked: bool) -> Option<Question> {
        let ask = P::ask(heard, meta)?;
        let (since, conversation) = (meta.time, meta.correlation);
        Some(Question { ask, since, conversation, was_asked })
    }
}

impl<P: Port> Errand for Outside<P> {
    const NAME: &'static str = P::NAME;

    type Hears = P::Hears;

    fn run(&self, heard: P::Hears, meta: Meta, was_asked: bool) -> Option<Trip> {
        let question = Self::question(&heard, &meta, was_asked)?;
        let patience = question.ask.patience;
        let service = Arc::clone(&self.service);
        let running = Box::pin(async move {
            let answer = service.ask(&question).await;
            P::answered(&heard, &meta, &answer)
        });
        Some(Trip { patience, running })
    }

    fn refused(&self, heard: &P::Hears, meta: &Meta, was_asked: bool) -> Option<Dispatch> {
        let answer = self.service.refusal(&Self::question(heard, meta, was_asked)?)?;
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
    const NAME: &'static str = L::NAME;

    type Hears = L::Hears;

    fn run(&self, heard: L::Hears, meta: Meta, _was_asked: bool) -> Option<Trip> {
        let query = L::question(&heard, &meta)?;
        let rows = Arc::clone(&self.rows);
        let running = Box::pin(async move {
            let found = rows.find::<L::View>(query, meta.position).await;
            L::found(&heard, &meta, &found)
        });
        Some(Trip { patience: Patience::Limited, running })
    }

    /// Whatever is to be looked up can wait.
    fn refused(&self, _: &L::Hears, _: &Meta, _was_asked: bool) -> Option<Dispatch> {
        None
    }

    fn needs(&self) -> Option<&Arc<Context>> {
        Some(self.rows.progress.context())
    }
}
