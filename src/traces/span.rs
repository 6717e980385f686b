//! A span: one piece of work in a trace, with its begin and end.

use std::{
    borrow::Cow,
    time::{SystemTime, UNIX_EPOCH},
};

/// The role of a span between processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Work inside this process.
    Internal = 1,
    /// A request that this process answers.
    Server = 2,
    /// A call of another process.
    Client = 3,
}

/// A value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// Text.
    Text(Cow<'static, str>),
    /// A number.
    Number(u64),
}

/// A span that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The trace.
    pub trace_id: u128,
    /// The id in the trace.
    pub span_id: u64,
    /// The id of the span that led to it; 0 for none.
    pub parent: u64,
    /// A span of another trace that led to it.
    pub link: Option<(u128, u64)>,
    /// What is done: few names for all spans.
    pub name: String,
    /// The role.
    pub kind: SpanKind,
    /// The begin, in nanoseconds since the Unix epoch.
    pub begin_ns: u64,
    /// The end, in nanoseconds since the Unix epoch.
    pub end_ns: u64,
    /// Further facts, by name.
    pub attributes: Vec<(&'static str, Attribute)>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

impl Span {
    /// A span of this trace with an id of its own, without a parent and attributes.
    #[must_use]
    pub const fn new(
        (trace_id, span_id): (u128, u64),
        name: String,
        (begin_ns, end_ns): (u64, u64),
    ) -> Self {
        Self {
            trace_id,
            span_id,
            parent: 0,
            link: None,
            name,
            kind: SpanKind::Internal,
            begin_ns,
            // A clock that was set back meanwhile gives no negative duration.
            end_ns: if end_ns < begin_ns { begin_ns } else { end_ns },
            attributes: Vec::new(),
            error: None,
        }
    }

    /// This span with a fact as text.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.attributes.push((name, Attribute::Text(value.into())));
        self
    }

    /// This span with a fact as a number.
    #[must_use]
    pub fn with_number(mut self, name: &'static str, value: u64) -> Self {
        self.attributes.push((name, Attribute::Number(value)));
        self
    }
}

/// The time now, in nanoseconds since the Unix epoch.
#[must_use]
pub fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
