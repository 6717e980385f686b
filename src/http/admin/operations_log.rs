//! Admin requests for the operations log: a page of entries, the latest first.

use super::unless_read;
use crate::{
    http::{
        request::Verb,
        response::{Response, hal},
        site::Site,
    },
    inbound::{escape::short, problem::Problem, query::Query},
};
use actix_web::http::StatusCode;

/// The path of the operations log.
pub(in crate::http) const OPERATIONS_LOG: &str = "/admin/log";

/// Handles requests at [`OPERATIONS_LOG`].
///
/// # Errors
/// When the method is not allowed, the query is invalid, or the journal cannot be read.
pub(in crate::http) async fn answer(
    site: &Site,
    verb: Verb,
    query: &str,
) -> Result<Response, Problem> {
    if let Some(answer) = unless_read(verb)? {
        return Ok(answer);
    }
    let query = Query::read(query)?;
    if let Some((name, _)) = query.conditions.first() {
        let reason = format!("`{}` is not a parameter here; there are page and size", short(name));
        return Err(Problem::bad_query(reason));
    }
    let found = site.runtime.operations_log(query.page.clone()).await?;
    Ok(Response::new(
        StatusCode::OK,
        "application/hal+json",
        hal::notes(OPERATIONS_LOG, &query, &found),
    ))
}
