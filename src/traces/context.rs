//! The trace that a request belongs to, as W3C Trace Context names it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of the header and of the metadata with a trace.
pub const TRACE_PARENT: &str = "traceparent";

/// The flag of a trace that the client records.
const SAMPLED: u8 = 1;

/// A trace, and the span in it that what follows belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContext {
    /// The id of the trace; 0 when the client named none, and the trace is that of the conversation.
    pub trace_id: u128,
    /// The id of the span.
    pub span_id: u64,
    /// The flags of the client.
    pub flags: u8,
}

impl TraceContext {
    /// Reads the value of a header `traceparent`. As the specification requires, a malformed value is
    /// ignored.
    #[must_use]
    pub fn read(value: &[u8]) -> Option<Self> {
        let mut parts = value.split(|byte| *byte == b'-');
        let version = hexadecimal(parts.next()?, 2)?;
        let trace_id = hexadecimal(parts.next()?, 32).filter(|id| *id != 0)?;
        let span_id = hexadecimal(parts.next()?, 16).filter(|id| *id != 0)?;
        let flags = hexadecimal(parts.next()?, 2)?;
        if version == 0xff || version == 0 && parts.next().is_some() {
            return None;
        }
        let (span_id, flags) = (u64::try_from(span_id).ok()?, u8::try_from(flags).ok()?);
        Some(Self { trace_id, span_id, flags })
    }

    /// A trace that is recorded, in this span.
    #[must_use]
    pub const fn sampled(trace_id: u128, span_id: u64) -> Self {
        Self { trace_id, span_id, flags: SAMPLED }
    }

    /// The same trace, in another span.
    #[must_use]
    pub const fn with_span(self, span_id: u64) -> Self {
        Self { span_id, ..self }
    }

    /// Whether the client named the trace.
    #[must_use]
    pub const fn is_of_client(&self) -> bool {
        self.trace_id != 0
    }

    /// Whether the client records the trace.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }
}

impl fmt::Display for TraceContext {
    /// Writes the value of a header `traceparent`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace_id, span_id, flags } = self;
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{flags:02x}")
    }
}

/// A number of this many lower-case hexadecimal digits.
fn hexadecimal(digits: &[u8], len: usize) -> Option<u128> {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    if digits.len() != len || !digits.iter().all(is_digit) {
        return None;
    }
    u128::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_trace_is_read_and_written_as_the_client_named_it() {
        let context = TraceContext::read(PARENT.as_bytes()).unwrap();
        assert_eq!(context.trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
        assert_eq!(context.to_string(), PARENT);
        assert!(context.is_sampled() && context.is_of_client());
        let own = context.with_span(7).to_string();
        assert_eq!((&own[..36], &own[36..]), (&PARENT[..36], "0000000000000007-01"));
    }

    #[test]
    fn a_later_version_may_have_more_parts() {
        let later = PARENT.replace("00-4", "01-4") + "-more";
        assert!(TraceContext::read(later.as_bytes()).is_some());
    }

    #[test]
    fn a_malformed_trace_is_ignored() {
        for wrong in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        ] {
            assert_eq!(TraceContext::read(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
