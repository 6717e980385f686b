//! A request of HTTP/2 as the handler reads it: the same type as for HTTP/1.1.

use actix_http::{
    BoxedPayloadStream, Payload, Request, Version,
    error::PayloadError,
    header::{HOST, HeaderMap, HeaderName, HeaderValue},
};
use actix_web::{
    http::{Method, Uri, uri::PathAndQuery},
    web::Bytes,
};
use futures_core::Stream;
use h2::RecvStream;
use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::Sleep;

/// The most headers of a request, as for HTTP/1.1.
const HEADERS_MAX: usize = 96;

/// The reason why a head is not a request of this server.
#[derive(Debug, PartialEq, Eq)]
pub enum InvalidHead {
    /// It has too many headers.
    TooManyHeaders,
    /// Its target or a header is malformed.
    Malformed,
}

/// The longest time that the rest of a body is read and discarded after the answer.
const DISCARDED_WITHIN: Duration = Duration::from_secs(1);

/// The request with this head and this body, and what remains of the body.
///
/// # Errors
/// When the head makes no sense.
pub fn translated(
    request: http_1::Request<RecvStream>,
    peer: Option<SocketAddr>,
    body_within: Duration,
) -> Result<(Request, Rest), InvalidHead> {
    let (head, body) = request.into_parts();
    let is_empty = body.is_end_stream();
    let body = Rc::new(RefCell::new(body));
    let rest = Rest(Rc::clone(&body));
    let payload = if is_empty {
        Payload::None
    } else {
        let body: BoxedPayloadStream =
            Box::pin(Body { received: body, within: body_within, late: None });
        Payload::Stream { payload: body }
    };
    let mut translated = Request::with_payload(payload);
    let own = translated.head_mut();
    own.peer_addr = peer;
    own.version = Version::HTTP_2;
    own.method =
        Method::from_bytes(head.method.as_str().as_bytes()).map_err(|_| InvalidHead::Malformed)?;
    let target = head.uri.path_and_query().map_or("/", http_1::uri::PathAndQuery::as_str);
    let target = target.parse::<PathAndQuery>().map_err(|_| InvalidHead::Malformed)?;
    own.uri = Uri::from(target);
    own.headers = headers(&head.headers)?;
    if let Some(authority) = head.uri.authority() {
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| InvalidHead::Malformed)?;
        // A second, different `Host` is refused with the others that occur twice.
        let is_known = own.headers.get_all(HOST).any(|known| known == host);
        if !is_known {
            own.headers.append(HOST, host);
        }
    }
    Ok((translated, rest))
}

fn headers(all: &http_1::HeaderMap) -> Result<HeaderMap, InvalidHead> {
    if all.len() > HEADERS_MAX {
        return Err(InvalidHead::TooManyHeaders);
    }
    let mut own = HeaderMap::with_capacity(all.len() + 1);
    for (name, value) in all {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        let (Ok(name), Ok(value)) = (name, value) else { return Err(InvalidHead::Malformed) };
        own.append(name, value);
    }
    Ok(own)
}

/// What remains of a body when the request is answered.
pub struct Rest(Rc<RefCell<RecvStream>>);

impl Rest {
    /// Reads and discards the rest for a while. Some clients lose an answer when their stream is
    /// reset before they have sent the whole body.
    pub async fn discard(self) {
        let discarded = poll_fn(|context| {
            let mut body = self.0.borrow_mut();
            while let Some(Ok(piece)) = ready!(body.poll_data(context)) {
                let _ = body.flow_control().release_capacity(piece.len());
            }
            Poll::Ready(())
        });
        if !self.0.borrow().is_end_stream() {
            let _ = tokio::time::timeout(DISCARDED_WITHIN, discarded).await;
        }
    }
}

/// The body of a request. It must arrive in time, from the moment when a handler first waits for it.
struct Body {
    received: Rc<RefCell<RecvStream>>,
    within: Duration,
    late: Option<Pin<Box<Sleep>>>,
}

impl Stream for Body {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let own = self.get_mut();
        let polled = own.received.borrow_mut().poll_data(context);
        let Poll::Ready(piece) = polled else {
            let within = own.within;
            let late = own.late.get_or_insert_with(|| Box::pin(tokio::time::sleep(within)));
            ready!(late.as_mut().poll(context));
            return Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))));
        };
        let Some(piece) = piece else { return Poll::Ready(None) };
        let taken = piece.and_then(|bytes| {
            own.received.borrow_mut().flow_control().release_capacity(bytes.len())?;
            Ok(bytes)
        });
        Poll::Ready(Some(taken.map_err(|error| PayloadError::Io(io::Error::other(error)))))
    }
}
