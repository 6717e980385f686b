//! Problems in the sense of RFC 9457: one for every way in which a request can come to nothing.

use crate::{
    actors::{Trouble, Why},
    domain::kernel::{Fall, RejectionKind},
};
use std::{fmt::Write as _, sync::Arc, time::Duration};

/// A family of problems. Its name is part of its URI, `/problems/{name}`, and never changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// The last part of its URI.
    pub name: &'static str,
    /// The status it is answered with.
    pub status: u16,
    /// What it is, in a few words.
    pub title: &'static str,
    /// What it means and what can be done, for whoever follows the URI.
    pub meaning: &'static str,
}

macro_rules! families {
    ($($(#[$doc:meta])* $id:ident = $name:literal, $status:literal, $title:literal, $meaning:literal;)+) => {
        $(
            $(#[$doc])*
            pub const $id: &Family =
                &Family { name: $name, status: $status, title: $title, meaning: $meaning };
        )+
        /// Every family there is.
        pub const FAMILIES: &[&Family] = &[$($id),+];
    };
}

families! {
    /// The request itself is wrong.
    BAD_REQUEST = "bad-request", 400, "bad request", "a header or the path of the request makes no sense; the detail says which";
    /// The body is not JSON.
    SYNTAX = "syntax", 400, "not json", "the body is not valid json, or not valid utf-8";
    /// A query parameter makes no sense.
    BAD_QUERY = "bad-query", 400, "bad query", "a query parameter is unknown or has a value that makes no sense";
    /// The payment was declined.
    UNPAID = "unpaid", 402, "unpaid", "the payment was declined, so nothing was established";
    /// Only said inside.
    INSIDE = "inside", 403, "said inside only", "this command is said by the parts of the system to each other, never by a client";
    /// No such aggregate or row.
    NOT_FOUND = "not-found", 404, "not found", "there is nothing of this number";
    /// No such path.
    UNKNOWN_PATH = "unknown-path", 404, "unknown path", "nothing is served at this path; the index at / lists what is";
    /// The path is known, the method is not.
    METHOD_NOT_ALLOWED = "method-not-allowed", 405, "method not allowed", "this path does not take this method; the header Allow lists those it does";
    /// The request took too long.
    TOO_SLOW = "too-slow", 408, "too slow", "the head or the body of the request did not arrive in time";
    /// The business says no.
    REJECTED = "rejected", 409, "rejected", "the command makes no sense in the present state; nothing was changed";
    /// Somebody asked on the way said no.
    REFUSED = "refused", 409, "refused", "it was begun, and somebody who was asked on the way refused; everything was undone";
    /// Another version.
    VERSION_DIFFERS = "version-differs", 412, "another version", "If-Match names a version that is not the present one; read again and decide anew";
    /// Too large.
    TOO_LARGE = "too-large", 413, "too large", "the body is larger than this server reads";
    /// Not JSON by its own account.
    MEDIA_TYPE = "media-type", 415, "not json", "the body is declared to be something else than json";
    /// JSON that does not say what is needed.
    MALFORMED = "malformed", 422, "not understood", "the body is json, but does not say what this command needs";
    /// Never valid.
    INVALID = "invalid", 422, "invalid", "a value is out of range, whatever the state";
    /// Same key, another request.
    KEY_REUSED = "key-reused", 422, "idempotency key reused", "this idempotency key was used for another request; take a new key";
    /// Too many or too large headers.
    HEAD_TOO_LARGE = "head-too-large", 431, "head too large", "the request line and the headers are larger, or more, than this server reads";
    /// More than is allowed.
    TOO_MANY = "too-many", 429, "too many", "more requests came than the gate named lets through in this time; nothing was changed, come back after the time in Retry-After";
    /// A queue is full.
    BUSY = "busy", 503, "busy", "a queue is full and nothing was changed; come back after the time in Retry-After";
    /// A gate is open.
    GATE_OPEN = "gate-open", 503, "gate open", "what is behind the gate named failed or was slow, so that nobody is sent there for a while; nothing was changed, come back after the time in Retry-After";
    /// An outside service is busy or down.
    UNAVAILABLE = "unavailable", 503, "unavailable", "an outside service is busy or down, so nothing was established; come back after the time in Retry-After";
    /// Quarantined.
    QUARANTINED = "quarantined", 503, "quarantined", "this one instance crashed repeatedly and waits for an operator; all others are served";
    /// Suspended.
    SUSPENDED = "suspended", 503, "suspended", "an operator has suspended this part; nothing was changed, everything else is served, and /admin/contexts lists what is suspended";
    /// Not yet.
    NOT_YET = "not-yet", 503, "not yet", "what was asked for is still catching up; come back after the time in Retry-After";
    /// The machine failed.
    FAILED = "failed", 503, "failed", "the machine failed; whether the command was stored is unknown, and the same idempotency key tells";
}

/// One problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which family it belongs to.
    pub family: &'static Family,
    /// The sentence.
    pub detail: String,
    /// When to come back, in seconds.
    pub retry_after_s: Option<u32>,
    /// The number of the conversation, when one was begun.
    pub number: Option<u64>,
    /// The value of `Allow`, when the method was wrong.
    pub allow: Option<String>,
    /// The name of the gate that is in the way, when one is.
    pub gate: Option<Arc<str>>,
}

impl Problem {
    /// A problem of this family.
    pub fn new(family: &'static Family, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { family, detail, retry_after_s: None, number: None, allow: None, gate: None }
    }

    /// A header or the path makes no sense.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(BAD_REQUEST, detail)
    }

    /// A query parameter makes no sense.
    pub fn bad_query(detail: impl Into<String>) -> Self {
        Self::new(BAD_QUERY, detail)
    }

    /// As `application/problem+json`.
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

/// A text as JSON.
#[must_use]
pub fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        let family = family(&trouble);
        let mut problem = Self::new(family, trouble.to_string());
        problem.retry_after_s = match &trouble {
            Trouble::Busy { retry_after_s, .. } | Trouble::MadeAnew { retry_after_s, .. } => {
                Some((*retry_after_s).max(1))
            }
            Trouble::TurnedAway { retry_after, .. } | Trouble::Unavailable { retry_after, .. } => {
                Some(whole_seconds(*retry_after))
            }
            Trouble::Quarantined { .. } => Some(30),
            // Nobody knows how long a person takes.
            Trouble::Suspended { .. } => Some(10),
            _ if family.status == 503 => Some(1),
            _ => None,
        };
        problem.number = match trouble {
            Trouble::Fell { number, .. } | Trouble::Unavailable { number, .. } => Some(number),
            _ => None,
        };
        problem.gate = match trouble {
            Trouble::TurnedAway { gate, .. } | Trouble::Unavailable { gate, .. } => Some(gate),
            _ => None,
        };
        problem
    }
}

/// As `Retry-After` has it: whole seconds, never too few, and never none.
fn whole_seconds(duration: Duration) -> u32 {
    let seconds = duration.as_millis().div_ceil(1_000).max(1);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

fn family(trouble: &Trouble) -> &'static Family {
    match trouble {
        Trouble::Syntax(_) => SYNTAX,
        Trouble::Malformed(_) => MALFORMED,
        Trouble::BadQuery(_) => BAD_QUERY,
        Trouble::Inside(_) => INSIDE,
        Trouble::NotFound { .. } | Trouble::Rejected { kind: RejectionKind::Unknown, .. } => {
            NOT_FOUND
        }
        Trouble::Rejected { kind: RejectionKind::Conflict, .. } => REJECTED,
        Trouble::Rejected { kind: RejectionKind::Invalid, .. } => INVALID,
        Trouble::Fell { how: Fall::Unpaid, .. } => UNPAID,
        Trouble::Fell { how: Fall::Refused, .. } => REFUSED,
        Trouble::Fell { how: Fall::Unavailable, .. } | Trouble::Unavailable { .. } => UNAVAILABLE,
        Trouble::TurnedAway { why: Why::Open, .. } => GATE_OPEN,
        Trouble::TurnedAway { why: Why::TooMany, .. } => TOO_MANY,
        Trouble::KeyReused => KEY_REUSED,
        Trouble::VersionDiffers { .. } => VERSION_DIFFERS,
        Trouble::Busy { .. } | Trouble::TurnedAway { why: Why::Full | Why::TooLate, .. } => BUSY,
        Trouble::Quarantined { .. } => QUARANTINED,
        Trouble::Suspended { .. } => SUSPENDED,
        Trouble::NotYet(_) | Trouble::MadeAnew { .. } => NOT_YET,
        Trouble::Failed(_) => FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declined_payment_is_402_and_names_its_conversation() {
        let because = "the card was declined".to_owned();
        let problem = Problem::from(Trouble::Fell { how: Fall::Unpaid, because, number: 7 });
        assert_eq!(
            (problem.family, problem.number, problem.retry_after_s),
            (UNPAID, Some(7), None)
        );
    }

    #[test]
    fn every_503_says_when_to_come_back() {
        let troubles = [
            Trouble::Busy { what: "orders", retry_after_s: 0 },
            Trouble::NotYet("the view is behind".into()),
            Trouble::Failed("the disk is full".into()),
            Trouble::Fell { how: Fall::Unavailable, because: "down".into(), number: 1 },
        ];
        for problem in troubles.map(Problem::from) {
            assert_eq!((problem.family.status, problem.retry_after_s), (503, Some(1)));
        }
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
            let problem = Problem::from(Trouble::TurnedAway { gate, why, retry_after });
            assert_eq!((problem.family.status, problem.family.name), (status, name));
            assert_eq!(problem.retry_after_s, Some(2));
            let body: serde_json::Value = serde_json::from_slice(&problem.body("/", "")).unwrap();
            assert_eq!(body["gate"], "taxi/payment");
        }
    }

    #[test]
    fn whoever_waited_for_a_service_in_vain_is_told_its_gate_and_the_number() {
        let problem = Problem::from(Trouble::Unavailable {
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
