//! The last response on a connection that is being closed: a problem with a message.
//!
//! A malformed request never reaches a handler. The HTTP library responds with a bare status and
//! drops the connection, often before the client has finished writing. The response is then lost in
//! a reset.
//!
//! On a connection of HTTP/2 the last response is the frame GOAWAY.
//!
//! This module recognises such responses when they are written and adds a body. The connection
//! stays open for a while, so that the client can read them.

use super::{socket::Socket, state::Closing};
use crate::inbound::problem::{BAD_REQUEST, BUSY, HEAD_TOO_LARGE, Problem, TOO_SLOW};
use std::{io, time::Duration};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The longest time that input is read and discarded after the last response.
const LINGER_MAX: Duration = Duration::from_secs(1);

/// The most input that is read and discarded after the last response, in bytes.
const LINGER_BYTES_MAX: u64 = 32 << 20;

/// The upper bound of a bare response, in bytes. Its head has about 120.
const BARE_BYTES_MAX: usize = 256;

/// The header of a response without a body. No handler sends it for these statuses.
const NO_BODY: &str = "content-length: 0\r\n";

/// Writes the last response and discards what the client still sends, within limits. Closing a
/// connection with unread bytes would discard the response.
pub async fn linger_with(mut stream: Socket, final_response: Vec<u8>) {
    let exchange = async move {
        stream.write_all(&final_response).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LINGER_BYTES_MAX), &mut tokio::io::sink()).await
    };
    let _: Result<io::Result<u64>, _> = tokio::time::timeout(LINGER_MAX, exchange).await;
}

/// The complete response with this status; `None` when there is no problem for the status.
pub fn answer(status: &str) -> Option<Vec<u8>> {
    let problem = problem(status)?;
    Some(whole(&problem, ""))
}

/// The response 503 to a client when no connection is left.
pub fn no_place() -> Vec<u8> {
    let reason = "the server has as many connections as it serves at once";
    whole(&Problem::new(BUSY, reason), "retry-after: 1\r\n")
}

/// The frame GOAWAY of HTTP/2. The client may send the requests after this stream elsewhere.
pub fn go_away(why: Closing, last_stream: u32) -> Vec<u8> {
    let code = match why {
        Closing::Idle => 0_u32,
        // ENHANCE_YOUR_CALM
        Closing::HeadTooSlow | Closing::HeadTooLarge | Closing::NotRead => 11,
    };
    let head = [0, 0, 8, 7, 0, 0, 0, 0, 0];
    [&head[..], &last_stream.to_be_bytes(), &code.to_be_bytes()].concat()
}

fn whole(problem: &Problem, header: &str) -> Vec<u8> {
    let body = problem.body("", "");
    let (status, reason) = match problem.family.status {
        408 => (408, "Request Timeout"),
        431 => (431, "Request Header Fields Too Large"),
        status => (status, "Service Unavailable"),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-length: {length}\r\n\
         content-type: application/problem+json\r\n{header}connection: close\r\n\r\n"
    );
    [head.into_bytes(), body].concat()
}

/// Adds a body to the bare response at the end of these bytes; `None` when they end otherwise.
pub fn with_sentence(bytes: &[u8]) -> Option<Vec<u8>> {
    let tail_start = bytes.len().saturating_sub(BARE_BYTES_MAX);
    let tail = std::str::from_utf8(&bytes[tail_start..]).ok()?;
    let head_start = tail.rfind("HTTP/1.")?;
    let head = &tail[head_start..];
    let problem = problem(head.get(9..12)?)?;
    let (before, after) = head.split_once(NO_BODY)?;
    let body = problem.body("", "");
    let mut words = bytes[..tail_start + head_start].to_vec();
    words.extend_from_slice(before.as_bytes());
    let headers =
        format!("content-length: {}\r\ncontent-type: application/problem+json\r\n", body.len());
    words.extend_from_slice(headers.as_bytes());
    if !after.contains("connection: close\r\n") {
        words.extend_from_slice(b"connection: close\r\n");
    }
    words.extend_from_slice(after.as_bytes());
    words.extend_from_slice(&body);
    Some(words)
}

fn problem(status: &str) -> Option<Problem> {
    let (family, reason) = match status {
        "400" => (BAD_REQUEST, "the bytes are not a valid http/1.1 request"),
        "408" => (TOO_SLOW, "the head of the request did not arrive in time"),
        "431" => (HEAD_TOO_LARGE, "the head of the request is larger than 32 kib or 96 headers"),
        _ => return None,
    };
    Some(Problem::new(family, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: &str =
        "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\ndate: now\r\n\r\n";

    #[test]
    fn a_bare_response_gets_a_body_and_the_responses_before_it_stay() {
        let before = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        let words = with_sentence(format!("{before}{BARE}").as_bytes()).unwrap();
        let words = String::from_utf8(words).unwrap();
        let words = words.strip_prefix(before).unwrap();
        let (head, body) = words.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
        assert!(head.contains("connection: close\r\n") && head.ends_with("date: now"), "{head}");
        assert!(body.contains("\"type\":\"/problems/head-too-large\""), "{body}");
    }

    #[test]
    fn responses_of_handlers_are_not_changed() {
        for answer in [
            "HTTP/1.1 204 No Content\r\nallow: GET\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 90\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
        ] {
            assert_eq!(with_sentence(answer.as_bytes()), None, "{answer}");
        }
    }
}
