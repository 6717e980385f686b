//! The messages of OTLP 1 for traces, as a collector reads them.
//!
//! They are the part of `opentelemetry/proto/trace/v1` that is used here. The tests decode them with
//! the files of the specification.

use super::span::{Attribute, Span};
use prost::Message;

/// `opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest`
#[derive(Clone, PartialEq, Message)]
pub(super) struct ExportRequest {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

/// `opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse`
#[derive(Clone, PartialEq, Message)]
pub(super) struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected_spans: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, optional, tag = "1")]
    scope: Option<Scope>,
    #[prost(message, repeated, tag = "2")]
    spans: Vec<EncodedSpan>,
}

#[derive(Clone, PartialEq, Message)]
struct Scope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    version: String,
}

#[derive(Clone, PartialEq, Message)]
struct EncodedSpan {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, repeated, tag = "13")]
    links: Vec<Link>,
    #[prost(message, optional, tag = "15")]
    status: Option<Status>,
}

#[derive(Clone, PartialEq, Message)]
struct Link {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(string, tag = "2")]
    message: String,
    #[prost(int32, tag = "3")]
    code: i32,
}

/// The code of a failed span.
const ERROR: i32 = 2;

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Value", tags = "1, 3")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Value {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(int64, tag = "3")]
    Number(i64),
}

impl ExportRequest {
    /// A request with these spans of a service.
    pub(super) fn of(service_name: &str, spans: &[Span]) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        let resource = [("service.name", service_name), ("service.version", version)];
        let attributes = resource.map(|(key, value)| text(key, value)).into();
        let scope = Scope { name: "madang".to_owned(), version: version.to_owned() };
        let spans = spans.iter().map(EncodedSpan::of).collect();
        Self {
            resource_spans: vec![ResourceSpans {
                resource: Some(Resource { attributes }),
                scope_spans: vec![ScopeSpans { scope: Some(scope), spans }],
            }],
        }
    }
}

impl ExportResponse {
    /// How many spans the collector has rejected, and why.
    pub(super) fn rejected(self) -> (u64, String) {
        let partial = self.partial_success.unwrap_or_default();
        (u64::try_from(partial.rejected_spans).unwrap_or_default(), partial.error_message)
    }
}

impl EncodedSpan {
    fn of(span: &Span) -> Self {
        let link = |(trace_id, span_id): (u128, u64)| Link {
            trace_id: trace_id.to_be_bytes().into(),
            span_id: span_id.to_be_bytes().into(),
        };
        let parent = Some(span.parent).filter(|parent| *parent != 0);
        Self {
            trace_id: span.trace_id.to_be_bytes().into(),
            span_id: span.span_id.to_be_bytes().into(),
            parent_span_id: parent.map_or_else(Vec::new, |parent| parent.to_be_bytes().into()),
            name: span.name.clone(),
            kind: span.kind as i32,
            start_time_unix_nano: span.begin_ns,
            end_time_unix_nano: span.end_ns,
            attributes: span.attributes.iter().map(|(key, value)| key_value(key, value)).collect(),
            links: span.link.map(link).into_iter().collect(),
            status: span.error.clone().map(|message| Status { message, code: ERROR }),
        }
    }
}

fn key_value(key: &str, value: &Attribute) -> KeyValue {
    match value {
        Attribute::Text(value) => text(key, value),
        Attribute::Number(number) => {
            let number = Value::Number(i64::try_from(*number).unwrap_or(i64::MAX));
            KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(number) }) }
        }
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::Text(value.to_owned())) });
    KeyValue { key: key.to_owned(), value }
}
