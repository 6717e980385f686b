//! The responses to commands that were accepted.

use super::{Response, hal};
use crate::{
    actors::{Outcome, Reply},
    inbound::preferences::PREFERENCE_APPLIED,
};
use actix_web::http::{StatusCode, header::HeaderName};

/// The response to a command on a path of this collection that was accepted. `applied` is the
/// preference that was honoured if the outcome is pending.
#[must_use]
pub fn written(
    base: &str,
    reply: &Reply,
    content_type: &'static str,
    applied: impl FnOnce() -> Option<String>,
) -> Response {
    let status = match reply.outcome {
        Outcome::Created => StatusCode::CREATED,
        Outcome::Done => StatusCode::OK,
        Outcome::Pending => StatusCode::ACCEPTED,
    };
    let answer = Response::new(status, content_type, hal::item(base, reply));
    // A pending command has no version yet.
    let answer = if reply.version > 0 { answer.with_version(reply.version) } else { answer };
    let answer = answer.with_position(reply.position);
    let answer = match reply.outcome {
        Outcome::Created | Outcome::Pending => answer.with_location(base, reply.number),
        Outcome::Done => answer,
    };
    let applied = (reply.outcome == Outcome::Pending).then(applied).flatten();
    let answer = match applied {
        Some(applied) => answer.with(HeaderName::from_static(PREFERENCE_APPLIED), &applied),
        None => answer,
    };
    Response { number: Some(reply.number), ..answer }
}
