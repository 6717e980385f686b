//! Admin requests that inject faults, for drills.

use crate::{
    actors::{Fault, FaultError},
    http::{request::parsed, response::Response, site::Site},
    inbound::problem::{FAULTS_NOT_ALLOWED, MALFORMED, Problem},
};
use actix_web::http::StatusCode;
use serde_json::json;

/// The path of fault injection.
pub(in crate::http) const FAULTS: &str = "/admin/faults";

/// Injects the fault that the body describes.
///
/// # Errors
/// When the server was started without `--allow-faults`, the body is malformed, or its target is
/// unknown.
pub(in crate::http) async fn answer(site: &Site, body: &[u8]) -> Result<Response, Problem> {
    let fault: Fault = parsed(body)?;
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
