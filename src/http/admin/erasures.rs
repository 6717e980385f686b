//! Admin requests that erase a person.

use crate::{
    actors::{ErasurePlan, Person},
    http::{request::parsed, response::Response, site::Site},
    inbound::problem::{MALFORMED, Problem},
};
use actix_web::http::StatusCode;
use serde::{Deserialize, Deserializer};

/// The path of erasures.
pub(in crate::http) const ERASURES: &str = "/admin/erasures";

/// The body of a request: a customer or a number.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    /// The subject of a customer.
    #[serde(default, deserialize_with = "text")]
    customer: Option<String>,
    /// `taxi/17`
    #[serde(default, deserialize_with = "text")]
    number: Option<String>,
    /// Whether only the answer is wanted.
    #[serde(default)]
    dry_run: bool,
}

/// A text that may be missing, but not be null.
fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    String::deserialize(from).map(Some)
}

/// Erases the person that the body names, and answers with what was destroyed.
///
/// # Errors
/// When the body is malformed, the business is unknown, or the erasure fails.
pub(in crate::http) async fn answer(site: &Site, body: &[u8]) -> Result<Response, Problem> {
    let body: Body = parsed(body)?;
    let person = match (body.customer, body.number) {
        (Some(customer), None) => Person::customer(customer),
        (None, Some(number)) => number.parse(),
        _ => Err("either `customer` or `number` is needed".to_owned()),
    };
    let person = person.map_err(|reason| Problem::new(MALFORMED, reason))?;
    let plan: ErasurePlan = if body.dry_run {
        site.runtime.erasure(person).await?
    } else {
        site.runtime.erase(person).await?
    };
    let shown = serde_json::to_vec(&plan).unwrap_or_default();
    Ok(Response::new(StatusCode::OK, "application/json", shown))
}
