//! What a client says beside its request, in headers or metadata: idempotency key, version,
//! conversation.

use crate::{
    actors::IdempotencyKey,
    inbound::problem::{Problem, VERSION_DIFFERS},
};
use siphasher::sip128::{Hasher128 as _, SipHasher24};
use std::{borrow::Cow, hash::Hasher as _};

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
pub fn idempotency_key<'a>(
    values: impl Iterator<Item = &'a [u8]>,
    subject: Option<&str>,
    (method, path): (&str, &str),
    body: &[u8],
) -> Result<Option<IdempotencyKey>, Problem> {
    let Some(key) = only(values, "Idempotency-Key")? else { return Ok(None) };
    let key = key_name(key).ok_or_else(|| {
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
    mut values: impl Iterator<Item = &'a [u8]>,
    name: &str,
) -> Result<Option<&'a [u8]>, Problem> {
    let value = values.next();
    if values.next().is_some() {
        return Err(Problem::bad_request(format!("there is more than one `{name}` header")));
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
pub fn if_match<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<Option<u32>, Problem> {
    let mut values = values.peekable();
    if values.peek().is_none() {
        return Ok(None);
    }
    let mut versions = Vec::new();
    for value in values {
        let value = std::str::from_utf8(value).unwrap_or_default().trim();
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

/// The version in a strong or weak entity tag; `None` for a tag that this server never issues. A
/// compressed representation has the name of the coding behind a hyphen.
#[must_use]
pub fn version(tag: &str) -> Option<u32> {
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
pub fn correlation<'a>(values: impl Iterator<Item = &'a [u8]>) -> Result<Option<&'a str>, Problem> {
    let Some(value) = only(values, "X-Correlation-Id")? else { return Ok(None) };
    if !visible(value, CORRELATION_CHARACTERS_MAX) {
        let reason = "`X-Correlation-Id` is not 1 to 128 visible ascii characters";
        return Err(Problem::bad_request(reason));
    }
    Ok(std::str::from_utf8(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lists_have_the_same_hash_because_their_parts_join_to_the_same_bytes() {
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
}
