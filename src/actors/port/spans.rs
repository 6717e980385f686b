//! The spans of the calls of an outside service: the wait at its gate, and each attempt.

use crate::{
    random::random,
    traces::{Span, SpanKind, TraceContext, Tracer, now_ns},
};
use std::sync::Arc;

/// A shorter wait at a gate has no span, unless the gate refuses the caller.
pub const WAIT_NS_MIN: u64 = 1_000_000;

/// Exports the spans of one outside service.
pub(super) struct CallSpans {
    /// `taxi/payment`
    port: &'static str,
    tracer: Option<Arc<Tracer>>,
}

/// A part of a call that has begun, in its own span.
pub(super) struct Begun {
    /// The trace that the service gets.
    pub(super) trace: Option<TraceContext>,
    /// The span of the whole call; 0 when the trace is not recorded.
    parent: u64,
    since_ns: u64,
}

impl CallSpans {
    pub(super) const fn of(port: &'static str, tracer: Option<Arc<Tracer>>) -> Self {
        Self { port, tracer }
    }

    /// Begins a part of a call of this trace.
    pub(super) fn begin(&self, trace: Option<&TraceContext>) -> Begun {
        let recorded = trace.filter(|trace| self.tracer.is_some() && trace.is_sampled());
        match recorded {
            Some(trace) => Begun {
                trace: Some(trace.with_span(random().max(1))),
                parent: trace.span_id,
                since_ns: now_ns(),
            },
            None => Begun { trace: trace.copied(), parent: 0, since_ns: 0 },
        }
    }

    /// Ends a wait at the gate.
    pub(super) fn end_wait(&self, begun: &Begun, error: Option<&str>) {
        let Some(span) = Self::span(begun, format!("gate {}", self.port), error) else { return };
        if error.is_some() || span.end_ns - span.begin_ns >= WAIT_NS_MIN {
            self.export(span);
        }
    }

    /// Ends an attempt of this operation.
    pub(super) fn end_attempt(&self, begun: &Begun, operation: &'static str, error: Option<&str>) {
        let name = format!("call {} {operation}", self.port);
        if let Some(span) = Self::span(begun, name, error) {
            self.export(Span { kind: SpanKind::Client, ..span });
        }
    }

    fn span(begun: &Begun, name: String, error: Option<&str>) -> Option<Span> {
        let trace = begun.trace.filter(|_| begun.parent != 0)?;
        let span = Span::new((trace.trace_id, trace.span_id), name, (begun.since_ns, now_ns()));
        Some(Span { parent: begun.parent, error: error.map(str::to_owned), ..span })
    }

    fn export(&self, span: Span) {
        if let Some(tracer) = &self.tracer {
            tracer.add([span]);
        }
    }
}
