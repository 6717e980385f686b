//! The bearer tokens of requests: which client a request comes from.

use crate::{
    actors::Caller,
    identity::{Identity, TokenCache, TokenError, Verifier},
    inbound::{
        client_limit::ClientRateLimit,
        expiry::Expiry,
        problem::{INVALID_TOKEN, NOT_YET, Problem},
    },
};
use std::{net::IpAddr, sync::Arc};

/// The time after which a client comes back while the keys are not loaded, in seconds.
const RETRY_AFTER_S: u32 = 5;

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

    /// The client that a request with this token comes from, and the end of the token. A request
    /// without one is anonymous. The rate limit of the client's address counts the tokens that are refused.
    ///
    /// # Errors
    /// When the token is invalid, or the keys are not loaded yet; and when too many tokens from the
    /// address were refused.
    pub async fn caller(
        &self,
        token: Option<&str>,
        limit: Option<(&ClientRateLimit, IpAddr)>,
    ) -> Result<(Caller, Expiry), Problem> {
        let Some(token) = token else { return Ok((Caller::Anonymous, Expiry::NEVER)) };
        let counted =
            limit.map(|(limit, address)| limit.begin_verification(address)).transpose()?;
        let verified = self.cache.verify_async(&self.verifier, token).await;
        if let Some(counted) = counted.filter(|_| verified.is_ok()) {
            counted.succeeded();
        }
        let Identity { subject, roles, until_s } = verified.map_err(|error| match error {
            TokenError::KeysUnavailable => Problem {
                retry_after_s: Some(RETRY_AFTER_S),
                ..Problem::new(NOT_YET, error.to_string())
            },
            error => Problem::new(INVALID_TOKEN, error.to_string()),
        })?;
        Ok((Caller::Known { subject, roles }, Expiry::at(until_s)))
    }
}

/// The token in the values of `Authorization`; `None` when there is no value.
///
/// # Errors
/// When there are several values, or the value is of another scheme.
pub fn bearer_token<'a>(
    mut values: impl Iterator<Item = &'a [u8]>,
) -> Result<Option<&'a str>, Problem> {
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::bad_request("there is more than one `Authorization` header"));
    }
    let token = bearer(value).ok_or_else(|| {
        let reason = "`Authorization` is not `Bearer` with one token behind it";
        Problem::new(INVALID_TOKEN, reason)
    })?;
    Ok(Some(token))
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
