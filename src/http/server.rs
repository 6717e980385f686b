//! The server: sockets, workers, and the limits on both.

use crate::{
    actors::Runtime,
    http::{
        connection::{Connection, ConnectionTable, SPARE_CONNECTIONS},
        documents::Documents,
        feed::Feeds,
        finishing::Finishing,
        handler::Handler,
        holding::{Holding, Stopping},
        http2::Http2,
        limits::Limits,
        live::{Evaluations, Live},
        metrics::Metrics,
        site::Site,
        subscriptions::Webhooks,
        traffic::Traffic,
        turnstile::Turnstile,
    },
    identity::Identities,
    inbound::{client_limit::ClientRateLimit, feed::Hub, tokens::Tokens},
    origin_policy::{CorsOrigins, OriginPolicy},
};
use actix_http::{Extensions, HttpService, Protocol, error::DispatchError};
use actix_service::{Service, ServiceFactory, ServiceFactoryExt as _, apply_fn_factory};
use actix_web::{
    dev::{Server, fn_service},
    rt::net::{TcpStream, UnixStream},
};
use rustls::ServerConfig;
use std::{
    convert::Infallible,
    future::ready,
    io,
    net::{SocketAddr, TcpListener},
    os::unix::net::UnixListener,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio_rustls::TlsAcceptor;

/// The send buffer of the operating system per connection, in bytes; the system reserves as much
/// again for its own use. The default is up to 4 MiB: thousands of replies to a client that reads
/// none.
const SEND_BUFFER_BYTES: usize = 128 << 10;

/// A connection as the library of HTTP/1.1 takes it.
type Http1Connection = (Connection, Protocol, Option<SocketAddr>);

/// The parts that a server answers from.
#[derive(Clone)]
pub struct Parts {
    /// The runtime.
    pub runtime: Runtime,
    /// The settings of the server.
    pub limits: Limits,
    /// The contract.
    pub documents: Documents,
    /// The verification of tokens; `None` when no identity is configured.
    pub identity: Option<Identities>,
    /// The rate limit per client; `None` when no rate is configured.
    pub clients: Option<Arc<ClientRateLimit>>,
    /// The newest events.
    pub hub: Arc<Hub>,
    /// The certificate, if the server speaks TLS.
    pub tls: Option<Arc<ServerConfig>>,
    /// The figures of the workers.
    pub traffic: Traffic,
    /// The figures of the server; `None` when they are off.
    pub metrics: Option<Arc<Metrics>>,
    /// The turnstile before the handlers.
    pub turnstile: Arc<Turnstile>,
}

/// The parts that all workers share.
#[derive(Clone)]
struct Shared {
    parts: Parts,
    origins: Arc<OriginPolicy>,
    /// Deliveries end with the last worker.
    _webhooks: Arc<Webhooks>,
    evaluations: Arc<Evaluations>,
    cors: CorsOrigins,
}

impl Shared {
    fn new(parts: Parts, listener: &TcpListener) -> io::Result<Self> {
        let limits = &parts.limits;
        let origins = limits.origin_policy(listener.local_addr()?.ip());
        let origins = origins.map_err(|senseless| io::Error::other(senseless.reason))?;
        Ok(Self {
            origins: Arc::new(origins),
            _webhooks: Arc::new(Webhooks::start(&parts.runtime)?),
            evaluations: Arc::default(),
            cors: limits.cors().map_err(|senseless| io::Error::other(senseless.reason))?,
            parts,
        })
    }

    fn live(&self, stopping: Stopping) -> Live {
        Live::new(Arc::clone(&self.parts.hub), Arc::clone(&self.evaluations), stopping)
    }

    /// The acceptor of handshakes, if the server speaks TLS.
    fn acceptor(&self) -> Option<TlsAcceptor> {
        self.parts.tls.clone().map(TlsAcceptor::from)
    }

    /// The handler of the worker with this number, and what serves it over HTTP/2.
    fn worker(&self, stopping: Stopping) -> (Rc<Handler>, Rc<Http2>) {
        let handler = Rc::new(self.handler(Rc::clone(&stopping)));
        let http2 = Http2::new(Rc::clone(&handler), stopping, self.parts.limits.clone());
        (handler, Rc::new(http2))
    }

    /// The handler of one worker. It serves all paths, directly on the HTTP layer below actix-web:
    /// routing is done by our own table, and nothing else of an `App` is needed.
    fn handler(&self, stopping: Stopping) -> Handler {
        let Parts { runtime, limits, documents, identity, clients, hub, tls, .. } =
            self.parts.clone();
        let Parts { metrics, turnstile, .. } = self.parts.clone();
        let identity = identity.as_ref();
        Handler {
            site: Site::new(runtime, limits),
            turnstile,
            origins: Arc::clone(&self.origins),
            holding: Holding::until(Rc::clone(&stopping)),
            documents,
            metrics,
            identity: identity.map(|it| Tokens::new(Arc::clone(&it.verifier))),
            issuer: identity.and_then(|it| it.issuer.clone()),
            feeds: Feeds::new(hub, Rc::clone(&stopping)),
            live: self.live(stopping),
            finishing: Finishing::new(self.cors.clone(), tls.is_some(), clients.is_some()),
            clients,
        }
    }
}

/// A connection that was admitted.
enum Admitted {
    Http1(Connection, Option<SocketAddr>),
    Http2(Connection, Option<SocketAddr>),
}

/// What a worker admits connections with.
struct Entrance {
    table: Rc<ConnectionTable>,
    tls: Option<TlsAcceptor>,
    http2: Rc<Http2>,
}

/// Admits a socket to the table, makes the handshake of TLS if the server speaks it, and finds out
/// which protocol the client speaks.
async fn admitted(stream: TcpStream, entrance: Rc<Entrance>) -> Result<Admitted, DispatchError> {
    let peer = stream.peer_addr().ok();
    let refused = || DispatchError::Io(io::ErrorKind::ConnectionRefused.into());
    let connection = Connection::admit(stream, &entrance.table).ok_or_else(refused)?;
    let connection = match &entrance.tls {
        Some(acceptor) => connection.secured(acceptor).await.map_err(DispatchError::Io)?,
        None => connection,
    };
    let is_http2 = entrance.http2.is_spoken(&connection).await;
    let admitted = if is_http2 { Admitted::Http2 } else { Admitted::Http1 };
    Ok(admitted(connection, peer))
}

/// Serves an admitted connection: with the library of HTTP/1.1, or as streams of HTTP/2.
fn served<S>(
    admitted: Admitted,
    http1: &S,
    http2: &Rc<Http2>,
) -> impl Future<Output = Result<(), DispatchError>> + use<S>
where
    S: Service<Http1Connection, Response = (), Error = DispatchError>,
{
    let http2 = Rc::clone(http2);
    let serving = match admitted {
        Admitted::Http1(connection, peer) => Ok(http1.call((connection, Protocol::Http1, peer))),
        Admitted::Http2(connection, peer) => Err(Box::pin(http2.serve(connection, peer))),
    };
    async move {
        match serving {
            Ok(http1) => http1.await,
            Err(http2) => {
                http2.await;
                Ok(())
            }
        }
    }
}

/// Admits a socket of a process that forwards requests.
fn admitted_local(
    stream: UnixStream,
    table: &Rc<ConnectionTable>,
) -> Result<Admitted, DispatchError> {
    let refused = || DispatchError::Io(io::ErrorKind::ConnectionRefused.into());
    let connection = Connection::admit_local(stream, table).ok_or_else(refused)?;
    Ok(Admitted::Http1(connection, None))
}

/// The sockets that a server listens on.
pub struct Listeners {
    /// The socket of clients.
    pub clients: TcpListener,
    /// The socket of processes that forward requests, if there are such processes.
    pub forwarded: Option<UnixListener>,
}

/// The stop of the server: a function that waits for it.
type Until = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What each worker is made of.
#[derive(Clone)]
struct Workers {
    shared: Shared,
    until: Until,
    connections_max: usize,
    begun: Arc<AtomicUsize>,
}

impl Workers {
    /// What serves admitted connections of a further worker, and what it admits them with.
    fn next(
        &self,
        is_of_clients: bool,
    ) -> (
        impl ServiceFactory<Admitted, Config = (), Response = (), Error = DispatchError, InitError = ()>
        + use<>,
        Rc<Entrance>,
    ) {
        let Self { shared, until, connections_max, begun } = self;
        let nth = begun.fetch_add(1, Ordering::Relaxed);
        let (parts, limits) = (&shared.parts, shared.parts.limits.clone());
        if is_of_clients {
            parts.runtime.look_after_this_loop(&format!("http {nth}"));
        }
        let table = ConnectionTable::new(*connections_max, parts.traffic.load(nth));
        actix_web::rt::spawn(Rc::clone(&table).watch(limits.timeouts()));
        let stopping = Arc::clone(until);
        let (handler, http2) = shared.worker(ending(Arc::clone(until), &parts.turnstile));
        let requests = HttpService::build()
            .graceful_shutdown_signal(move || stopping())
            .keep_alive(limits.keep_alive())
            // The table of connections enforces the time limit of heads.
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(Duration::from_secs(1))
            .on_connect_ext(on_connect)
            .finish(move |request| {
                let handler = Rc::clone(&handler);
                async move { Ok::<_, Infallible>(handler.serve(request).await) }
            });
        let entrance = Entrance { table, tls: shared.acceptor(), http2: Rc::clone(&http2) };
        let requests = apply_fn_factory(requests, move |it, http1: &_| served(it, http1, &http2));
        (requests, Rc::new(entrance))
    }
}

/// The end of long waits and streams: the stop of the server, or a take-over.
fn ending(until: Until, turnstile: &Arc<Turnstile>) -> Stopping {
    let turnstile = Arc::clone(turnstile);
    Rc::new(move || {
        let (until, turnstile) = (until(), Arc::clone(&turnstile));
        Box::pin(async move {
            tokio::select! {
                () = until => {}
                () = turnstile.closed() => {}
            }
        })
    })
}

/// Sets how many connections may wait to be accepted. The socket listens already, with the default of
/// the standard library or of systemd.
fn set_backlog(socket: &TcpListener, connections_max: u32) -> io::Result<()> {
    let connections_max = i32::try_from(connections_max).unwrap_or(i32::MAX);
    Ok(rustix::net::listen(socket, connections_max)?)
}

/// Creates the server of these parts on these sockets, with at most `connections_max` connections
/// per worker. It serves while the result is awaited. It handles no signals: the caller stops it. It
/// does what `HttpServer` of actix-web does, with our own type of connection.
///
/// # Errors
/// When the server cannot listen on a socket, or the settings of origins are invalid.
pub fn start(parts: Parts, listeners: Listeners, connections_max: usize) -> io::Result<Server> {
    let (limits, Listeners { clients, forwarded }) = (&parts.limits.clone(), listeners);
    let shared = Shared::new(parts, &clients)?;
    // Accepted sockets inherit the size.
    rustix::net::sockopt::set_socket_send_buffer_size(&clients, SEND_BUFFER_BYTES)?;
    set_backlog(&clients, limits.backlog_connections_max)?;
    let builder = Server::build()
        .workers(limits.worker_count())
        // All connections are accepted; the table of each worker refuses those above the limit.
        .max_concurrent_connections(connections_max + SPARE_CONNECTIONS)
        .shutdown_timeout(limits.stop_within_s)
        .disable_signals();
    let signal = builder.graceful_shutdown_signal();
    let until: Until = Arc::new(move || {
        let signal = signal.clone();
        Box::pin(async move { signal.notified().await })
    });
    let workers = Workers { shared, until, connections_max, begun: Arc::default() };
    let of_clients = workers.clone();
    let builder = builder.listen("http", clients, move || {
        let (requests, entrance) = of_clients.next(true);
        fn_service(move |stream| admitted(stream, Rc::clone(&entrance))).and_then(requests)
    })?;
    let Some(forwarded) = forwarded else { return Ok(builder.run()) };
    let builder = builder.listen_uds("forwarded", forwarded, move || {
        let (requests, entrance) = workers.next(false);
        fn_service(move |stream| ready(admitted_local(stream, &entrance.table))).and_then(requests)
    })?;
    Ok(builder.run())
}

/// Makes the state of a connection known to its requests.
fn on_connect(connection: &Connection, data: &mut Extensions) {
    data.insert(Rc::clone(connection.state()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{net::TcpStream, time::Duration};

    #[test]
    fn as_many_connections_wait_as_the_settings_say() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        set_backlog(&listener, 400).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = |_| TcpStream::connect_timeout(&address, Duration::from_secs(5));
        // Without the setting, 128 wait.
        let waiting: Result<Vec<_>, _> = (0..300).map(connect).collect();
        assert_eq!(waiting.unwrap().len(), 300);
    }
}
