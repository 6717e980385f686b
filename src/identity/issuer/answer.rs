//! What the token endpoint answers (RFC 6749, 5.1 and 5.2).

use serde::Serialize;
use std::fmt;

/// A token, as the token endpoint answers it. The answer must not be stored: it needs
/// `Cache-Control: no-store`.
#[derive(Clone, Serialize)]
pub struct TokenAnswer {
    /// The token.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// The lifetime, in seconds.
    pub expires_in: u64,
    /// The roles, separated by spaces.
    pub scope: String,
}

/// The reason why the token endpoint issues no token. As JSON, it has the members `error` and
/// `error_description`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{code}: {description}")]
pub struct OAuthError {
    /// The code of the error, such as `invalid_client`.
    #[serde(rename = "error")]
    pub code: &'static str,
    /// What is wrong, without any secret.
    #[serde(rename = "error_description")]
    pub description: &'static str,
    /// The HTTP status: 400 or 401; 429 after too many attempts; 503 when the server is busy; 500.
    #[serde(skip)]
    pub status: u16,
    /// The time after which another attempt makes sense, in seconds.
    #[serde(skip)]
    pub retry_after_s: Option<u64>,
}

impl OAuthError {
    /// The value of `WWW-Authenticate`, which an answer 401 must have.
    #[must_use]
    pub fn challenge(&self) -> Option<&'static str> {
        (self.status == 401).then_some("Basic realm=\"madang\", charset=\"UTF-8\"")
    }

    pub(super) const fn new(code: &'static str, description: &'static str) -> Self {
        Self { code, description, status: 400, retry_after_s: None }
    }

    /// The error of a malformed request.
    #[must_use]
    pub const fn invalid_request(description: &'static str) -> Self {
        Self::new("invalid_request", description)
    }

    pub(super) const fn invalid_client() -> Self {
        let description = "the client is unknown or its secret is wrong";
        Self { status: 401, ..Self::new("invalid_client", description) }
    }

    pub(super) const fn too_many_attempts(retry_after_s: u64) -> Self {
        let description = "there were too many attempts for this name";
        Self {
            status: 429,
            retry_after_s: Some(retry_after_s),
            ..Self::new("temporarily_unavailable", description)
        }
    }

    pub(super) const fn busy() -> Self {
        let description = "too many clients are being authenticated";
        Self {
            status: 503,
            retry_after_s: Some(1),
            ..Self::new("temporarily_unavailable", description)
        }
    }

    pub(super) const fn internal() -> Self {
        Self { status: 500, ..Self::new("server_error", "the token could not be made") }
    }
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expires_in, scope, .. } = self;
        write!(f, "TokenAnswer *** for {expires_in} s with the scope `{scope}`")
    }
}
