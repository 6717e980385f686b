//! What happened to the parts of the house, for operators: a page of notes, the latest first.

use super::{
    answer::Answer,
    front::{Front, not_allowed},
    hal,
    operate::READ_ONLY,
    problem::Problem,
    query::{Query, short},
    router::Verb,
};
use actix_web::http::StatusCode;

/// Where it is read.
pub(super) const DIARY: &str = "/admin/diary";

/// Answers what is asked at [`DIARY`].
///
/// # Errors
/// When the method or the query makes no sense, or the journal cannot be read now.
pub(super) async fn answer(front: &Front, verb: Verb, query: &str) -> Result<Answer, Problem> {
    match verb {
        Verb::Read => {}
        Verb::Options => return Ok(Answer::options(READ_ONLY)),
        _ => return Err(not_allowed("this method", READ_ONLY.to_owned())),
    }
    let query = Query::read(query)?;
    if let Some((name, _)) = query.conditions.first() {
        let because = format!("`{}` is not a parameter here; there are page and size", short(name));
        return Err(Problem::bad_query(because));
    }
    let found = front.courtyard.diary(query.page.clone()).await?;
    Ok(Answer::new(StatusCode::OK, "application/hal+json", hal::notes(DIARY, &query, &found)))
}
