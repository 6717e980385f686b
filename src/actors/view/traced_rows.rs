//! The spans of a view: one for each recorded record that its rows were folded from.

use crate::{
    store::Record,
    traces::{Span, TraceContext, Tracer, now_ns},
};
use std::{mem, sync::Arc};

/// The recorded records of the batch that is being folded.
pub(super) struct TracedRows {
    tracer: Option<Arc<Tracer>>,
    /// `taxi/mypages`
    view: &'static str,
    /// The trace of each record, in the span of the record.
    records: Vec<TraceContext>,
    begun_ns: u64,
}

impl TracedRows {
    pub(super) const fn of(view: &'static str, tracer: Option<Arc<Tracer>>) -> Self {
        Self { tracer, view, records: Vec::new(), begun_ns: 0 }
    }

    /// Begins a batch.
    pub(super) fn begin(&mut self) {
        self.records.clear();
        self.begun_ns = self.tracer.as_ref().map_or(0, |_| now_ns());
    }

    /// Adds a record that concerns the view.
    pub(super) fn add(&mut self, record: &Record) {
        let Some(tracer) = &self.tracer else { return };
        let business = self.view.split('/').next().unwrap_or_default();
        let recorded = tracer.recorded(record.trace.as_deref(), (business, record.correlation));
        let span_id = || tracer.ids().record(record.position);
        self.records.extend(recorded.map(|context| context.with_span(span_id())));
    }

    /// Exports the spans of the batch, whose rows are committed.
    pub(super) fn end(&mut self) {
        let Some(tracer) = &self.tracer else { return };
        let time = (self.begun_ns, now_ns());
        let span = |TraceContext { trace_id, span_id: parent, .. }| {
            let name = format!("view {}", self.view);
            let span = Span::new((trace_id, tracer.ids().of_view(self.view, parent)), name, time);
            Span { parent, ..span }
        };
        tracer.add(mem::take(&mut self.records).into_iter().map(span));
    }
}
