//! Reads the body of a request, within the limits of size and time, and parses it.

use crate::{
    domain::kernel::in_plain_words,
    http::{connection::ConnectionState, limits::Limits},
    inbound::problem::{MALFORMED, Problem, SYNTAX, TOO_LARGE, TOO_SLOW},
};
use actix_http::{
    HttpMessage as _, Payload, Request,
    body::{BodyStream, MessageBody as _},
    error::PayloadError,
};
use actix_web::{
    http::header,
    web::{Bytes, BytesMut},
};
use serde::de::DeserializeOwned;
use std::{
    future::poll_fn,
    io,
    pin::pin,
    rc::Rc,
    task::{Context, Poll},
};

/// Parses a body, which is one object.
///
/// # Errors
/// When it is not JSON, or a field is unknown or of another type.
pub fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let is_object = body.trim_ascii_start().first() == Some(&b'{');
    serde_json::from_slice(body)
        .map_err(|error| {
            let family = if error.is_data() { MALFORMED } else { SYNTAX };
            Problem::new(family, in_plain_words(&error.to_string()))
        })
        .and_then(|parsed| {
            // serde reads the elements of a list as the fields in their order.
            let reason = "the body is a list, expected an object";
            if is_object { Ok(parsed) } else { Err(Problem::new(MALFORMED, reason)) }
        })
}

/// Reads the body, within the limits of size and time. With HTTP/1.1, the table of connections wakes
/// the reader when the time is over; with HTTP/2, the payload ends with an error.
///
/// # Errors
/// When the body is too large, too slow or not UTF-8.
pub async fn read_body(
    limits: &Limits,
    request: &Request,
    payload: Payload,
) -> Result<Bytes, Problem> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let declared = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > limits.body_bytes_max) {
        return Err(too_large(limits));
    }
    let connection = request.conn_data::<Rc<ConnectionState>>().map(|state| &**state);
    connection.inspect(|state| state.begins_body());
    let read = read(limits, payload, connection).await;
    connection.inspect(|state| state.ends_body(read.is_ok()));
    let body = read?;
    match std::str::from_utf8(&body) {
        Ok(_) => Ok(body),
        Err(error) => {
            let at = error.valid_up_to();
            Err(Problem::new(SYNTAX, format!("the body is not valid utf-8 at byte {at}")))
        }
    }
}

/// Reads a payload to its end. A body that arrives in one piece is not copied.
async fn read(
    limits: &Limits,
    payload: Payload,
    connection: Option<&ConnectionState>,
) -> Result<Bytes, Problem> {
    let mut payload = pin!(BodyStream::new(payload));
    let mut next = |context: &mut Context<'_>| {
        if connection.is_some_and(ConnectionState::is_body_late) {
            return Poll::Ready(Some(Err(too_slow())));
        }
        payload.as_mut().poll_next(context).map_err(|error| match error {
            PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => too_slow(),
            error => Problem::bad_request(format!("the body cannot be read: {error}")),
        })
    };
    let mut whole = Bytes::new();
    let mut pieces = BytesMut::new();
    while let Some(piece) = poll_fn(&mut next).await {
        let piece = piece?;
        if whole.len() + pieces.len() + piece.len() > limits.body_bytes_max {
            return Err(too_large(limits));
        }
        if whole.is_empty() && pieces.is_empty() {
            whole = piece;
        } else {
            pieces.extend_from_slice(&std::mem::take(&mut whole));
            pieces.extend_from_slice(&piece);
        }
    }
    Ok(if pieces.is_empty() { whole } else { pieces.freeze() })
}

fn too_slow() -> Problem {
    Problem::new(TOO_SLOW, "the body did not arrive in time")
}

fn too_large(limits: &Limits) -> Problem {
    let bytes_max = limits.body_bytes_max;
    Problem::new(TOO_LARGE, format!("the body is larger than {bytes_max} bytes"))
}
