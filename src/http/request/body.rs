//! Reads the body of a request, within the limits of size and time.

use crate::http::{
    connection::ConnectionState,
    limits::Limits,
    problem::{Problem, SYNTAX, TOO_LARGE, TOO_SLOW},
};
use actix_web::{
    HttpRequest,
    http::header,
    web::{Bytes, Payload},
};
use std::rc::Rc;

/// Reads the body, within the limits of size and time.
///
/// # Errors
/// When the body is too large, too slow or not UTF-8.
pub async fn read_body(
    limits: &Limits,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Bytes, Problem> {
    let bytes_max = limits.body_bytes_max;
    let too_large =
        || Problem::new(TOO_LARGE, format!("the body is larger than {bytes_max} bytes"));
    let length = request.headers().get(header::CONTENT_LENGTH);
    let declared = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > bytes_max) {
        return Err(too_large());
    }
    let reading = payload.to_bytes_limited(bytes_max);
    let connection = request.conn_data::<Rc<ConnectionState>>();
    connection.inspect(|state| state.begins_body());
    let read = tokio::time::timeout(limits.body_timeout(), reading).await;
    connection.inspect(|state| state.ends_body(matches!(read, Ok(Ok(Ok(_))))));
    let read = read.map_err(|_| Problem::new(TOO_SLOW, "the body did not arrive in time"))?;
    let body = read
        .map_err(|_| too_large())?
        .map_err(|error| Problem::bad_request(format!("the body cannot be read: {error}")))?;
    match std::str::from_utf8(&body) {
        Ok(_) => Ok(body),
        Err(error) => {
            let at = error.valid_up_to();
            Err(Problem::new(SYNTAX, format!("the body is not valid utf-8 at byte {at}")))
        }
    }
}
