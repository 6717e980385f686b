//! Request headers: idempotency key, versions, conversation, trace.

use crate::{
    actors::IdempotencyKey,
    inbound::{metadata, problem::Problem},
    traces::{self, TraceContext},
};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The response header that names a suspended component. Its data are as of the suspension.
pub const SUSPENDED: HeaderName = HeaderName::from_static("x-madang-suspended");

/// The header with a journal position: the one a write reached, or the one a read waits for.
pub const POSITION: HeaderName = HeaderName::from_static("x-madang-position");

/// The header with the client's name for the conversation.
pub const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");

/// The header of W3C Trace Context.
pub const TRACE_PARENT: HeaderName = HeaderName::from_static(traces::TRACE_PARENT);

/// The time of the record that led to a past representation (RFC 7089).
pub const MEMENTO_DATETIME: HeaderName = HeaderName::from_static("memento-datetime");

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The idempotency key of a request; see [`metadata::idempotency_key`].
///
/// # Errors
/// When the key is not 1 to 255 visible ASCII characters or a quoted string of them, or the header
/// is repeated.
pub fn idempotency_key(
    headers: &HeaderMap,
    subject: Option<&str>,
    request: (&str, &str),
    body: &[u8],
) -> Result<Option<IdempotencyKey>, Problem> {
    metadata::idempotency_key(values(headers, &IDEMPOTENCY_KEY), subject, request, body)
}

/// The version in `If-Match`; see [`metadata::if_match`].
///
/// # Errors
/// When the value is no list of entity tags, names several versions, or can match none.
pub fn if_match(headers: &HeaderMap) -> Result<Option<u32>, Problem> {
    metadata::if_match(values(headers, &header::IF_MATCH))
}

/// The client's name for the conversation, from `X-Correlation-Id`.
///
/// # Errors
/// When the name is not 1 to 128 visible ASCII characters, or the header is repeated.
pub fn correlation(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    metadata::correlation(values(headers, &CORRELATION))
}

fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).map(HeaderValue::as_bytes)
}

/// Whether `If-None-Match` names this version.
#[must_use]
pub fn none_match_names(headers: &HeaderMap, present: u32) -> bool {
    let Some(value) = headers.get(header::IF_NONE_MATCH) else { return false };
    let value = value.to_str().unwrap_or_default();
    value.split(',').map(str::trim).any(|tag| tag == "*" || metadata::version(tag) == Some(present))
}

/// The trace that the client names. As the specification requires, a malformed header is ignored.
#[must_use]
pub fn trace(headers: &HeaderMap) -> Option<TraceContext> {
    TraceContext::read(headers.get(TRACE_PARENT)?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &HeaderName, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name.clone(), HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn a_version_is_read_from_an_entity_tag() {
        let read = |value| if_match(&with(&header::IF_MATCH, value));
        assert_eq!(read("\"3\"").unwrap(), Some(3));
        assert_eq!(read("*").unwrap(), None);
        assert_eq!(read("\"3-gzip\"").unwrap(), Some(3));
        assert_eq!(read("\"3-br\", \"3\", \"3-zstd\"").unwrap(), Some(3));
        assert_eq!(read("W/\"2\", \"3\", \"x\", \"3\"").unwrap(), Some(3));
        for wrong in ["3", "\"", "\"1\",", "\"1\",\"2\"", "\"a b\"", "w/\"3\"", "*, \"3\"", ""] {
            assert_eq!(read(wrong).unwrap_err().family.status, 400, "{wrong}");
        }
    }

    #[test]
    fn a_weak_entity_tag_and_one_of_another_server_match_no_version() {
        for other in [
            "W/\"3\"",
            "\"x\"",
            "\"3-x\"",
            "\"-gzip\"",
            "\"\"",
            "\"-1\"",
            "\"99999999999\"",
            "W/\"3\",\"x\"",
        ] {
            let problem = if_match(&with(&header::IF_MATCH, other)).unwrap_err();
            assert_eq!(problem.family.status, 412, "{other}");
        }
    }

    #[test]
    fn a_repeated_key_or_conversation_header_is_refused() {
        for name in [&IDEMPOTENCY_KEY, &CORRELATION] {
            let mut headers = with(name, "7f3");
            headers.append(name.clone(), HeaderValue::from_static("7f3"));
            assert!(
                idempotency_key(&headers, None, ("POST", "/"), b"").is_err()
                    || correlation(&headers).is_err()
            );
        }
    }

    #[test]
    fn a_client_that_has_seen_this_version_is_recognised() {
        let named =
            |value, version| none_match_names(&with(&header::IF_NONE_MATCH, value), version);
        assert!(named("\"3\"", 3) && named("\"2\", W/\"3\"", 3) && named("*", 3));
        assert!(!named("\"3\"", 4) && !named("nonsense", 3));
    }

    #[test]
    fn the_same_request_under_the_same_key_has_the_same_hashes_forever() {
        let headers = with(&IDEMPOTENCY_KEY, "7f3");
        let key =
            |body: &[u8]| idempotency_key(&headers, None, ("POST", "/a/b"), body).unwrap().unwrap();
        assert_eq!(key(b"{}"), key(b"{}"));
        assert_eq!(key(b"{}").key, key(b"[]").key);
        assert_ne!(key(b"{}").fingerprint, key(b"[]").fingerprint);
    }

    #[test]
    fn a_malformed_key_is_refused() {
        let wrong =
            ["\"", "\"\"", "\"a", "\"a\"b\"", "\"a\\\"", "\"a\\b\"", "\"a b\"", "\"a\";b=1"];
        for wrong in ["", "a b", "schl\u{fc}ssel"].into_iter().chain(wrong) {
            let mut headers = HeaderMap::new();
            headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_bytes(wrong.as_bytes()).unwrap());
            assert!(idempotency_key(&headers, None, ("POST", "/"), b"").is_err(), "{wrong}");
        }
    }
}
