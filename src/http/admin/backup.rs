//! Admin requests for a backup: pages of the journal, as it is stored.

use super::unless_read;
use crate::{
    http::{request::Verb, response::Response, site::Site},
    inbound::problem::Problem,
};
use actix_web::http::{StatusCode, header::CACHE_CONTROL};

/// The path of the pages of a backup.
pub(in crate::http) const BACKUP: &str = "/admin/backup";

/// Returns one page: the bytes of all records, with personal data, for an operator alone.
///
/// # Errors
/// When the method is not allowed, the query is no part of a backup, or the journal cannot be read.
pub(in crate::http) async fn answer(
    site: &Site,
    verb: Verb,
    query: &str,
) -> Result<Response, Problem> {
    if let Some(answer) = unless_read(verb)? {
        return Ok(answer);
    }
    let page = site.runtime.backup_page(query).await?;
    let answer = Response::new(StatusCode::OK, "application/octet-stream", page);
    Ok(answer.with(CACHE_CONTROL, "no-store"))
}
