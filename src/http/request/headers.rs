//! Request headers: idempotency key, versions, conversation, trace.

use crate::{
    actors::IdempotencyKey,
    http::problem::{Problem, VERSION_DIFFERS},
};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use siphasher::sip128::{Hasher128 as _, SipHasher24};
use std::{
    borrow::Cow,
    fmt::Write as _,
    hash::{BuildHasher as _, Hasher as _, RandomState},
};

/// The response header that names a suspended component. Its data are as of the suspension.
pub const SUSPENDED: HeaderName = HeaderName::from_static("x-madang-suspended");

/// The header with a journal position: the one a write reached, or the one a read waits for.
pub const POSITION: HeaderName = HeaderName::from_static("x-madang-position");

/// The header with the client's name for the conversation.
pub const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");

/// The header of W3C Trace Context.
pub const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");

/// The time of the record that led to a past representation (RFC 7089).
pub const MEMENTO_DATETIME: HeaderName = HeaderName::from_static("memento-datetime");

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The codings of compressed representations.
const CODINGS: [&str; 3] = ["zstd", "br", "gzip"];

const KEY_CHARACTERS_MAX: usize = 255;

const CORRELATION_CHARACTERS_MAX: usize = 128;

/// Hashes the `Idempotency-Key`, and the request under it as a fingerprint.
///
/// The key of a client with a token is its own: another subject never gets the answer under it.
///
/// The function is SipHash-2-4 with 128 bits. The hashes are stored, so it must be the same in
/// every process and version.
///
/// # Errors
/// When the key is not 1 to 255 visible ASCII characters or a quoted string of them, or the header
/// is repeated.
pub fn idempotency_key(
    headers: &HeaderMap,
    subject: Option<&str>,
    (method, path): (&str, &str),
    body: &[u8],
) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(key) = only(headers, &IDEMPOTENCY_KEY, "Idempotency-Key")? else { return Ok(None) };
    let key = key_name(key.as_bytes()).ok_or_else(|| {
        let reason = "`Idempotency-Key` is neither 1 to 255 visible ascii characters nor a quoted \
             string of them";
        Problem::bad_request(reason)
    })?;
    let fingerprint = hash(&[method.as_bytes(), path.as_bytes(), body]);
    let key = match subject {
        Some(subject) => hash(&[&key, subject.as_bytes()]),
        None => hash(&[&key]),
    };
    Ok(Some(IdempotencyKey { key, fingerprint }))
}

/// The key that a value names: `"8e03978e"` (a string of RFC 9651, as the IETF draft requires) and
/// the bare `8e03978e` name the same key.
fn key_name(value: &[u8]) -> Option<Cow<'_, [u8]>> {
    let key = match value {
        [b'"', inner @ .., b'"'] => Cow::Owned(unescaped(inner)?),
        [b'"', ..] => return None,
        bare => Cow::Borrowed(bare),
    };
    visible(&key, KEY_CHARACTERS_MAX).then_some(key)
}

/// The content of a quoted string: a backslash comes only before a quote or a backslash, and a
/// quote only after a backslash.
fn unescaped(inner: &[u8]) -> Option<Vec<u8>> {
    let (mut bytes, mut content) = (inner.iter(), Vec::with_capacity(inner.len()));
    while let Some(byte) = bytes.next() {
        content.push(match byte {
            b'\\' => *bytes.next().filter(|escaped| matches!(escaped, b'"' | b'\\'))?,
            b'"' => return None,
            plain => *plain,
        });
    }
    Some(content)
}

/// Hashes a list of parts. Each part is preceded by its length, so that two lists never feed the
/// same bytes.
fn hash(parts: &[&[u8]]) -> u128 {
    let mut hasher = SipHasher24::new();
    for part in parts {
        hasher.write(&(part.len() as u64).to_le_bytes());
        hasher.write(part);
    }
    hasher.finish128().as_u128()
}

/// The value of a header that must not be repeated.
fn only<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    named: &str,
) -> Result<Option<&'a HeaderValue>, Problem> {
    let mut values = headers.get_all(name);
    let value = values.next();
    if values.next().is_some() {
        return Err(Problem::bad_request(format!("there is more than one `{named}` header")));
    }
    Ok(value)
}

fn visible(text: &[u8], characters_max: usize) -> bool {
    (1..=characters_max).contains(&text.len()) && text.iter().all(u8::is_ascii_graphic)
}

/// The version in `If-Match`; `None` when any version matches.
///
/// The comparison is strong (RFC 9110, 13.1.1). A weak entity tag matches nothing, and neither does
/// a tag that this server never issues.
///
/// # Errors
/// When the value is no list of entity tags, names several versions, or can match none.
pub fn if_match(headers: &HeaderMap) -> Result<Option<u32>, Problem> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(None);
    }
    let mut versions = Vec::new();
    for value in headers.get_all(header::IF_MATCH) {
        let value = value.to_str().unwrap_or_default().trim();
        if value == "*" {
            return Ok(None);
        }
        for tag in value.split(',').map(str::trim) {
            if !is_entity_tag(tag) {
                let reason = "`If-Match` is neither `*` nor a list of quoted versions as in \
                     the header `ETag`";
                return Err(Problem::bad_request(reason));
            }
            versions.extend(version(tag).filter(|_| !tag.starts_with("W/")));
        }
    }
    versions.dedup();
    match versions[..] {
        [version] => Ok(Some(version)),
        [] => {
            let reason = "`If-Match` holds no strong entity tag that this server issues";
            Err(Problem::new(VERSION_DIFFERS, reason))
        }
        _ => Err(Problem::bad_request("`If-Match` names more than one version")),
    }
}

/// Whether a text has the form of an entity tag: `"…"`, or `W/"…"` for a weak one.
fn is_entity_tag(tag: &str) -> bool {
    let opaque = tag.strip_prefix("W/").unwrap_or(tag);
    let opaque = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    opaque.is_some_and(|opaque| opaque.bytes().all(|byte| byte == b'!' || byte > b'"'))
}

/// Whether `If-None-Match` names this version.
#[must_use]
pub fn none_match_names(headers: &HeaderMap, present: u32) -> bool {
    let Some(value) = headers.get(header::IF_NONE_MATCH) else { return false };
    let value = value.to_str().unwrap_or_default();
    value.split(',').map(str::trim).any(|tag| tag == "*" || version(tag) == Some(present))
}

/// The version in an entity tag. A compressed representation of it has the name of the coding behind
/// a hyphen.
fn version(tag: &str) -> Option<u32> {
    let opaque = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?;
    let digits = match opaque.split_once('-') {
        Some((digits, coding)) => CODINGS.contains(&coding).then_some(digits)?,
        None => opaque,
    };
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// The client's name for the conversation, from `X-Correlation-Id`.
///
/// # Errors
/// When the name is not 1 to 128 visible ASCII characters, or the header is repeated.
pub fn correlation(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = only(headers, &CORRELATION, "X-Correlation-Id")? else { return Ok(None) };
    if !visible(value.as_bytes(), CORRELATION_CHARACTERS_MAX) {
        let reason = "`X-Correlation-Id` is not 1 to 128 visible ascii characters";
        return Err(Problem::bad_request(reason));
    }
    Ok(value.to_str().ok())
}

/// The `traceparent` of the response: the same trace with a span of this server. As the
/// specification requires, a malformed header is ignored.
#[must_use]
pub fn trace_parent(headers: &HeaderMap) -> Option<String> {
    let parent = headers.get(TRACE_PARENT)?.to_str().ok()?;
    let mut parts = parent.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let (span, flags) = (parts.next()?, parts.next()?);
    let hexadecimal = |text: &str, len: usize| {
        text.len() == len && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    let known = hexadecimal(version, 2)
        && version != "ff"
        && hexadecimal(trace, 32)
        && !zero(trace)
        && hexadecimal(span, 16)
        && !zero(span)
        && hexadecimal(flags, 2)
        && (version != "00" || parts.next().is_none());
    if !known {
        return None;
    }
    let mut own = String::with_capacity(55);
    let span = RandomState::new().hash_one(trace).max(1);
    let _ = write!(own, "00-{trace}-{span:016x}-{flags}");
    Some(own)
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
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
    }

    #[test]
    fn the_quoted_and_the_bare_form_name_the_same_key() {
        let name = |value: &'static str| key_name(value.as_bytes()).map(Cow::into_owned);
        assert_eq!(name("\"8e03-97\""), name("8e03-97"));
        assert_eq!(name("\"a\\\"b\\\\c\""), Some(b"a\"b\\c".to_vec()));
        assert_eq!(name("a\"b"), Some(b"a\"b".to_vec()));
        let long = format!("\"{}\"", "k".repeat(KEY_CHARACTERS_MAX));
        assert_eq!(key_name(long.as_bytes()).unwrap().len(), KEY_CHARACTERS_MAX);
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

    #[test]
    fn a_trace_continues_with_a_span_of_this_server() {
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let own = trace_parent(&with(&TRACE_PARENT, parent)).unwrap();
        assert_eq!((own.len(), &own[..36], &own[52..]), (55, &parent[..36], "-01"));
        assert_ne!(own, parent);
    }

    #[test]
    fn a_malformed_trace_is_ignored() {
        for wrong in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(trace_parent(&with(&TRACE_PARENT, wrong)), None, "{wrong}");
        }
    }
}
