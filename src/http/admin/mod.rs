//! Admin requests: health, components, gates, quarantine, faults, the operations log, backups and
//! erasures.

pub mod backup;
pub mod components;
pub mod erasures;
pub mod faults;
pub mod gates;
pub mod health;
pub mod operations_log;

use crate::{
    actors::Caller,
    domain::kernel::Method,
    http::{
        request::{Verb, read_body},
        response::Response,
        site::Site,
    },
    inbound::problem::{Problem, not_allowed, unknown},
};
use actix_http::{Payload, Request};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// The value of `Allow` at read-only paths.
pub(in crate::http) const READ_ONLY: &str = "OPTIONS, GET, HEAD";

/// The value of `Allow` at paths that only get bodies.
const POST_ONLY: &str = "OPTIONS, POST";

/// Answers a request of an operator.
///
/// # Errors
/// When the path is unknown, the method is not allowed, or the action fails.
pub(super) async fn answer(
    site: &Site,
    verb: Verb,
    (request, caller): (&Request, &Caller),
    payload: Payload,
) -> Result<Response, Problem> {
    match request.path() {
        path if path.starts_with(components::COMPONENTS) => {
            components::answer(site, verb, path).await
        }
        path if path.starts_with(gates::GATES) => {
            gates::answer(site, verb, (request, caller), payload).await
        }
        backup::BACKUP => {
            backup::answer(site, verb, request.uri().query().unwrap_or_default()).await
        }
        operations_log::OPERATIONS_LOG => {
            let query = request.uri().query().unwrap_or_default();
            operations_log::answer(site, verb, query).await
        }
        faults::FAULTS => match unless_posted(verb)? {
            Some(answer) => Ok(answer),
            None => faults::answer(site, &read_body(&site.limits, request, payload).await?).await,
        },
        erasures::ERASURES => match unless_posted(verb)? {
            Some(answer) => Ok(answer),
            None => erasures::answer(site, &read_body(&site.limits, request, payload).await?).await,
        },
        path => health::answer(site, verb, path),
    }
}

/// Handles a request at a read-only path.
///
/// # Errors
/// When the method is not allowed.
pub(super) fn read_only(
    verb: Verb,
    read: impl FnOnce() -> Result<Response, Problem>,
) -> Result<Response, Problem> {
    match unless_read(verb)? {
        None => read(),
        Some(answer) => Ok(answer),
    }
}

/// Checks the method at a read-only path: `None` for reads, the reply for `OPTIONS`.
///
/// # Errors
/// When the method is not allowed.
pub(super) fn unless_read(verb: Verb) -> Result<Option<Response>, Problem> {
    match verb {
        Verb::Read => Ok(None),
        Verb::Options => Ok(Some(Response::options(READ_ONLY))),
        _ => Err(not_allowed("this method", READ_ONLY.to_owned())),
    }
}

/// Checks the method before the body is read: `None` for `POST`, the reply for `OPTIONS`.
///
/// # Errors
/// When the method is not allowed.
fn unless_posted(verb: Verb) -> Result<Option<Response>, Problem> {
    match verb {
        Verb::Submit(Method::Post) => Ok(None),
        Verb::Options => Ok(Some(Response::options(POST_ONLY))),
        _ => Err(not_allowed("this method", POST_ONLY.to_owned())),
    }
}

/// Percent-decodes part of a path. Clients may write the slash of a name as `%2F`.
///
/// # Errors
/// When the decoded text is not UTF-8.
pub(super) fn name_in(part: &str) -> Result<Cow<'_, str>, Problem> {
    percent_decode_str(part).decode_utf8().map_err(|_| unknown(part))
}
