//! The spans of one record: that of the record, and that of the reaction that led to it.
//!
//! ```text
//! request ─▶ record ─▶ saga, port or lookup ─▶ record ─▶ ..
//! ```
//! A record lasts from its decision until it is durable. A reaction lasts from the record that led to
//! it until the decision of its first command: that of a saga from the decision of the record, those
//! of ports and lookups from when the record was durable.

use super::{RecordTracer, recent::Seen};
use crate::{
    actors::{conversation::Role, dispatch::named},
    store::{Cause, Origin, Payload, Record, journal::ReadLevel},
    traces::{Span, SpanKind, TraceContext},
};

/// The business of the records of the runtime itself, which are in no trace.
const OWN: &str = "madang";

const NANOS_PER_MILLI: u64 = 1_000_000;

impl RecordTracer {
    /// Adds the spans of a record that is durable since this time.
    pub(super) fn spans_of(&mut self, record: &Record, durable_ns: u64, spans: &mut Vec<Span>) {
        let context = self.recorded(record);
        let decided_ns = decided_ns(record);
        let trace_id = context.map_or(0, |context| context.trace_id);
        self.recent.add(record.position, Seen { trace_id, decided_ns, durable_ns });
        let Some(context) = context else { return };
        let parent = match record.cause {
            Cause::Request(_) => context.span_id,
            Cause::Timer => 0,
            Cause::Dispatch(origin) => {
                if origin.nth == 0 {
                    spans.push(self.reaction(origin, trace_id, decided_ns));
                }
                self.tracer.ids().reaction(origin.position, origin.by.0)
            }
        };
        let ids = (trace_id, self.tracer.ids().record(record.position));
        let span = self.described(record, |name| Span::new(ids, name, (decided_ns, durable_ns)));
        spans.push(Span { parent, ..span });
    }

    /// The trace of a record, if it is recorded.
    fn recorded(&self, record: &Record) -> Option<TraceContext> {
        let listed = self.names.get(record.stream.kind).filter(|listed| listed.business != OWN)?;
        let conversation = (&*listed.business, record.correlation);
        self.tracer.recorded(record.trace.as_deref(), conversation)
    }

    /// The span of the reaction of a saga, port or lookup whose first command was decided at this
    /// time.
    fn reaction(&self, origin: Origin, trace_id: u128, decided_ns: u64) -> Span {
        let Origin { by, position, conversation, .. } = origin;
        let (role, name) = match self.names.get(by) {
            Some(listed) => (listed.role, format!("{}/{}", listed.business, listed.name)),
            None => (Role::Saga, "unknown".to_owned()),
        };
        let before = self.before(position);
        let begin = |seen: Seen| match role {
            Role::Port | Role::Lookup => seen.durable_ns.min(decided_ns),
            Role::Saga | Role::Aggregate => seen.decided_ns,
        };
        let begin_ns = before.map_or(decided_ns, begin);
        let ids = (trace_id, self.tracer.ids().reaction(position, by.0));
        let span = Span::new(ids, role.kind_name(&name), (begin_ns, decided_ns))
            .with_number("madang.conversation", conversation);
        let kind = if role == Role::Port { SpanKind::Client } else { SpanKind::Internal };
        let led = self.tracer.ids().record(position);
        match before.map_or(trace_id, |seen| seen.trace_id) {
            same if same == trace_id => Span { kind, parent: led, ..span },
            0 => Span { kind, ..span },
            other => Span { kind, link: Some((other, led)), ..span },
        }
    }

    /// What is known of an earlier record; it is read again when it is old.
    fn before(&self, position: u64) -> Option<Seen> {
        self.recent.get(position).or_else(|| {
            let read = self.journal.read(position.checked_sub(1)?, 1, ReadLevel::Durable).ok()?;
            let record = read.first()?;
            let trace_id = self.recorded(record).map_or(0, |context| context.trace_id);
            let decided_ns = decided_ns(record);
            Some(Seen { trace_id, decided_ns, durable_ns: decided_ns })
        })
    }

    /// The span of a record with its name and facts.
    fn described(&self, record: &Record, span: impl FnOnce(String) -> Span) -> Span {
        let listed = self.names.get(record.stream.kind);
        let kind = listed.map_or_else(String::new, |of| format!("{}/{}", of.business, of.name));
        let span = |what: &str| {
            span(format!("{kind} {what}"))
                .with("madang.kind", kind.clone())
                .with_number("madang.number", record.stream.number)
                .with_number("madang.version", u64::from(record.version))
                .with_number("madang.position", record.position)
                .with_number("madang.conversation", record.correlation)
        };
        match &record.payload {
            Payload::Event(_) => {
                let aggregate = self.registry.of(record.stream.kind);
                let event = aggregate.and_then(|(_, of)| of.describe_event(record).ok()).map(named);
                span(&event.map_or_else(|| "event".to_owned(), |(name, _)| name))
            }
            Payload::Refused { command, reason, .. } => span("refused")
                .with("madang.command", command.clone())
                .with("madang.reason", reason.clone()),
            Payload::Unchanged { command } => {
                span("unchanged").with("madang.command", command.clone())
            }
            Payload::TimerFired => span("timer"),
        }
    }
}

const fn decided_ns(record: &Record) -> u64 {
    record.time.0.saturating_mul(NANOS_PER_MILLI)
}
