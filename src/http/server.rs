//! The server: sockets, workers, and the limits on both.

use crate::{
    actors::Runtime,
    http::{
        connection::{Connection, ConnectionState, ConnectionTable, SPARE_CONNECTIONS, WorkerLoad},
        handler::Handler,
        limits::Limits,
        request::ClientRateLimit,
    },
};
use actix_http::{Extensions, HttpService, Protocol, error::DispatchError};
use actix_service::{ServiceFactoryExt as _, map_config};
use actix_web::{
    App, HttpRequest,
    dev::{AppConfig, Server, fn_service},
    http::header::{CONTENT_LENGTH, TRANSFER_ENCODING},
    rt::net::TcpStream,
    web,
};
use std::{
    io,
    net::TcpListener,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The send buffer of the operating system per connection, in bytes; the system reserves as much
/// again for its own use. The default is up to 4 MiB: thousands of replies to a client that reads
/// none.
const SEND_BUFFER_BYTES: usize = 128 << 10;

/// The figures of all workers: open connections and requests in progress.
#[derive(Clone, Debug)]
pub struct Traffic(Arc<[Arc<WorkerLoad>]>);

impl Traffic {
    fn of(workers: usize) -> Self {
        Self((0..workers).map(|_| Arc::default()).collect())
    }

    /// The number of open connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.iter().map(|load| load.connections.load(Ordering::Relaxed)).sum()
    }

    /// The number of requests being processed.
    #[must_use]
    pub fn serving(&self) -> usize {
        self.0.iter().map(|load| load.serving.load(Ordering::Relaxed)).sum()
    }

    /// The figures of the worker with this number. A restarted worker reuses the figures of one
    /// that has ended.
    fn load(&self, nth: usize) -> Arc<WorkerLoad> {
        Arc::clone(&self.0[nth % self.0.len()])
    }
}

/// Creates the server for this runtime and socket, with at most `connections_max` connections per
/// worker. It serves while the result is awaited. It handles no signals: the caller stops it.
///
/// # Errors
/// When the server cannot listen on the socket, or the settings of origins are invalid.
pub fn start(
    runtime: &Runtime,
    limits: &Limits,
    listener: TcpListener,
    connections_max: usize,
) -> io::Result<(Server, Traffic)> {
    let (runtime, for_workers) = (runtime.clone(), limits.clone());
    let clients = ClientRateLimit::within(limits).map(Arc::new);
    let origins = limits.origin_policy(listener.local_addr()?.ip());
    let origins = Arc::new(origins.map_err(|senseless| io::Error::other(senseless.because))?);
    // Accepted sockets inherit the size.
    rustix::net::sockopt::set_socket_send_buffer_size(&listener, SEND_BUFFER_BYTES)?;
    let worker_count = limits.worker_count();
    let traffic = Traffic::of(worker_count);
    let builder = Server::build()
        .workers(worker_count)
        .backlog(limits.backlog_connections_max)
        // All connections are accepted; the table of each worker refuses those above the limit.
        .max_concurrent_connections(connections_max + SPARE_CONNECTIONS)
        .shutdown_timeout(limits.stop_within_s)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    // This repeats what `HttpServer` does, with our own type of connection.
    let (workers, loads) = (Arc::<AtomicUsize>::default(), traffic.clone());
    let builder = builder.listen("http", listener, move || {
        let nth = workers.fetch_add(1, Ordering::Relaxed);
        runtime.look_after_this_loop(&format!("http {nth}"));
        let (stopping, limits) = (stopping.clone(), for_workers.clone());
        let table = ConnectionTable::new(connections_max, loads.load(nth));
        actix_web::rt::spawn(Rc::clone(&table).watch(limits.timeouts()));
        // One handler serves all paths: routing is done by our own table, not by actix.
        let front =
            Handler::new(runtime.clone(), limits.clone(), clients.clone(), Arc::clone(&origins));
        let front = Rc::new(front);
        let app = App::new().default_service(web::to(
            move |request: HttpRequest, payload: web::Payload| {
                let front = Rc::clone(&front);
                async move {
                    let connection = request.conn_data::<Rc<ConnectionState>>();
                    let _serving = connection.map(|state| state.serve(has_body(&request)));
                    front.serve(request, payload).await
                }
            },
        ));
        let requests = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(limits.keep_alive())
            // The table of connections enforces the time limit of heads.
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(Duration::from_secs(1))
            .on_connect_ext(|connection: &Connection, data: &mut Extensions| {
                data.insert(Rc::clone(connection.state()));
            })
            .finish(map_config(app, |()| AppConfig::default()));
        fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            let connection = Connection::admit(stream, &table);
            let refused = || DispatchError::Io(io::ErrorKind::ConnectionRefused.into());
            let admitted = connection.map(|connection| (connection, Protocol::Http1, peer));
            std::future::ready(admitted.ok_or_else(refused))
        })
        .and_then(requests)
    })?;
    Ok((builder.run(), traffic))
}

/// Whether the headers of a request announce a body.
fn has_body(request: &HttpRequest) -> bool {
    let headers = request.headers();
    headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
        || headers.contains_key(TRANSFER_ENCODING)
}
