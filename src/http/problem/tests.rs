//! Tests of problems.

use super::*;
use crate::http::response::Response;
use actix_web::http::header::RETRY_AFTER;

#[test]
fn a_declined_payment_is_402_and_names_its_conversation() {
    let reason = "the card was declined".to_owned();
    let problem =
        Problem::from(RequestError::FailedLater { how: FailureKind::Unpaid, reason, number: 7 });
    assert_eq!((problem.family, problem.number, problem.retry_after_s), (UNPAID, Some(7), None));
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
        (RequestError::Rebuilding { view, percent, position, of, retry_after_s }, "taxi/mypages"),
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
        let answer = Response::problem(&problem, "/", None);
        assert_eq!(answer.content_type, "application/problem+json");
        let header = answer.headers.iter().find(|(name, _)| *name == RETRY_AFTER);
        let seconds = header.and_then(|(_, value)| value.to_str().ok()?.parse::<u32>().ok());
        assert!(seconds.is_some_and(|seconds| seconds >= 1), "{problem:?}");
        families.insert(problem.family.name);
    }
    let later = FAMILIES.iter().filter(|family| matches!(family.status, 429 | 503 | 507));
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

#[test]
fn a_problem_with_a_field_points_to_it() {
    let malformed = |field: &str| {
        let (field, reason) = (Some(field.to_owned()), "missing field".to_owned());
        let body = Problem::from(RequestError::Malformed { field, reason }).body("/", "");
        serde_json::from_slice::<serde_json::Value>(&body).expect("json")
    };
    for (field, pointer) in [
        ("orderType", "#/orderType"),
        ("a/b~c", "#/a~1b~0c"),
        ("a b%\"", "#/a%20b%25%22"),
        ("요금", "#/%EC%9A%94%EA%B8%88"),
    ] {
        let errors = &malformed(field)["errors"];
        let expected = serde_json::json!([{"detail": "missing field", "pointer": pointer}]);
        assert_eq!(*errors, expected, "{field}");
    }
}
