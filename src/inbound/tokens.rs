//! The bearer tokens of requests: which client a request comes from.

use crate::{
    actors::Caller,
    identity::{Identity, TokenCache, TokenError, Verifier, unix_now_s},
    inbound::{
        client_limit::ClientRateLimit,
        expiry::Expiry,
        problem::{INVALID_TOKEN, NOT_YET, Problem},
    },
    sync,
};
use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, Mutex},
};

/// The time after which a client comes back while the keys are not loaded, in seconds.
const RETRY_AFTER_S: u32 = 5;

/// The longest value of `Authorization` that a connection remembers, in bytes.
const REMEMBERED_BYTES_MAX: usize = 4 * 1024;

/// The last verified token of one connection. Most clients send the same token with each request:
/// comparing it is cheaper than a search by its hash.
#[derive(Default)]
pub struct LastToken(Mutex<Option<Remembered>>);

/// A verified token.
struct Remembered {
    /// The whole value of `Authorization`.
    value: Box<[u8]>,
    identity: Identity,
    /// The epoch of the keys before the verification.
    epoch: u64,
}

impl LastToken {
    /// The identity of this value, if it is the last one, its keys are the present ones, and it has
    /// not expired.
    fn find(&self, value: &[u8], epoch: u64) -> Option<Identity> {
        let last = sync::lock(&self.0);
        let last = last.as_ref().filter(|it| *it.value == *value && it.epoch == epoch)?;
        (unix_now_s() < last.identity.until_s).then(|| last.identity.clone())
    }

    fn remember(&self, value: &[u8], identity: &Identity, epoch: u64) {
        if value.len() <= REMEMBERED_BYTES_MAX {
            let (value, identity) = (value.into(), identity.clone());
            *sync::lock(&self.0) = Some(Remembered { value, identity, epoch });
        }
    }
}

impl fmt::Debug for LastToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LastToken")
    }
}

/// The verification of tokens in one worker.
pub struct Tokens {
    verifier: Arc<Verifier>,
    cache: TokenCache,
}

impl Tokens {
    /// Creates the verification for one worker.
    #[must_use]
    pub fn new(verifier: Arc<Verifier>) -> Self {
        Self { verifier, cache: TokenCache::new() }
    }

    /// The client that a request comes from, and the end of its token, by the values of
    /// `Authorization`. A request without one is anonymous. The rate limit of the client's address
    /// counts the tokens that are refused. `last` is the last token of the connection, if requests
    /// of a connection follow each other.
    ///
    /// # Errors
    /// When there are several values, or the value is of another scheme; when the token is invalid,
    /// or the keys are not loaded yet; and when too many tokens from the address were refused.
    pub async fn caller<'a>(
        &self,
        values: impl Iterator<Item = &'a [u8]>,
        last: Option<&LastToken>,
        limit: Option<(&ClientRateLimit, IpAddr)>,
    ) -> Result<(Caller, Expiry), Problem> {
        let Some(value) = single(values)? else { return Ok((Caller::Anonymous, Expiry::NEVER)) };
        // Before the verification: if the keys change meanwhile, the token is verified again.
        let epoch = self.verifier.epoch();
        let known = last.and_then(|last| last.find(value, epoch));
        let identity = if let Some(identity) = known {
            identity
        } else {
            let identity = self.verified(value, limit).await?;
            if let Some(last) = last {
                last.remember(value, &identity, epoch);
            }
            identity
        };
        let Identity { subject, roles, until_s } = identity;
        Ok((Caller::Known { subject, roles }, Expiry::at(until_s)))
    }

    /// The identity of a token that is verified now, or was before on any connection.
    async fn verified(
        &self,
        value: &[u8],
        limit: Option<(&ClientRateLimit, IpAddr)>,
    ) -> Result<Identity, Problem> {
        let token = bearer(value).ok_or_else(|| {
            let reason = "`Authorization` is not `Bearer` with one token behind it";
            Problem::new(INVALID_TOKEN, reason)
        })?;
        let counted =
            limit.map(|(limit, address)| limit.begin_verification(address)).transpose()?;
        let verified = self.cache.verify_async(&self.verifier, token).await;
        if let Some(counted) = counted.filter(|_| verified.is_ok()) {
            counted.succeeded();
        }
        verified.map_err(|error| match error {
            TokenError::KeysUnavailable => Problem {
                retry_after_s: Some(RETRY_AFTER_S),
                ..Problem::new(NOT_YET, error.to_string())
            },
            error => Problem::new(INVALID_TOKEN, error.to_string()),
        })
    }
}

/// The value of `Authorization`; `None` when there is none.
fn single<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Result<Option<&'a [u8]>, Problem> {
    let value = values.next();
    match values.next() {
        Some(_) => Err(Problem::bad_request("there is more than one `Authorization` header")),
        None => Ok(value),
    }
}

/// The token in the value of `Authorization`. The name of the scheme is case-insensitive.
fn bearer(value: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(value).ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    // Without an early end: the compiler turns it into a few wide instructions.
    let is_graphic = token.bytes().fold(true, |all, byte| all & byte.is_ascii_graphic());
    let is_token = !token.is_empty() && is_graphic;
    (scheme.eq_ignore_ascii_case("bearer") && is_token).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_remembers_its_last_token_until_that_expires_or_the_keys_change() {
        let identity = |until_s| Identity { subject: "min".into(), roles: Arc::new([]), until_s };
        let (last, valid) = (LastToken::default(), identity(unix_now_s() + 60));
        assert_eq!(last.find(b"Bearer a", 1), None);
        last.remember(b"Bearer a", &valid, 1);
        assert_eq!(last.find(b"Bearer a", 1), Some(valid.clone()));
        assert_eq!(last.find(b"Bearer b", 1), None, "another token");
        assert_eq!(last.find(b"Bearer a", 2), None, "other keys");
        last.remember(b"Bearer b", &valid, 1);
        assert_eq!(last.find(b"Bearer a", 1), None, "only the last one");
        last.remember(b"Bearer c", &identity(unix_now_s()), 1);
        assert_eq!(last.find(b"Bearer c", 1), None, "an expired token");
        let long = vec![b'a'; REMEMBERED_BYTES_MAX + 1];
        last.remember(&long, &valid, 1);
        assert_eq!(last.find(&long, 1), None, "a token that is too long");
    }

    #[test]
    fn the_token_is_read_from_the_header_of_the_scheme_bearer() {
        for value in ["Bearer abc.d-e_f", "bearer abc.d-e_f", "BEARER  abc.d-e_f "] {
            assert_eq!(bearer(value.as_bytes()), Some("abc.d-e_f"), "{value}");
        }
        for value in ["", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer \u{e4}"] {
            assert_eq!(bearer(value.as_bytes()), None, "{value}");
        }
        assert_eq!(bearer(b"Bearer \xff"), None);
    }
}
