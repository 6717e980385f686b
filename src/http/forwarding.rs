//! Forwards a request to the process that serves now, and returns its answer.
//!
//! The connection of the client ends with the answer, so that the client connects to that process.

use crate::{
    http::{
        connection::{ConnectionState, Serving},
        response::Body,
        turnstile::Turnstile,
    },
    inbound::problem::{BUSY, FAILED, Problem},
};
use actix_http::{ConnectionType, HttpMessage as _, Request};
use actix_web::{
    http::{
        Method, StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    web::Bytes,
};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::{
    io,
    net::IpAddr,
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{net::UnixStream, sync::mpsc, time::sleep};

/// The header with the address of the client. It counts only on a connection of a forwarding
/// process.
pub const CLIENT: &str = "x-madang-client";

/// The header with the key of a request.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The longest time in which a connection to the serving process must succeed. When that process
/// dies, this one opens the store again.
const CONNECTED_WITHIN: Duration = Duration::from_secs(5);

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(5);

/// The largest part of an answer without a known length that waits for the client.
const PARTS_MAX: usize = 1;

/// Headers that belong to one connection, or that the library writes.
const OF_CONNECTION: [HeaderName; 5] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::CONTENT_LENGTH,
    header::UPGRADE,
    header::DATE,
];

type Answer = hyper::Response<Incoming>;

/// The address of the client of a request. A process that forwards requests says it in a header.
pub(super) fn peer_of(request: &Request) -> Option<IpAddr> {
    let connection = request.conn_data::<Rc<ConnectionState>>();
    if connection.is_some_and(|state| state.is_forwarding()) {
        return request.headers().get(CLIENT)?.to_str().ok()?.parse().ok();
    }
    Some(request.peer_addr()?.ip())
}

/// Forwards a request, once the process that serves is known.
pub(super) async fn forwarded(
    turnstile: &Turnstile,
    request: &Request,
    (body, client): (Bytes, Option<IpAddr>),
    serving: Option<Serving>,
) -> Result<actix_http::Response<Body>, Problem> {
    let mut socket = turnstile.forwarded().await;
    let begun = Instant::now();
    loop {
        match asked(&socket, request, body.clone(), client).await {
            Ok(answer) => return translated(answer, serving).await,
            Err(Unanswered::Refused) if begun.elapsed() < CONNECTED_WITHIN => {}
            Err(Unanswered::Lost) if begun.elapsed() < CONNECTED_WITHIN && may_repeat(request) => {}
            Err(Unanswered::Refused) => {
                return Err(Problem::new(BUSY, "the server is being replaced; try again"));
            }
            Err(Unanswered::Lost) => {
                let reason = "the server was replaced, and it is unknown whether it was done";
                return Err(Problem::new(FAILED, reason));
            }
        }
        sleep(PAUSE).await;
        socket = turnstile.forwarded().await;
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug)]
enum Unanswered {
    /// No process took the request.
    Refused,
    /// The process that took the request is gone.
    Lost,
}

/// Whether a request has the same effect when it is sent again.
fn may_repeat(request: &Request) -> bool {
    request.method().is_safe() || request.headers().contains_key(IDEMPOTENCY_KEY)
}

async fn asked(
    socket: &Path,
    request: &Request,
    body: Bytes,
    client: Option<IpAddr>,
) -> Result<Answer, Unanswered> {
    let stream = UnixStream::connect(socket).await.map_err(|_| Unanswered::Refused)?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|_| Unanswered::Refused)?;
    actix_web::rt::spawn(async move {
        let _ = connection.await;
    });
    let head = head_of(request, client).map_err(|_| Unanswered::Lost)?;
    sender.send_request(head.map(|()| Full::new(body))).await.map_err(|_| Unanswered::Lost)
}

/// The head of the request as it is forwarded. A HEAD is sent as a GET: the library leaves the body
/// out of the answer.
fn head_of(request: &Request, client: Option<IpAddr>) -> Result<http_1::Request<()>, io::Error> {
    let method = if request.method() == Method::HEAD { "GET" } else { request.method().as_str() };
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut head = http_1::Request::builder().method(method).uri(target);
    for (name, value) in request.headers() {
        if !OF_CONNECTION.contains(name) && name != CLIENT && name != header::EXPECT {
            head = head.header(name.as_str(), value.as_bytes());
        }
    }
    if let Some(authority) = request.uri().authority().filter(|_| !has_host(request)) {
        head = head.header("host", authority.as_str());
    }
    if let Some(client) = client {
        head = head.header(CLIENT, client.to_string());
    }
    head.body(()).map_err(io::Error::other)
}

fn has_host(request: &Request) -> bool {
    request.headers().contains_key(header::HOST)
}

/// The answer as it is sent to the client.
async fn translated(
    answer: Answer,
    serving: Option<Serving>,
) -> Result<actix_http::Response<Body>, Problem> {
    let (head, incoming) = answer.into_parts();
    let lost = |_| Problem::new(FAILED, "the server that was asked is gone");
    let is_stream = head.headers.contains_key(http_1::header::TRANSFER_ENCODING);
    let body = if is_stream {
        Body::Stream { parts: parts_of(incoming), _serving: serving }
    } else {
        Body::Whole(incoming.collect().await.map_err(lost)?.to_bytes().into())
    };
    let status = StatusCode::from_u16(head.status.as_u16());
    let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = actix_http::Response::with_body(status, body);
    for (name, value) in &head.headers {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value)
            && !OF_CONNECTION.contains(&name)
        {
            response.headers_mut().append(name, value);
        }
    }
    response.head_mut().set_connection_type(ConnectionType::Close);
    Ok(response)
}

/// The parts of an answer without a known length.
fn parts_of(mut incoming: Incoming) -> mpsc::Receiver<Bytes> {
    let (sender, parts) = mpsc::channel(PARTS_MAX);
    actix_web::rt::spawn(async move {
        while let Some(Ok(frame)) = incoming.frame().await {
            if let Ok(part) = frame.into_data()
                && sender.send(part).await.is_err()
            {
                return;
            }
        }
    });
    parts
}
