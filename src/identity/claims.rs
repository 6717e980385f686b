//! The claims of a token whose signature is verified: their checks, the subject and the roles.

use super::{Identity, IdentitySettings, TokenError};
use crate::store::SUBJECT_BYTES_MAX;
use serde_json::{Map, Value};

/// The claims of a token.
pub type Claims = Map<String, Value>;

/// What the claims of a token must say, and where they hold the subject and the roles.
#[derive(Debug)]
pub struct ClaimRules {
    issuers: Vec<String>,
    audience: Vec<String>,
    leeway_s: u64,
    subject_claim: String,
    roles_claims: Vec<String>,
}

impl ClaimRules {
    pub fn of(settings: &IdentitySettings) -> Self {
        Self {
            issuers: settings.accepted_issuers(),
            audience: settings.accepted_audience(),
            leeway_s: settings.leeway_s,
            subject_claim: settings.subject_claim.clone(),
            roles_claims: settings.roles_claims.clone(),
        }
    }

    /// Whether tokens of every issuer and for every audience are accepted.
    pub fn accept_everyone(&self) -> bool {
        self.issuers.is_empty() && self.audience.is_empty()
    }

    /// The identity in the claims.
    pub fn identity(&self, claims: &Claims, now_s: u64) -> Result<Identity, TokenError> {
        let until_s = self.check_times(claims, now_s)?;
        let issuer = claims.get("iss").and_then(Value::as_str);
        if !self.issuers.is_empty() && !issuer.is_some_and(|it| contains(&self.issuers, it)) {
            return Err(TokenError::WrongIssuer);
        }
        if !self.audience.is_empty() && !self.is_for_audience(claims.get("aud")) {
            return Err(TokenError::WrongAudience);
        }
        let subject = find(claims, &self.subject_claim).and_then(Value::as_str);
        let subject = subject.filter(|it| is_subject(it)).ok_or(TokenError::NoSubject)?;
        Ok(Identity { subject: subject.into(), roles: self.roles(claims).into(), until_s })
    }

    fn check_times(&self, claims: &Claims, now_s: u64) -> Result<u64, TokenError> {
        let expires_s = claims.get("exp").and_then(seconds).ok_or(TokenError::Malformed)?;
        let until_s = expires_s.saturating_add(self.leeway_s);
        if now_s >= until_s {
            return Err(TokenError::Expired);
        }
        if let Some(not_before) = claims.get("nbf") {
            let not_before_s = seconds(not_before).ok_or(TokenError::Malformed)?;
            if now_s.saturating_add(self.leeway_s) < not_before_s {
                return Err(TokenError::NotYetValid);
            }
        }
        Ok(until_s)
    }

    fn is_for_audience(&self, audience: Option<&Value>) -> bool {
        let is_ours = |one: &Value| one.as_str().is_some_and(|one| contains(&self.audience, one));
        match audience {
            Some(Value::Array(all)) => all.iter().any(is_ours),
            Some(one) => is_ours(one),
            None => false,
        }
    }

    fn roles(&self, claims: &Claims) -> Vec<Box<str>> {
        let mut roles: Vec<Box<str>> = Vec::new();
        for claim in self.roles_claims.iter().filter_map(|path| find(claims, path)) {
            match claim {
                Value::String(text) => roles.extend(text.split_whitespace().map(Into::into)),
                Value::Array(all) => {
                    roles.extend(all.iter().filter_map(Value::as_str).map(Into::into));
                }
                _ => {}
            }
        }
        roles.sort_unstable();
        roles.dedup();
        roles
    }
}

fn contains(accepted: &[String], value: &str) -> bool {
    accepted.iter().any(|one| one == value)
}

fn is_subject(text: &str) -> bool {
    !text.trim().is_empty()
        && text.len() <= SUBJECT_BYTES_MAX
        && !text.chars().any(char::is_control)
}

/// A `NumericDate` (RFC 7519), in whole seconds. A fraction is dropped.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked, and `as` saturates
fn seconds(value: &Value) -> Option<u64> {
    let fraction = || value.as_f64().filter(|it| it.is_finite() && *it >= 0.0);
    value.as_u64().or_else(|| fraction().map(|it| it as u64))
}

/// The claim at this path. A dot leads into an object, except where a claim has the whole rest of
/// the path as its name, such as `https://example.com/roles`.
fn find<'a>(claims: &'a Claims, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| {
        path.match_indices('.').find_map(|(dot, _)| {
            let (outer, inner) = (&path[..dot], &path[dot + 1..]);
            find(claims.get(outer)?.as_object()?, inner)
        })
    })
}
