//! Problems in the sense of RFC 9457: one for every way in which a request can fail.

use crate::{
    actors::{RequestError, Why, whole_seconds_spread},
    domain::kernel::{Fall, RejectionKind},
    http::escape::short,
    origin_policy::Refusal,
};
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
    BAD_REQUEST = "bad-request", 400, "bad request", "a header or the path of the request makes no sense; the detail says which";
    /// The body is not JSON.
    SYNTAX = "syntax", 400, "not json", "the body is not valid json, or not valid utf-8";
    /// A query parameter is unknown or invalid.
    BAD_QUERY = "bad-query", 400, "bad query", "a query parameter is unknown or has a value that makes no sense";
    /// The payment was declined.
    UNPAID = "unpaid", 402, "unpaid", "the payment was declined, so nothing was established";
    /// A command that only internal senders may submit.
    INSIDE = "inside", 403, "said inside only", "this command is said by the parts of the system to each other, never by a client";
    /// Fault injection is not allowed.
    FAULTS_NOT_ALLOWED = "faults-not-allowed", 403, "faults not allowed", "faults on purpose are said only to a server that was started with --allow-faults";
    /// A web page of another origin sent the request.
    FOREIGN_ORIGIN = "foreign-origin", 403, "foreign origin", "a web page of another origin sent a request that can change something; the setting http.origins lists further origins that may";
    /// No such aggregate or row.
    NOT_FOUND = "not-found", 404, "not found", "there is nothing of this number";
    /// No such path.
    UNKNOWN_PATH = "unknown-path", 404, "unknown path", "nothing is served at this path; the index at / lists what is";
    /// The path does not take the method.
    METHOD_NOT_ALLOWED = "method-not-allowed", 405, "method not allowed", "this path does not take this method; the header Allow lists those it does";
    /// The request took too long.
    TOO_SLOW = "too-slow", 408, "too slow", "the head or the body of the request did not arrive in time";
    /// The aggregate rejected the command.
    REJECTED = "rejected", 409, "rejected", "the command makes no sense in the present state; nothing was changed";
    /// A part asked while the request was processed refused.
    REFUSED = "refused", 409, "refused", "it was begun, and somebody who was asked on the way refused; everything was undone";
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
    MALFORMED = "malformed", 422, "not understood", "the body is json, but does not say what this command needs";
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
    GATE_OPEN = "gate-open", 503, "gate open", "what is behind the gate named failed or was slow, so that nobody is sent there for a while; nothing was changed, come back after the time in Retry-After";
    /// An outside service is busy or down.
    UNAVAILABLE = "unavailable", 503, "unavailable", "an outside service is busy or down, so nothing was established; come back after the time in Retry-After";
    /// The instance is in quarantine.
    QUARANTINED = "quarantined", 503, "quarantined", "this one instance crashed repeatedly and waits for an operator; all others are served";
    /// The component is suspended.
    SUSPENDED = "suspended", 503, "suspended", "an operator has suspended this part; nothing was changed, everything else is served, and /admin/components lists what is suspended";
    /// The requested data is still catching up.
    NOT_YET = "not-yet", 503, "not yet", "what was asked for is still catching up; come back after the time in Retry-After";
    /// A query took too long.
    QUERY_TOO_SLOW = "query-too-slow", 503, "query too slow", "the query takes longer than the server allows, or takes long while as many others do as may; the view itself is well: ask for less, or come back after the time in Retry-After";
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
}

impl Problem {
    /// Creates a problem of this family.
    pub fn new(family: &'static Family, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { family, detail, retry_after_s: None, number: None, allow: None, gate: None }
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
        let (family, because) = match refusal {
            Refusal::Malformed(because) => (BAD_REQUEST, because),
            Refusal::ForeignOrigin(because) => (FOREIGN_ORIGIN, because),
            Refusal::MediaType(because) => (MEDIA_TYPE, because),
            Refusal::Encoded(because) => (CONTENT_ENCODING, because),
            Refusal::Expectation(because) => (EXPECTATION, because),
            Refusal::Misdirected(because) => (MISDIRECTED, because),
        };
        Self::new(family, because)
    }
}

impl From<RequestError> for Problem {
    fn from(trouble: RequestError) -> Self {
        let family = family(&trouble);
        let mut problem = Self::new(family, trouble.to_string());
        problem.retry_after_s = match &trouble {
            RequestError::Busy { retry_after_s, .. } => Some((*retry_after_s).max(1)),
            RequestError::MadeAnew { retry_after_s, .. } => Some(spread(u64::from(*retry_after_s))),
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
        problem.number = match trouble {
            RequestError::Fell { number, .. } | RequestError::Unavailable { number, .. } => {
                Some(number)
            }
            _ => None,
        };
        problem.gate = match trouble {
            RequestError::TurnedAway { gate, .. } | RequestError::Unavailable { gate, .. } => {
                Some(gate)
            }
            _ => None,
        };
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

fn family(trouble: &RequestError) -> &'static Family {
    match trouble {
        RequestError::Syntax(_) => SYNTAX,
        RequestError::Malformed(_) => MALFORMED,
        RequestError::BadQuery(_) => BAD_QUERY,
        RequestError::Inside(_) => INSIDE,
        RequestError::NotFound { .. }
        | RequestError::Rejected { kind: RejectionKind::Unknown, .. } => NOT_FOUND,
        RequestError::Rejected { kind: RejectionKind::Conflict, .. } => REJECTED,
        RequestError::Rejected { kind: RejectionKind::Invalid, .. } => INVALID,
        RequestError::Fell { how: Fall::Unpaid, .. } => UNPAID,
        RequestError::Fell { how: Fall::Refused, .. } => REFUSED,
        RequestError::Fell { how: Fall::Unavailable, .. } | RequestError::Unavailable { .. } => {
            UNAVAILABLE
        }
        RequestError::TurnedAway { why: Why::Open, .. } => GATE_OPEN,
        RequestError::TurnedAway { why: Why::TooMany, .. } => TOO_MANY,
        RequestError::KeyReused => KEY_REUSED,
        RequestError::VersionDiffers { .. } => VERSION_DIFFERS,
        RequestError::Busy { .. }
        | RequestError::TurnedAway { why: Why::Full | Why::TooLate, .. } => BUSY,
        RequestError::Quarantined { .. } => QUARANTINED,
        RequestError::Suspended { .. } => SUSPENDED,
        RequestError::NotYet(_) | RequestError::MadeAnew { .. } => NOT_YET,
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
    let because = format!("{} is not possible here, only {allow}", short(method));
    Problem { allow: Some(allow), ..Problem::new(METHOD_NOT_ALLOWED, because) }
}

pub fn not_a_number(path: &str) -> Problem {
    let because = format!("`{}` is not the number of anything", short(path));
    Problem::new(NOT_FOUND, because)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::response::Response;
    use actix_web::http::header::RETRY_AFTER;

    #[test]
    fn a_declined_payment_is_402_and_names_its_conversation() {
        let because = "the card was declined".to_owned();
        let problem = Problem::from(RequestError::Fell { how: Fall::Unpaid, because, number: 7 });
        assert_eq!(
            (problem.family, problem.number, problem.retry_after_s),
            (UNPAID, Some(7), None)
        );
    }

    /// All errors that ask for a later retry, with the name that the message must contain.
    fn come_back_later() -> Vec<(RequestError, &'static str)> {
        let (retry_after, because) = (Duration::ZERO, || "it hurts".to_owned());
        let gate = || "taxi/payment".into();
        let away = |why| RequestError::TurnedAway { gate: gate(), why, retry_after };
        let (resource, view, number) = ("taxi/orders", "taxi/mypages", 7);
        let (percent, position, of, retry_after_s) = (1, 1, 100, 0);
        let how = Fall::Unavailable;
        vec![
            (away(Why::Open), "taxi/payment"),
            (away(Why::Full), "taxi/payment"),
            (away(Why::TooLate), "taxi/payment"),
            (away(Why::TooMany), "taxi/payment"),
            (
                RequestError::Unavailable { gate: gate(), because: because(), number, retry_after },
                "it",
            ),
            (RequestError::Fell { how, because: because(), number }, "it hurts"),
            (RequestError::Busy { what: "the journal", retry_after_s }, "the journal"),
            (RequestError::Quarantined { resource, number, because: because() }, "taxi/orders 7"),
            (RequestError::Suspended { context: "taxi/sms" }, "taxi/sms"),
            (RequestError::NotYet("the view is behind".into()), "the view"),
            (RequestError::MadeAnew { view, percent, position, of, retry_after_s }, "taxi/mypages"),
            (
                RequestError::Crashed { resource, number, because: because(), retry_after },
                "taxi/orders 7",
            ),
            (RequestError::QueryEnded("the query took too long".into()), "the query"),
            (RequestError::Failed("the disk is broken".into()), "the disk"),
            (RequestError::NoSpace("the disk is full".into()), "the disk"),
            (RequestError::ReadOnly("the disk can only be read".into()), "the disk"),
        ]
    }

    #[test]
    fn whatever_is_too_busy_says_what_it_is_and_when_to_come_back() {
        let mut told = std::collections::BTreeSet::new();
        for (trouble, name) in come_back_later() {
            let problem = Problem::from(trouble);
            assert!(problem.detail.contains(name), "{problem:?}");
            let answer = Response::problem(&problem, "/", None);
            assert_eq!(answer.content_type, "application/problem+json");
            let header = answer.headers.iter().find(|(name, _)| *name == RETRY_AFTER);
            let seconds = header.and_then(|(_, value)| value.to_str().ok()?.parse::<u32>().ok());
            assert!(seconds.is_some_and(|seconds| seconds >= 1), "{problem:?}");
            told.insert(problem.family.name);
        }
        let later = FAMILIES.iter().filter(|family| matches!(family.status, 429 | 503 | 507));
        assert_eq!(told, later.map(|family| family.name).collect(), "each of them can be told");
    }

    #[test]
    fn whoever_is_turned_away_is_told_by_which_gate_and_when_to_come_back() {
        let kinds = [
            (Why::Open, 503, "gate-open"),
            (Why::Full, 503, "busy"),
            (Why::TooLate, 503, "busy"),
            (Why::TooMany, 429, "too-many"),
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
    fn whoever_waited_for_a_service_in_vain_is_told_its_gate_and_the_number() {
        let problem = Problem::from(RequestError::Unavailable {
            gate: "taxi/payment".into(),
            because: "no answer within 300 ms".into(),
            number: 7,
            retry_after: Duration::ZERO,
        });
        assert_eq!((problem.family, problem.number), (UNAVAILABLE, Some(7)));
        assert_eq!((problem.retry_after_s, &*problem.detail), (Some(1), "no answer within 300 ms"));
        assert_eq!(problem.gate.as_deref(), Some("taxi/payment"));
    }

    #[test]
    fn a_problem_is_json_whatever_the_sentence() {
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
