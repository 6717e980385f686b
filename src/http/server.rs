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
    },
    identity::Identities,
    inbound::{client_limit::ClientRateLimit, feed::Hub, tokens::Tokens},
    origin_policy::{CorsOrigins, OriginPolicy},
};
use actix_http::{Extensions, HttpService, Protocol, error::DispatchError};
use actix_service::{Service, ServiceFactoryExt as _, apply_fn_factory};
use actix_web::{
    dev::{Server, fn_service},
    rt::net::TcpStream,
};
use rustls::ServerConfig;
use std::{
    convert::Infallible,
    io,
    net::{SocketAddr, TcpListener},
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
    fn worker(&self, nth: usize, stopping: Stopping) -> (Rc<Handler>, Rc<Http2>) {
        self.parts.runtime.look_after_this_loop(&format!("http {nth}"));
        let handler = Rc::new(self.handler(Rc::clone(&stopping)));
        let http2 = Http2::new(Rc::clone(&handler), stopping, self.parts.limits.clone());
        (handler, Rc::new(http2))
    }

    /// The handler of one worker. It serves all paths, directly on the HTTP layer below actix-web:
    /// routing is done by our own table, and nothing else of an `App` is needed.
    fn handler(&self, stopping: Stopping) -> Handler {
        let Parts { runtime, limits, documents, identity, clients, hub, tls, metrics, .. } =
            self.parts.clone();
        let identity = identity.as_ref();
        Handler {
            site: Site::new(runtime, limits),
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

/// Creates the server of these parts on this socket, with at most `connections_max` connections per
/// worker. It serves while the result is awaited. It handles no signals: the caller stops it. It does
/// what `HttpServer` of actix-web does, with our own type of connection.
///
/// # Errors
/// When the server cannot listen on the socket, or the settings of origins are invalid.
pub fn start(parts: Parts, listener: TcpListener, connections_max: usize) -> io::Result<Server> {
    let (limits, loads) = (&parts.limits.clone(), parts.traffic.clone());
    let shared = Shared::new(parts, &listener)?;
    // Accepted sockets inherit the size.
    rustix::net::sockopt::set_socket_send_buffer_size(&listener, SEND_BUFFER_BYTES)?;
    let builder = Server::build()
        .workers(limits.worker_count())
        .backlog(limits.backlog_connections_max)
        // All connections are accepted; the table of each worker refuses those above the limit.
        .max_concurrent_connections(connections_max + SPARE_CONNECTIONS)
        .shutdown_timeout(limits.stop_within_s)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let workers = Arc::<AtomicUsize>::default();
    let builder = builder.listen("http", listener, move || {
        let nth = workers.fetch_add(1, Ordering::Relaxed);
        let (stopping, limits) = (stopping.clone(), shared.parts.limits.clone());
        let table = ConnectionTable::new(connections_max, loads.load(nth));
        actix_web::rt::spawn(Rc::clone(&table).watch(limits.timeouts()));
        let until = stopping.clone();
        let until: Stopping = Rc::new(move || {
            let until = until.clone();
            Box::pin(async move { until.notified().await })
        });
        let (handler, http2) = shared.worker(nth, until);
        let requests = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(limits.keep_alive())
            // The table of connections enforces the time limit of heads.
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(Duration::from_secs(1))
            .on_connect_ext(on_connect)
            .finish(move |request| {
                let handler = Rc::clone(&handler);
                async move { Ok::<_, Infallible>(handler.serve(request).await) }
            });
        let admit = Rc::new(Entrance { table, tls: shared.acceptor(), http2: Rc::clone(&http2) });
        let requests = apply_fn_factory(requests, move |it, http1: &_| served(it, http1, &http2));
        fn_service(move |stream| admitted(stream, Rc::clone(&admit))).and_then(requests)
    })?;
    Ok(builder.run())
}

/// Makes the state of a connection known to its requests.
fn on_connect(connection: &Connection, data: &mut Extensions) {
    data.insert(Rc::clone(connection.state()));
}
