//! Who sends a request: the verification of OAuth 2.0 bearer tokens (JWT, RFC 7519), and a small
//! authorization server that issues them.
//!
//! [`Verifier`] checks tokens with a shared secret, public keys, or the keys of an authorization
//! server. [`TokenCache`] holds the verified tokens of one worker thread. [`TokenIssuer`] is the
//! authorization server for those who have none.
//!
//! The family of a key decides which algorithms are accepted, never the token. Neither keys nor
//! secrets nor tokens occur in `Debug` output, logs or errors.

mod accounts;
mod cache;
mod claims;
mod error;
mod issuer;
mod keys;
mod provider;
mod remote;
mod settings;
mod verifier;

pub use cache::TokenCache;
pub use error::TokenError;
pub use issuer::{OAuthError, TokenAnswer, TokenIssuer, hash_secret};
pub use settings::IdentitySettings;
pub use verifier::Verifier;

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// The subject of a verified token, and the roles that the token carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The subject: the name of a user or of a client.
    pub subject: Arc<str>,
    /// The roles, each once.
    pub roles: Arc<[Box<str>]>,
    /// The second since 1970 from which the token is refused.
    pub until_s: u64,
}

impl Identity {
    /// Whether the token carries this role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| **own == *role)
    }
}

/// The verification of tokens, and the authorization server if this server is one.
#[derive(Clone, Debug)]
pub struct Identities {
    /// Verifies the tokens of requests.
    pub verifier: Arc<Verifier>,
    /// Issues tokens.
    pub issuer: Option<Arc<TokenIssuer>>,
}

/// Whether the text can be a role: it is one word.
pub(crate) fn is_role(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

/// The seconds since 1970, as tokens count them.
pub(crate) fn unix_now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
