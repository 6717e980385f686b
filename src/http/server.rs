//! The server: sockets, workers, and the limits on both.

use super::{
    clients::Clients,
    connection::{
        Connection, ConnectionState, ConnectionTable, SPARE_CONNECTIONS, Timeouts, WorkerLoad,
    },
    front::Front,
};
use crate::{
    actors::{Courtyard, MANY, PATIENCE_MAX, Senseless, THREADS_MAX, within},
    origin_policy::{HostPattern, Origin, OriginPolicy},
};
use actix_http::{Extensions, HttpService, KeepAlive, Protocol, error::DispatchError};
use actix_service::{ServiceFactoryExt as _, map_config};
use actix_web::{
    App, HttpRequest,
    dev::{AppConfig, Server, fn_service},
    http::header::{CONTENT_LENGTH, TRANSFER_ENCODING},
    rt::net::TcpStream,
    web,
};
use serde::{Deserialize, Serialize};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, TcpListener},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// No body is larger: each is held in memory as a whole.
const BODY_BYTES_MAX: u64 = 64 << 20;

/// Each is compared with the `Host` or the `Origin` of a request until one matches.
const HOSTS_MAX: u64 = 64;

/// What the system keeps of answers that a client has not taken, per connection, and as much again
/// for its own use. It would be up to 4 MiB, which is thousands of answers to a client that reads none.
const SEND_BUFFER_BYTES: usize = 128 << 10;

/// The operating system takes it as a signed number.
const BACKLOG_MAX: u64 = i32::MAX as u64;

/// Section `[http]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Threads that answer; 0 means one per core.
    pub workers: usize,
    /// The largest body that is read, in bytes.
    pub body_bytes_max: usize,
    /// The longest time a body may take to arrive.
    pub body_timeout_ms: u64,
    /// The longest time the head of a request may take to arrive, from its first byte on.
    pub head_timeout_ms: u64,
    /// A connection whose client reads nothing of an answer for so long is closed.
    pub write_timeout_ms: u64,
    /// The longest time a request waits for what is pending.
    pub patience_ms: u64,
    /// A connection without requests is closed after so many seconds.
    pub keep_alive_s: u64,
    /// Connections per worker, fewer when the process may not open as many files. For a further
    /// one, the connection that has waited longest for its client is closed.
    pub connections_max: usize,
    /// Connections that wait to be accepted.
    pub backlog_connections_max: u32,
    /// Requests per second that one client may make of resources and views; 0 is any number.
    /// More are answered 429.
    pub client_rate_per_s: u32,
    /// Requests that one client may make at once, after a pause; as many as in a second when 0.
    pub client_burst: u32,
    /// Clients that are remembered; the longest unheard of is forgotten first.
    pub clients_max: usize,
    /// Proxies, by address, whose `X-Forwarded-For` tells who the client is.
    pub trusted_proxies: Vec<IpAddr>,
    /// Names and addresses of this server beside loopback and the address it listens on, with a
    /// port or for any port. Requests for another `Host` are answered 421.
    pub hosts: Vec<String>,
    /// Origins, beside its own, whose pages may send requests that change something; those of
    /// other pages are answered 403.
    pub origins: Vec<String>,
    /// The longest time a stop waits for requests in flight, in seconds.
    pub stop_within_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            workers: 0,
            body_bytes_max: 64 * 1024,
            body_timeout_ms: 5_000,
            head_timeout_ms: 5_000,
            write_timeout_ms: 10_000,
            patience_ms: 3_000,
            keep_alive_s: 60,
            connections_max: 16_384,
            backlog_connections_max: 2_048,
            client_rate_per_s: 0,
            client_burst: 0,
            clients_max: 65_536,
            trusted_proxies: Vec::new(),
            hosts: Vec::new(),
            origins: Vec::new(),
            stop_within_s: 10,
        }
    }
}

impl Limits {
    /// The longest time a request waits for what is pending.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        Duration::from_millis(self.patience_ms)
    }

    /// The longest time a body may take to arrive.
    #[must_use]
    pub const fn body_timeout(&self) -> Duration {
        Duration::from_millis(self.body_timeout_ms)
    }

    /// Whether they make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check(&self) -> Result<(), Senseless> {
        let patience_ms_max = u64::try_from(PATIENCE_MAX.as_millis()).unwrap_or(MANY);
        within([
            ("workers", self.workers as u64, 0..=THREADS_MAX),
            ("body_bytes_max", self.body_bytes_max as u64, 1..=BODY_BYTES_MAX),
            ("body_timeout_ms", self.body_timeout_ms, 1..=MANY),
            ("head_timeout_ms", self.head_timeout_ms, 1..=MANY),
            ("write_timeout_ms", self.write_timeout_ms, 1..=MANY),
            ("patience_ms", self.patience_ms, 1..=patience_ms_max),
            ("keep_alive_s", self.keep_alive_s, 0..=MANY),
            ("connections_max", self.connections_max as u64, 1..=MANY),
            ("backlog_connections_max", self.backlog_connections_max.into(), 1..=BACKLOG_MAX),
            ("clients_max", self.clients_max as u64, 1..=MANY),
            ("stop_within_s", self.stop_within_s, 0..=MANY),
        ])?;
        if self.client_burst > 0 && self.client_rate_per_s == 0 {
            return Err(Senseless::new("client_burst", "means nothing without client_rate_per_s"));
        }
        self.origin_policy(IpAddr::V4(Ipv4Addr::LOCALHOST)).map(drop)
    }

    /// Which hosts and pages belong to a server that listens on this address.
    fn origin_policy(&self, listen: IpAddr) -> Result<OriginPolicy, Senseless> {
        within([
            ("hosts", self.hosts.len() as u64, 0..=HOSTS_MAX),
            ("origins", self.origins.len() as u64, 0..=HOSTS_MAX),
        ])?;
        let hosts = self.hosts.iter().map(|text| HostPattern::read(text)).collect::<Result<_, _>>();
        let hosts = hosts.map_err(|because| Senseless::new("hosts", because))?;
        let origins = self.origins.iter().map(|text| Origin::read(text)).collect::<Result<_, _>>();
        let origins = origins.map_err(|because| Senseless::new("origins", because))?;
        Ok(OriginPolicy::new(listen, hosts, origins, "the setting http.hosts"))
    }

    /// Threads that answer.
    #[must_use]
    pub fn worker_count(&self) -> usize {
        if self.workers > 0 {
            return self.workers;
        }
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    }

    fn timeouts(&self) -> Timeouts {
        Timeouts {
            head_ms: self.head_timeout_ms,
            // Without it, the HTTP library closes each connection after its answer.
            keep_alive_ms: self.keep_alive_s.max(1).saturating_mul(1_000),
            write_ms: self.write_timeout_ms,
        }
    }

    /// The library's own timer of idle connections is not needed: each request would set it.
    const fn keep_alive(&self) -> KeepAlive {
        if self.keep_alive_s == 0 { KeepAlive::Disabled } else { KeepAlive::Os }
    }
}

/// What the workers do at the moment.
#[derive(Clone, Debug)]
pub struct Traffic(Arc<[Arc<WorkerLoad>]>);

impl Traffic {
    fn of(workers: usize) -> Self {
        Self((0..workers).map(|_| Arc::default()).collect())
    }

    /// Connections that are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.iter().map(|load| load.connections.load(Ordering::Relaxed)).sum()
    }

    /// Requests that are being answered.
    #[must_use]
    pub fn serving(&self) -> usize {
        self.0.iter().map(|load| load.serving.load(Ordering::Relaxed)).sum()
    }

    /// The figures of the worker of this number; a worker that is begun again takes those of one
    /// that has ended.
    fn load(&self, nth: usize) -> Arc<WorkerLoad> {
        Arc::clone(&self.0[nth % self.0.len()])
    }
}

/// Serves the courtyard on this socket once the result is awaited, with at most so many connections
/// per worker. Stopping is the caller's: signals are not listened to.
///
/// # Errors
/// When the socket cannot be listened on.
pub fn start(
    courtyard: &Courtyard,
    limits: &Limits,
    listener: TcpListener,
    connections_max: usize,
) -> io::Result<(Server, Traffic)> {
    let (courtyard, for_workers) = (courtyard.clone(), limits.clone());
    let clients = Clients::within(limits).map(Arc::new);
    let origins = limits.origin_policy(listener.local_addr()?.ip());
    let origins = Arc::new(origins.map_err(|senseless| io::Error::other(senseless.because))?);
    // Accepted sockets inherit it.
    rustix::net::sockopt::set_socket_send_buffer_size(&listener, SEND_BUFFER_BYTES)?;
    let worker_count = limits.worker_count();
    let traffic = Traffic::of(worker_count);
    let builder = Server::build()
        .workers(worker_count)
        .backlog(limits.backlog_connections_max)
        // The table of each worker refuses what is too much, so that all are accepted.
        .max_concurrent_connections(connections_max + SPARE_CONNECTIONS)
        .shutdown_timeout(limits.stop_within_s)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    // What `HttpServer` would do, around connections of our own.
    let (workers, loads) = (Arc::<AtomicUsize>::default(), traffic.clone());
    let builder = builder.listen("http", listener, move || {
        let nth = workers.fetch_add(1, Ordering::Relaxed);
        courtyard.look_after_this_loop(&format!("http {nth}"));
        let (stopping, limits) = (stopping.clone(), for_workers.clone());
        let table = ConnectionTable::new(connections_max, loads.load(nth));
        actix_web::rt::spawn(Rc::clone(&table).watch(limits.timeouts()));
        // One handler without a route of actix in front of it: the table of routes is ours.
        let front =
            Front::new(courtyard.clone(), limits.clone(), clients.clone(), Arc::clone(&origins));
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
            // The table of connections times every head.
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

/// Whether a request says that it has a body.
fn has_body(request: &HttpRequest) -> bool {
    let headers = request.headers();
    headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
        || headers.contains_key(TRANSFER_ENCODING)
}
