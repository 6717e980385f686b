//! The reasons why a token is refused.

/// The reason why a token is refused. Its text contains no part of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TokenError {
    /// It is not a JWT, it is too long, or it has no usable `exp`.
    #[error("the token is malformed")]
    Malformed,
    /// No key that it may be signed with made its signature.
    #[error("the signature of the token is not valid")]
    BadSignature,
    /// Its time `exp` is over.
    #[error("the token has expired")]
    Expired,
    /// Its time `nbf` has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// Its `iss` is not a configured issuer.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// Its `aud` contains no configured audience.
    #[error("the token is for another audience")]
    WrongAudience,
    /// There is no key with its `kid`.
    #[error("the key of the token is not known")]
    UnknownKey,
    /// Its `alg` is not an algorithm of the key, such as `none`.
    #[error("the algorithm of the token is not accepted")]
    Algorithm,
    /// It has a `crit` header, and none of its extensions is understood.
    #[error("the token requires an extension that is not supported")]
    Critical,
    /// The claim of the subject is absent or unusable.
    #[error("the token names no subject")]
    NoSubject,
    /// The keys have not been fetched yet.
    #[error("the keys that verify tokens are not available")]
    KeysUnavailable,
}

impl TokenError {
    /// Whether a token may be accepted later without a change of the token: the keys are missing.
    #[must_use]
    pub const fn is_for_lack_of_keys(self) -> bool {
        matches!(self, Self::UnknownKey | Self::KeysUnavailable)
    }
}
