//! Problems as status codes, with their type and further details in the metadata.

use crate::inbound::problem::{Family, Problem};
use tonic::{
    Code, Status,
    metadata::{MetadataMap, MetadataValue},
};

/// The status code of a family of problems.
const fn code(family: &Family) -> Code {
    match (family.status, family.name.as_bytes()) {
        // A reused key is wrong because of an earlier request, not by itself.
        (402 | 409, _) | (_, b"key-reused") => Code::FailedPrecondition,
        (401, _) => Code::Unauthenticated,
        (403, _) => Code::PermissionDenied,
        (404, _) => Code::NotFound,
        (405, _) => Code::Unimplemented,
        (408, _) => Code::DeadlineExceeded,
        (412, _) => Code::Aborted,
        (429 | 431 | 507, _) => Code::ResourceExhausted,
        (400..=499, _) => Code::InvalidArgument,
        _ => Code::Unavailable,
    }
}

/// The status of a problem. Its message is the sentence; the metadata name the type, as the member
/// `type` does over HTTP.
pub fn status(problem: &Problem) -> Status {
    let mut metadata = MetadataMap::new();
    let details = [
        ("problem-type", Some(format!("/problems/{}", problem.family.name))),
        ("problem-gate", problem.gate.as_deref().map(str::to_owned)),
        ("problem-field", problem.field.clone()),
        ("problem-number", problem.number.map(|number| number.to_string())),
        ("retry-after", problem.retry_after_s.map(|seconds| seconds.to_string())),
    ];
    for (name, value) in details {
        // A name of a field that is not ASCII stands in the sentence alone.
        if let Some(value) = value.and_then(|value| MetadataValue::try_from(value).ok()) {
            metadata.insert(name, value);
        }
    }
    Status::with_metadata(code(problem.family), problem.detail.clone(), metadata)
}

/// The status when the bytes of a request are no message of its type. The library blames the server
/// for some of them.
pub fn unreadable(status: &Status) -> Status {
    let code = match status.code() {
        Code::Internal | Code::Unknown => Code::InvalidArgument,
        Code::OutOfRange => Code::ResourceExhausted,
        code => code,
    };
    Status::new(code, status.message())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbound::problem::{
        FAMILIES, GATE_OPEN, INVALID, KEY_REUSED, REJECTED, TOO_MANY, VERSION_DIFFERS,
    };

    #[test]
    fn no_problem_is_an_internal_or_unknown_error() {
        for family in FAMILIES {
            let code = code(family);
            assert!(!matches!(code, Code::Internal | Code::Unknown | Code::Ok), "{}", family.name);
            assert_eq!(code == Code::Unavailable, family.status == 503, "{}", family.name);
        }
    }

    #[test]
    fn a_problem_has_the_code_that_clients_expect() {
        for (family, expected) in [
            (REJECTED, Code::FailedPrecondition),
            (KEY_REUSED, Code::FailedPrecondition),
            (INVALID, Code::InvalidArgument),
            (VERSION_DIFFERS, Code::Aborted),
            (TOO_MANY, Code::ResourceExhausted),
            (GATE_OPEN, Code::Unavailable),
        ] {
            assert_eq!(code(family), expected, "{}", family.name);
        }
    }

    #[test]
    fn the_metadata_say_what_a_program_acts_on() {
        let problem = Problem {
            retry_after_s: Some(7),
            gate: Some("taxi/payment".into()),
            field: Some("na\u{ef}ve".to_owned()),
            ..Problem::new(GATE_OPEN, "the gate is open")
        };
        let status = status(&problem);
        let value = |name| status.metadata().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(value("problem-type"), Some("/problems/gate-open"));
        assert_eq!(
            (value("retry-after"), value("problem-gate")),
            (Some("7"), Some("taxi/payment"))
        );
        assert_eq!((value("problem-number"), status.message()), (None, "the gate is open"));
    }
}
