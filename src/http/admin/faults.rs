//! Admin requests that inject faults, for drills.

use crate::{
    actors::{Fault, FaultError},
    domain::kernel::{Method, in_plain_words},
    http::{request::Verb, response::Response, site::Site},
    inbound::problem::{FAULTS_NOT_ALLOWED, MALFORMED, Problem, SYNTAX, not_allowed},
};
use actix_web::http::StatusCode;
use serde_json::json;

/// The path of fault injection.
pub(in crate::http) const FAULTS: &str = "/admin/faults";

const SAY_ONLY: &str = "OPTIONS, POST";

/// Checks the method before the body is read: `None` for `POST`, the reply for `OPTIONS`.
///
/// # Errors
/// When the method is not allowed.
pub(in crate::http) fn before_reading(verb: Verb) -> Result<Option<Response>, Problem> {
    match verb {
        Verb::Submit(Method::Post) => Ok(None),
        Verb::Options => Ok(Some(Response::options(SAY_ONLY))),
        _ => Err(not_allowed("this method", SAY_ONLY.to_owned())),
    }
}

/// Injects the fault that the body describes.
///
/// # Errors
/// When the server was started without `--allow-faults`, the body is malformed, or its target is
/// unknown.
pub(in crate::http) async fn answer(site: &Site, body: &[u8]) -> Result<Response, Problem> {
    let fault: Fault = serde_json::from_slice(body).map_err(|error| {
        let family = if error.is_data() { MALFORMED } else { SYNTAX };
        Problem::new(family, in_plain_words(&error.to_string()))
    })?;
    match site.runtime.break_on_purpose(fault).await {
        Ok(what) => {
            let body = json!({ "done": what }).to_string().into_bytes();
            Ok(Response::new(StatusCode::OK, "application/json", body))
        }
        Err(reason @ FaultError::NotAllowed) => {
            Err(Problem::new(FAULTS_NOT_ALLOWED, reason.to_string()))
        }
        Err(reason) => Err(Problem::new(MALFORMED, reason.to_string())),
    }
}
