//! Problems in the sense of RFC 9457: one for every way in which a request can fail.

mod request_errors;

use crate::{
    inbound::{escape::short, json_pointer::pointer},
    origin_policy::Refusal,
};
use std::{fmt::Write as _, sync::Arc};

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
    /// The request needs a token.
    UNAUTHENTICATED = "unauthenticated", 401, "unauthenticated", "the request needs a bearer token in the header Authorization";
    /// The request has an invalid token.
    INVALID_TOKEN = "invalid-token", 401, "invalid token", "the bearer token of the request is not valid; the detail says why, and nothing was done";
    /// The payment was declined.
    UNPAID = "unpaid", 402, "unpaid", "the payment was declined, so nothing was established";
    /// The token does not permit the request.
    FORBIDDEN = "forbidden", 403, "forbidden", "the token is valid and does not permit this; the detail names the missing role";
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
    /// The lease of a claim is over.
    LEASE_LOST = "lease-lost", 409, "lease lost", "the lease of the claim ran out, or was never given; nothing was changed, and its events go to the next claim";
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
    /// More requests than one client may send.
    QUOTA_EXCEEDED = "quota-exceeded", 429, "quota exceeded", "this client has used up its quota of requests, which RateLimit-Policy describes; nothing was done, come back after the time in Retry-After";
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

    /// The value of `WWW-Authenticate` (RFC 6750), when a token is missing, invalid or not sufficient.
    #[must_use]
    pub fn challenge(&self) -> Option<String> {
        let error = match self.family.name {
            "unauthenticated" => return Some("Bearer realm=\"madang\"".to_owned()),
            "invalid-token" => "invalid_token",
            "forbidden" => "insufficient_scope",
            _ => return None,
        };
        let description = self.detail.replace(['"', '\\'], "'");
        let challenge = "Bearer realm=\"madang\", error=";
        Some(format!("{challenge}\"{error}\", error_description=\"{description}\""))
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
        if *self.family == *QUOTA_EXCEEDED {
            body.push_str(r#","violated-policies":["client"]"#);
        }
        if let Some(field) = &self.field {
            let (detail, pointer) = (json(&self.detail), json(&pointer(field)));
            let _ = write!(body, r#","errors":[{{"detail":{detail},"pointer":{pointer}}}]"#);
        }
        body.push('}');
        body.into_bytes()
    }
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
mod tests {
    use super::*;
    use crate::{
        actors::{RejectReason, RequestError},
        domain::kernel::FailureKind,
    };
    use std::time::Duration;

    #[test]
    fn a_declined_payment_is_402_and_names_its_conversation() {
        let reason = "the card was declined".to_owned();
        let problem = Problem::from(RequestError::FailedLater {
            how: FailureKind::Unpaid,
            reason,
            number: 7,
        });
        assert_eq!(
            (problem.family, problem.number, problem.retry_after_s),
            (UNPAID, Some(7), None)
        );
    }

    /// All errors that allow a later retry, with the name that the message must contain.
    fn retryable_errors() -> Vec<(RequestError, &'static str)> {
        let (retry_after, reason) = (Duration::ZERO, || "a failure".to_owned());
        let gate = || "taxi/payment".into();
        let away = |why| RequestError::TurnedAway { gate: gate(), why, retry_after };
        let (resource, view, number) = ("taxi/orders", "taxi/mypages", 7);
        let (percent, position, of, retry_after_s) = (1, 1, 100, 0);
        let how = FailureKind::Unavailable;
        vec![
            (away(RejectReason::Open), "taxi/payment"),
            (away(RejectReason::Full), "taxi/payment"),
            (away(RejectReason::TooLate), "taxi/payment"),
            (away(RejectReason::TooMany), "taxi/payment"),
            (
                RequestError::Unavailable { gate: gate(), reason: reason(), number, retry_after },
                "a failure",
            ),
            (RequestError::FailedLater { how, reason: reason(), number }, "a failure"),
            (RequestError::Busy { what: "the journal", retry_after_s }, "the journal"),
            (RequestError::Quarantined { resource, number, reason: reason() }, "taxi/orders 7"),
            (RequestError::Suspended { component: "taxi/sms" }, "taxi/sms"),
            (RequestError::NotYet("the view is behind".into()), "the view"),
            (
                RequestError::Rebuilding { view, percent, position, of, retry_after_s },
                "taxi/mypages",
            ),
            (
                RequestError::Crashed { resource, number, reason: reason(), retry_after },
                "taxi/orders 7",
            ),
            (RequestError::QueryEnded("the query took too long".into()), "the query"),
            (RequestError::Failed("the disk is broken".into()), "the disk"),
            (RequestError::NoSpace("the disk is full".into()), "the disk"),
            (RequestError::ReadOnly("the disk can only be read".into()), "the disk"),
        ]
    }

    #[test]
    fn a_temporary_problem_names_its_cause_and_the_time_of_a_retry() {
        let mut families = std::collections::BTreeSet::new();
        for (request_error, name) in retryable_errors() {
            let problem = Problem::from(request_error);
            assert!(problem.detail.contains(name), "{problem:?}");
            let seconds = problem.retry_after_s;
            assert!(seconds.is_some_and(|seconds| seconds >= 1), "{problem:?}");
            families.insert(problem.family.name);
        }
        let later = FAMILIES.iter().filter(|family| matches!(family.status, 429 | 503 | 507));
        // The limit per client comes before the runtime.
        let later = later.filter(|family| **family != QUOTA_EXCEEDED);
        assert_eq!(families, later.map(|family| family.name).collect(), "each family occurs");
    }

    #[test]
    fn a_rejected_request_is_told_the_gate_and_the_time_of_a_retry() {
        let kinds = [
            (RejectReason::Open, 503, "gate-open"),
            (RejectReason::Full, 503, "busy"),
            (RejectReason::TooLate, 503, "busy"),
            (RejectReason::TooMany, 429, "too-many"),
        ];
        for (why, status, name) in kinds {
            let (gate, retry_after) = ("taxi/payment".into(), Duration::from_millis(1_001));
            let problem = Problem::from(RequestError::TurnedAway { gate, why, retry_after });
            assert_eq!((problem.family.status, problem.family.name), (status, name));
            assert_eq!(problem.retry_after_s, Some(2));
            let body: serde_json::Value = serde_json::from_slice(&problem.body("/", "")).unwrap();
            assert_eq!(body["gate"], "taxi/payment");
        }
    }

    #[test]
    fn an_unavailable_service_is_reported_with_its_gate_and_the_number() {
        let problem = Problem::from(RequestError::Unavailable {
            gate: "taxi/payment".into(),
            reason: "no answer within 300 ms".into(),
            number: 7,
            retry_after: Duration::ZERO,
        });
        assert_eq!((problem.family, problem.number), (UNAVAILABLE, Some(7)));
        assert_eq!((problem.retry_after_s, &*problem.detail), (Some(1), "no answer within 300 ms"));
        assert_eq!(problem.gate.as_deref(), Some("taxi/payment"));
    }

    #[test]
    fn a_problem_is_json_whatever_its_message() {
        let body = Problem::bad_request("\"\\\u{1}\n").body("/a\"b", "c\"d");
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["type"], "/problems/bad-request");
        assert_eq!(body["detail"], "\"\\\u{1}\n");
        assert_eq!(body["instance"], "/a\"b");
        assert_eq!(body["correlation"], "c\"d");
    }

    #[test]
    fn names_of_families_are_unique() {
        let mut names: Vec<_> = FAMILIES.iter().map(|family| family.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FAMILIES.len());
    }
}
