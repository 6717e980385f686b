//! The paths of the embedded authorization server: tokens, metadata and public keys.

use super::admin::unless_read;
use crate::{
    http::{
        limits::Limits,
        request::{Verb, read_body},
        response::Response,
    },
    identity::{OAuthError, TokenIssuer},
    inbound::problem::{Problem, not_allowed, unknown},
};
use actix_http::{HttpMessage as _, Payload, Request};
use actix_web::http::{
    Method, StatusCode,
    header::{
        AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE,
    },
};
use serde::Serialize;

/// The path where clients get tokens.
pub const TOKEN: &str = "/oauth/token";

/// The path of the public keys.
const JWKS: &str = "/.well-known/jwks.json";

/// The paths of the metadata.
const METADATA: [&str; 2] =
    ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

const FORM: &str = "application/x-www-form-urlencoded";

const JSON: &str = "application/json";

/// Whether the authorization server answers at this path.
pub fn is_path(path: &str) -> bool {
    path == TOKEN || path == JWKS || METADATA.contains(&path)
}

/// Answers a request to the authorization server.
///
/// # Errors
/// When the method is not allowed, or the body cannot be read. A refused token is an answer of its
/// own form (RFC 6749, 5.2).
pub async fn answer(
    issuer: &TokenIssuer,
    limits: &Limits,
    verb: Verb,
    request: &Request,
    payload: Payload,
) -> Result<Response, Problem> {
    if request.path() == TOKEN {
        return token(issuer, limits, request, payload).await;
    }
    if let Some(answer) = unless_read(verb)? {
        return Ok(answer);
    }
    let shown = match request.path() {
        JWKS => issuer.jwks(),
        path if METADATA.contains(&path) => issuer.metadata(issuer.url()),
        path => return Err(unknown(path)),
    };
    Ok(Response::new(StatusCode::OK, JSON, shown.to_string().into_bytes()))
}

async fn token(
    issuer: &TokenIssuer,
    limits: &Limits,
    request: &Request,
    payload: Payload,
) -> Result<Response, Problem> {
    const ALLOWED: &str = "OPTIONS, POST";
    match *request.method() {
        Method::POST => {}
        Method::OPTIONS => return Ok(Response::options(ALLOWED)),
        _ => return Err(not_allowed(request.method().as_str(), ALLOWED.to_owned())),
    }
    let headers = request.headers();
    if !is_form(headers) {
        let description = "the body is not declared to be application/x-www-form-urlencoded";
        return Ok(refused(&OAuthError::invalid_request(description)));
    }
    let authorization = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let form = read_body(limits, request, payload).await?;
    Ok(match issuer.token(&form, authorization).await {
        Ok(answer) => unstored(StatusCode::OK, &answer),
        Err(error) => refused(&error),
    })
}

fn is_form(headers: &HeaderMap) -> bool {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = declared.map(|value| value.split(';').next().unwrap_or_default().trim());
    media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case(FORM))
}

fn refused(error: &OAuthError) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut answer = unstored(status, error);
    if let Some(challenge) = error.challenge() {
        answer = answer.with(WWW_AUTHENTICATE, challenge);
    }
    match error.retry_after_s {
        Some(seconds) => answer.with_number(RETRY_AFTER, seconds),
        None => answer,
    }
}

/// An answer that must not be stored.
fn unstored(status: StatusCode, shown: &impl Serialize) -> Response {
    let body = serde_json::to_vec(shown).unwrap_or_default();
    Response::new(status, JSON, body).with(CACHE_CONTROL, "no-store")
}
