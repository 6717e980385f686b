//! A connection of HTTP/2: its bounds, its streams, its signs of life, and its end.
//!
//! ```text
//! client ─▶ library of HTTP/2 ─▶ exchange (one for each stream) ─▶ handler, as for HTTP/1.1
//!                                   request, answer
//! ```
//! The deadlines of idle connections, slow heads and unread answers are those of every connection:
//! the table of connections enforces them. Here are the bounds on what streams add.

mod answer;
mod exchange;
mod request;
mod room;

use super::{
    connection::{Connection, ConnectionState},
    handler::Handler,
    holding::Stopping,
};
use crate::http::limits::Limits;
use exchange::{Ending, Exchange};
use h2::{Ping, PingPong, Reason, server};
use room::Room;
use std::{future::poll_fn, net::SocketAddr, pin::Pin, rc::Rc, time::Duration};
use tokio::{task::JoinSet, time::Interval};

/// The most streams of a connection at once. The library refuses further ones.
const STREAMS_MAX: u32 = 100;

/// The largest head of a request, in bytes as RFC 9113 counts them. A larger one is answered 431.
const HEAD_BYTES_MAX: u32 = 32 << 10;

/// What a client may send of one body, and of all bodies, before a handler reads it, in bytes.
const STREAM_WINDOW_BYTES: u32 = 64 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;

/// The bytes of one answer that wait for the socket, at most.
const SEND_BUFFER_BYTES: usize = 32 << 10;

/// The streams that a client may open and reset before they are accepted, and those that the
/// library resets because they are wrong. The connection ends at a further one.
const PENDING_RESETS_MAX: usize = 20;
const WRONG_STREAMS_MAX: usize = 100;

/// The requests that a client may reset before they are answered, more than are answered. The
/// connection ends at a further one.
const RESETS_MAX: usize = 200;

/// How often a connection with streams is asked for a sign of life. One that has not answered until
/// then is closed.
const PING_EVERY: Duration = Duration::from_secs(20);

/// How long a client may take to agree to the end of a connection without streams.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

/// What all connections of a worker share.
pub struct Http2 {
    handler: Rc<Handler>,
    stopping: Stopping,
    limits: Limits,
}

impl Http2 {
    /// Creates the server of HTTP/2 of a worker.
    pub const fn new(handler: Rc<Handler>, stopping: Stopping, limits: Limits) -> Self {
        Self { handler, stopping, limits }
    }

    /// Whether HTTP/2 is offered to clients without TLS, and this one speaks it.
    pub async fn is_spoken(&self, connection: &Connection) -> bool {
        self.limits.http2 && connection.begins_with_http2((self.stopping)()).await
    }

    /// Serves a connection until it ends. Its requests end with it.
    pub async fn serve(self: Rc<Self>, connection: Connection, peer: Option<SocketAddr>) {
        let state = Rc::clone(connection.state());
        let Ok(mut library) = bounds().handshake(connection).await else { return };
        state.awaits_streams();
        let pings = library.ping_pong();
        let mut streams = Streams {
            state,
            peer,
            room: Rc::default(),
            running: JoinSet::new(),
            resets: 0,
            server: self,
        };
        if let Err(error) = streams.run(&mut library, pings).await {
            tracing::debug!(%error, "a connection of http/2 ended");
        }
    }
}

fn bounds() -> server::Builder {
    let mut builder = server::Builder::new();
    builder
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX)
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buffer_size(SEND_BUFFER_BYTES)
        .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
        .max_concurrent_reset_streams(PENDING_RESETS_MAX)
        .max_local_error_reset_streams(Some(WRONG_STREAMS_MAX));
    builder
}

/// The library at work on one connection.
type Library = server::Connection<Connection, actix_web::web::Bytes>;

/// The streams of one connection.
struct Streams {
    state: Rc<ConnectionState>,
    peer: Option<SocketAddr>,
    room: Rc<Room>,
    running: JoinSet<Ending>,
    /// The requests that the client has reset, less those that were answered since.
    resets: usize,
    server: Rc<Http2>,
}

impl Streams {
    /// Accepts requests until the connection ends.
    async fn run(
        &mut self,
        library: &mut Library,
        mut pings: Option<PingPong>,
    ) -> Result<(), h2::Error> {
        let mut stopping = Some((self.server.stopping)());
        let mut signs_of_life = tokio::time::interval(PING_EVERY);
        signs_of_life.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut is_asked = false;
        loop {
            tokio::select! {
                accepted = library.accept() => match accepted {
                    Some(accepted) => self.begin(accepted?),
                    None => return Ok(()),
                },
                Some(ending) = self.running.join_next() => {
                    if self.is_abused(ending.unwrap_or(Ending::Answered)) {
                        library.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                    }
                }
                () = stop(&mut stopping) => library.graceful_shutdown(),
                () = tokio::time::sleep(FAREWELL_MAX),
                    if stopping.is_none() && self.running.is_empty() => return Ok(()),
                () = answered(pings.as_mut()), if is_asked => is_asked = false,
                () = next(&mut signs_of_life), if !self.running.is_empty() => {
                    if is_asked {
                        return Ok(());
                    }
                    is_asked = pings.as_mut().is_some_and(|it| it.send_ping(Ping::opaque()).is_ok());
                }
            }
        }
    }

    fn begin(&mut self, (request, respond): exchange::Accepted) {
        let stream = self.state.begins_stream(respond.stream_id().as_u32());
        let exchange = Exchange {
            room: Rc::clone(&self.room),
            peer: self.peer,
            server: Rc::clone(&self.server),
            _stream: stream,
        };
        self.running.spawn_local(exchange.run(request, respond));
    }

    /// Counts the end of a request; true when the client resets too many.
    fn is_abused(&mut self, ending: Ending) -> bool {
        self.resets = match ending {
            Ending::Answered => self.resets.saturating_sub(1),
            Ending::Reset => self.resets + 1,
        };
        self.resets > RESETS_MAX
    }
}

/// Waits once for the end of the server's work.
async fn stop(stopping: &mut Option<Pin<Box<dyn Future<Output = ()>>>>) {
    match stopping {
        Some(waiting) => {
            waiting.await;
            *stopping = None;
        }
        None => std::future::pending().await,
    }
}

/// Waits for the answer to a ping.
async fn answered(pings: Option<&mut PingPong>) {
    match pings {
        Some(pings) => _ = poll_fn(|context| pings.poll_pong(context)).await,
        None => std::future::pending().await,
    }
}

async fn next(every: &mut Interval) {
    every.tick().await;
}
