//! Problems in the sense of RFC 9457: one for every way in which a request can fail.

use crate::{
    actors::{RejectReason, RequestError, whole_seconds_spread},
    domain::kernel::{FailureKind, RejectionKind},
    http::escape::short,
    origin_policy::Refusal,
};
use percent_encoding::{AsciiSet, CONTROLS};
use std::{fmt::Write as _, sync::Arc, time::Duration};

/// A family of problems. Its name is part of its URI, `/problems/{name}`, and never changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// The last part of its URI.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The title.
    pub title: &'static str,
    /// The meaning and the remedy, shown at the URI of the family.
    pub meaning: &'static str,
}

macro_rules! families {
    ($($(#[$doc:meta])* $id:ident = $name:literal, $status:literal, $title:literal, $meaning:literal;)+) => {
        $(
            $(#[$doc])*
            pub const $id: &Family =
                &Family { name: $name, status: $status, title: $title, meaning: $meaning };
        )+
        /// All families.
        pub const FAMILIES: &[&Family] = &[$($id),+];
    };
}

families! {
    /// The request itself is wrong.
    BAD_REQUEST = "bad-request", 400, "bad request", "a header or the path of the request is invalid; the detail names it";
    /// The body is not JSON.
    SYNTAX = "syntax", 400, "not json", "the body is not valid json, or not valid utf-8";
    /// A query parameter is unknown or invalid.
    BAD_QUERY = "bad-query", 400, "bad query", "a query parameter is unknown or has an invalid value";
    /// The payment was declined.
    UNPAID = "unpaid", 402, "unpaid", "the payment was declined, so nothing was established";
    /// A command that only internal senders may submit.
    INSIDE = "inside", 403, "internal command", "only the system itself submits this command, never a client";
    /// Fault injection is not allowed.
    FAULTS_NOT_ALLOWED = "faults-not-allowed", 403, "faults not allowed", "faults are injected only into a server that was started with --allow-faults";
    /// A web page of another origin sent the request.
    FOREIGN_ORIGIN = "foreign-origin", 403, "foreign origin", "a web page of another origin sent a request that can change something; the setting http.origins lists further origins that may";
    /// No such aggregate or row.
    NOT_FOUND = "not-found", 404, "not found", "nothing has this number";
    /// No such path.
    UNKNOWN_PATH = "unknown-path", 404, "unknown path", "nothing is served at this path; the index at / lists all paths";
    /// The path does not take the method.
    METHOD_NOT_ALLOWED = "method-not-allowed", 405, "method not allowed", "this path does not take this method; the header Allow lists the allowed methods";
    /// The request took too long.
    TOO_SLOW = "too-slow", 408, "too slow", "the head or the body of the request did not arrive in time";
    /// The aggregate rejected the command.
    REJECTED = "rejected", 409, "rejected", "the command is not allowed in the present state; nothing was changed";
    /// Another aggregate refused its step during the request.
    REFUSED = "refused", 409, "refused", "the command began, a participant refused its part, and every step was undone";
    /// The version in `If-Match` is not the present one.
    VERSION_DIFFERS = "version-differs", 412, "another version", "If-Match names a version that is not the present one; read again and decide anew";
    /// The body is too large.
    TOO_LARGE = "too-large", 413, "too large", "the body is larger than this server reads";
    /// The body is not declared to be JSON.
    MEDIA_TYPE = "media-type", 415, "not json", "the body is not declared to be json in utf-8; send Content-Type: application/json";
    /// The body is compressed.
    CONTENT_ENCODING = "content-encoding", 415, "compressed", "the body is compressed, which this server does not read";
    /// The header `Expect` requires something unsupported.
    EXPECTATION = "expectation", 417, "expectation not met", "the header Expect names something else than 100-continue";
    /// The request is meant for another server.
    MISDIRECTED = "misdirected", 421, "misdirected", "the header Host names another server; the setting http.hosts lists further hosts of this one";
    /// The body is JSON, but not what the command needs.
    MALFORMED = "malformed", 422, "not understood", "the body is json, but not what this command needs";
    /// A value is invalid in every state.
    INVALID = "invalid", 422, "invalid", "a value is out of range, whatever the state";
    /// The idempotency key was used for another request.
    KEY_REUSED = "key-reused", 422, "idempotency key reused", "this idempotency key was used for another request; take a new key";
    /// The headers are too many or too large.
    HEAD_TOO_LARGE = "head-too-large", 431, "head too large", "the request line and the headers are larger, or more, than this server reads";
    /// More requests than a gate or the rate limit allows.
    TOO_MANY = "too-many", 429, "too many", "more requests came than the gate named lets through in this time; nothing was changed, come back after the time in Retry-After";
    /// A queue is full.
    BUSY = "busy", 503, "busy", "a queue is full and nothing was changed; come back after the time in Retry-After";
    /// A gate is open.
    GATE_OPEN = "gate-open", 503, "gate open", "the resource behind the gate failed or was slow, so the gate lets no call through for a while; nothing was changed, come back after the time in Retry-After";
    /// An outside service is busy or down.
    UNAVAILABLE = "unavailable", 503, "unavailable", "an outside service is busy or down, so nothing was established; come back after the time in Retry-After";
    /// The instance is in quarantine.
    QUARANTINED = "quarantined", 503, "quarantined", "this one instance crashed repeatedly and waits for an operator; all others are served";
    /// The component is suspended.
    SUSPENDED = "suspended", 503, "suspended", "an operator has suspended this component; nothing was changed, everything else is served, and /admin/components lists all components";
    /// The requested data is still catching up.
    NOT_YET = "not-yet", 503, "not yet", "the requested data is still catching up; come back after the time in Retry-After";
    /// A query or a page took too long.
    QUERY_TOO_SLOW = "query-too-slow", 503, "query too slow", "the query or the page takes longer than the server allows, or has to wait too long for others; the stored data is well: ask for less, or come back after the time in Retry-After";
    /// The file system is read-only.
    READ_ONLY = "read-only", 503, "read-only", "the file system under the journal can only be read; nothing was changed, and all that can be read is served";
    /// The machine failed.
    FAILED = "failed", 503, "failed", "the machine failed; whether the command was stored is unknown, and the same idempotency key tells";
    /// No space is left.
    NO_SPACE = "no-space", 507, "insufficient storage", "no space is left for the journal; nothing was changed, all that can be read is served, and writing goes on by itself once there is space";
}

/// The characters of a JSON pointer that a fragment shows encoded (RFC 3986, section 3.5).
const OUTSIDE_FRAGMENTS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'#')
    .add(b'%')
    .add(b'^')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'\\')
    .add(b'[')
    .add(b']');

/// One problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// The family.
    pub family: &'static Family,
    /// The message of this case.
    pub detail: String,
    /// The time until a retry, in seconds.
    pub retry_after_s: Option<u32>,
    /// The number of the conversation, when one was started.
    pub number: Option<u64>,
    /// The value of `Allow`, when the method is not allowed.
    pub allow: Option<String>,
    /// The name of the gate that refused the request, when one did.
    pub gate: Option<Arc<str>>,
    /// The field of the body that is missing, unknown or invalid, when it is one.
    pub field: Option<String>,
}

impl Problem {
    /// Creates a problem of this family.
    pub fn new(family: &'static Family, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let (retry_after_s, number, allow, gate, field) = (None, None, None, None, None);
        Self { family, detail, retry_after_s, number, allow, gate, field }
    }

    /// Creates the problem of a malformed header or path.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(BAD_REQUEST, detail)
    }

    /// A query parameter is unknown or invalid.
    pub fn bad_query(detail: impl Into<String>) -> Self {
        Self::new(BAD_QUERY, detail)
    }

    /// The body, as `application/problem+json`.
    #[must_use]
    pub fn body(&self, instance: &str, correlation: &str) -> Vec<u8> {
        let Family { name, status, title, .. } = self.family;
        let mut body = format!(
            r#"{{"type":"/problems/{name}","title":"{title}","status":{status},"detail":{},"instance":{}"#,
            json(&self.detail),
            json(instance),
        );
        if !correlation.is_empty() {
            let _ = write!(body, r#","correlation":{}"#, json(correlation));
        }
        if let Some(gate) = &self.gate {
            let _ = write!(body, r#","gate":{}"#, json(gate));
        }
        if let Some(field) = &self.field {
            let (detail, pointer) = (json(&self.detail), json(&pointer(field)));
            let _ = write!(body, r#","errors":[{{"detail":{detail},"pointer":{pointer}}}]"#);
        }
        body.push('}');
        body.into_bytes()
    }
}

/// The JSON pointer to a field of the body, as a fragment (RFC 6901, section 6).
fn pointer(field: &str) -> String {
    let token = field.replace('~', "~0").replace('/', "~1");
    format!("#/{}", percent_encoding::utf8_percent_encode(&token, OUTSIDE_FRAGMENTS))
}

/// A text as a JSON string.
#[must_use]
pub fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (family, reason) = match refusal {
            Refusal::Malformed(reason) => (BAD_REQUEST, reason),
            Refusal::ForeignOrigin(reason) => (FOREIGN_ORIGIN, reason),
            Refusal::MediaType(reason) => (MEDIA_TYPE, reason),
            Refusal::Encoded(reason) => (CONTENT_ENCODING, reason),
            Refusal::Expectation(reason) => (EXPECTATION, reason),
            Refusal::Misdirected(reason) => (MISDIRECTED, reason),
        };
        Self::new(family, reason)
    }
}

impl From<RequestError> for Problem {
    fn from(request_error: RequestError) -> Self {
        let family = family(&request_error);
        let mut problem = Self::new(family, request_error.to_string());
        problem.retry_after_s = match &request_error {
            RequestError::Busy { retry_after_s, .. } => Some((*retry_after_s).max(1)),
            RequestError::Rebuilding { retry_after_s, .. } => {
                Some(spread(u64::from(*retry_after_s)))
            }
            RequestError::TurnedAway { retry_after, .. }
            | RequestError::Unavailable { retry_after, .. }
            | RequestError::Crashed { retry_after, .. } => Some(whole_seconds(*retry_after)),
            // An operator has to free space or make the file system writable first.
            RequestError::NoSpace(_) | RequestError::ReadOnly(_) => Some(spread(5)),
            // After this time, long queries have finished or were ended.
            RequestError::QueryEnded(_) => Some(spread(2)),
            // The time until an operator releases the instance is unknown.
            RequestError::Quarantined { .. } => Some(spread(30)),
            RequestError::Suspended { .. } => Some(spread(10)),
            // All clients of a failed commit get this reply at once; the spread separates their
            // retries.
            RequestError::Failed(_) => Some(spread(1)),
            _ if family.status == 503 => Some(1),
            _ => None,
        };
        problem.number = match request_error {
            RequestError::FailedLater { number, .. } | RequestError::Unavailable { number, .. } => {
                Some(number)
            }
            _ => None,
        };
        match request_error {
            RequestError::TurnedAway { gate, .. } | RequestError::Unavailable { gate, .. } => {
                problem.gate = Some(gate);
            }
            RequestError::Malformed { field, .. } => problem.field = field,
            _ => {}
        }
        problem
    }
}

fn spread(seconds: u64) -> u32 {
    whole_seconds_spread(Duration::from_secs(seconds))
}

/// A duration for `Retry-After`: whole seconds, rounded up, at least 1.
fn whole_seconds(duration: Duration) -> u32 {
    let seconds = duration.as_millis().div_ceil(1_000).max(1);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

fn family(request_error: &RequestError) -> &'static Family {
    match request_error {
        RequestError::Syntax(_) => SYNTAX,
        RequestError::Malformed { .. } => MALFORMED,
        RequestError::BadQuery(_) => BAD_QUERY,
        RequestError::Inside(_) => INSIDE,
        RequestError::NotFound { .. }
        | RequestError::Rejected { kind: RejectionKind::Unknown, .. } => NOT_FOUND,
        RequestError::Rejected { kind: RejectionKind::Conflict, .. } => REJECTED,
        RequestError::Rejected { kind: RejectionKind::Invalid, .. } => INVALID,
        RequestError::FailedLater { how: FailureKind::Unpaid, .. } => UNPAID,
        RequestError::FailedLater { how: FailureKind::Refused, .. } => REFUSED,
        RequestError::FailedLater { how: FailureKind::Unavailable, .. }
        | RequestError::Unavailable { .. } => UNAVAILABLE,
        RequestError::TurnedAway { why: RejectReason::Open, .. } => GATE_OPEN,
        RequestError::TurnedAway { why: RejectReason::TooMany, .. } => TOO_MANY,
        RequestError::KeyReused => KEY_REUSED,
        RequestError::VersionDiffers { .. } => VERSION_DIFFERS,
        RequestError::Busy { .. }
        | RequestError::TurnedAway { why: RejectReason::Full | RejectReason::TooLate, .. } => BUSY,
        RequestError::Quarantined { .. } => QUARANTINED,
        RequestError::Suspended { .. } => SUSPENDED,
        RequestError::NotYet(_) | RequestError::Rebuilding { .. } => NOT_YET,
        RequestError::QueryEnded(_) => QUERY_TOO_SLOW,
        RequestError::NoSpace(_) => NO_SPACE,
        RequestError::ReadOnly(_) => READ_ONLY,
        RequestError::Failed(_) | RequestError::Crashed { .. } => FAILED,
    }
}

/// The problem of an unknown path.
pub fn unknown(path: &str) -> Problem {
    Problem::new(UNKNOWN_PATH, format!("nothing is served at {}", short(path)))
}

/// The path does not take the method.
pub fn not_allowed(method: &str, allow: String) -> Problem {
    let reason = format!("{} is not possible here, only {allow}", short(method));
    Problem { allow: Some(allow), ..Problem::new(METHOD_NOT_ALLOWED, reason) }
}

pub fn not_a_number(path: &str) -> Problem {
    let reason = format!("`{}` is not a valid number", short(path));
    Problem::new(NOT_FOUND, reason)
}

#[cfg(test)]
mod tests;
