//! The trace of one request, and its span.

use super::{Span, SpanKind, TraceContext, Tracer, now_ns};
use crate::random::random;
use std::sync::Arc;

/// The statuses from this one on are failures of the server.
const FAILED: u16 = 500;

/// The trace of a request, in a span of this server.
#[derive(Clone, Debug)]
pub struct RequestTrace {
    /// The trace and the span. The records of the request get it.
    pub context: Arc<TraceContext>,
    /// The span of the client; 0 when it named none.
    parent: u64,
    begun_ns: u64,
}

impl RequestTrace {
    /// The trace of a request whose client named this one. When it named none, a request that may
    /// lead to records has a span in the trace of its conversation, if spans are exported.
    #[must_use]
    pub fn begin(
        client: Option<TraceContext>,
        leads_to_records: bool,
        tracer: Option<&Tracer>,
    ) -> Option<Self> {
        let context = match client {
            Some(client) => client,
            None if leads_to_records && tracer.is_some() => {
                TraceContext { trace_id: 0, span_id: 0, flags: 0 }
            }
            None => return None,
        };
        let begun_ns = tracer.map_or(0, |_| now_ns());
        let parent = context.span_id;
        Some(Self { context: Arc::new(context.with_span(random().max(1))), parent, begun_ns })
    }

    /// Exports the span of the request with this name, in this conversation of a business, if its
    /// trace is recorded. `status` is that of HTTP.
    pub fn end(
        &self,
        tracer: &Tracer,
        (business, number): (&str, u64),
        name: impl FnOnce() -> String,
        status: u16,
    ) {
        let Some(recorded) = tracer.recorded(Some(&self.context), (business, number)) else {
            return;
        };
        let ids = (recorded.trace_id, recorded.span_id);
        let span = Span::new(ids, name(), (self.begun_ns, now_ns()))
            .with_number("http.response.status_code", u64::from(status));
        let span = if number == 0 { span } else { span.with_number("madang.conversation", number) };
        let error = (status >= FAILED).then(String::new);
        tracer.add([Span { parent: self.parent, kind: SpanKind::Server, error, ..span }]);
    }
}

/// A path with `{number}` instead of numbers, so that there are few names of spans.
#[must_use]
pub fn pattern(path: &str) -> String {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = path.split('/').map(|part| if is_number(part) { "{number}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
