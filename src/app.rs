//! The composition root: [`App::build`] starts all parts, [`App::run_until_stopped`] serves.

mod greeting;
mod handover;
mod running;

pub(crate) use handover::{HandedOver, Retiring};

use crate::{
    actors::{Runtime, StartError},
    config::Config,
    contract::{ContractBuilder, proto},
    declarations::Declarations,
    grpc::{self, TypedServices},
    http::{self, Documents, Limits, Listeners, Metrics, Traffic, Turnstile},
    identity::{Identities, TokenIssuer, Verifier},
    inbound::feed::Hub,
    open_files::{OpenFiles, TooFew},
    reload::LiveSettings,
    systemd::Sockets,
    tls::{Certificate, HTTP_1, HTTP_2},
};
use actix_web::dev::{Server, ServerHandle};
use rustls::ServerConfig;
use serde_json::Value;
use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio_util::task::AbortOnDropHandle;

/// The application, ready to serve.
pub struct App {
    runtime: Runtime,
    server: Server,
    traffic: Traffic,
    address: SocketAddr,
    /// The gRPC server and its address, when one is configured.
    grpc: Option<(grpc::Server, SocketAddr)>,
    live: LiveSettings,
    /// The server of the monitoring and its address, when one is configured.
    metrics: Option<(ServerHandle, SocketAddr)>,
    is_tls: bool,
    turnstile: Arc<Turnstile>,
    /// Further handles of the listeners, for a process that takes over.
    spare: Sockets,
    data: PathBuf,
    /// The longest time of a stop for requests in flight.
    stop_within: Duration,
    /// The task that fetches the keys of an authorization server.
    _refresh: Option<AbortOnDropHandle<()>>,
    /// The task that reads the certificate again when it changes.
    _renewal: Option<AbortOnDropHandle<()>>,
}

/// A view of the work in flight of a running application. Reading it never blocks.
#[derive(Clone)]
pub struct InFlight {
    runtime: Runtime,
    traffic: Traffic,
}

impl InFlight {
    /// The number of requests being processed.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.traffic.serving()
    }

    /// The number of open connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.traffic.connections()
    }

    /// The number of records submitted to the journal and not yet durable. None is acknowledged.
    #[must_use]
    pub fn records_not_durable(&self) -> u64 {
        self.runtime.records_not_durable()
    }

    /// The duration of the present commit so far, in milliseconds; 0 when there is none.
    #[must_use]
    pub fn committing_ms(&self) -> u64 {
        self.runtime.committing_ms()
    }

    /// The names of the event loops that were blocked at the last check.
    #[must_use]
    pub fn blocked(&self) -> Vec<String> {
        self.runtime.blocked()
    }
}

/// The error when the application does not start, or stops without a request to stop.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The runtime did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The server cannot listen on the address.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        reason: io::Error,
    },
    /// The limit of open files is too low.
    #[error(transparent)]
    OpenFiles(#[from] TooFew),
    /// The certificate or its key cannot be used; the sentence names the file.
    #[error("{0}")]
    Tls(String),
    /// The typed services of gRPC cannot be made from the declarations.
    #[error("the services of gRPC: {0}")]
    TypedServices(String),
    /// The server stopped without a request to stop.
    #[error("the server stopped: {0}")]
    Served(io::Error),
}

/// Starts the verification of tokens and the authorization server; `None` when identity is not
/// configured.
fn identities(config: &Config) -> Result<Option<Identities>, StartError> {
    if !config.identity.is_configured() {
        return Ok(None);
    }
    let with_source = |line: String| StartError::Settings(config.with_sources(&line));
    let verifier = Verifier::start(&config.identity, &config.data).map_err(with_source)?;
    let issuer = TokenIssuer::start(&config.identity, &config.data).map_err(with_source)?;
    Ok(Some(Identities { verifier, issuer }))
}

/// Starts the runtime with these businesses. An error of their settings names the place.
fn start_runtime(config: &Config, declarations: &Declarations) -> Result<Runtime, StartError> {
    let install = |installation: &mut _| declarations.install(installation);
    Runtime::start(config.settings(), install).map_err(|error| match error {
        StartError::Settings(lines) => StartError::Settings(config.with_sources(&lines)),
        other @ StartError::Store(_) => other,
    })
}

/// The contract of the businesses that are served.
fn contract(declarations: &Declarations, only: &[String]) -> ContractBuilder {
    let mut builder = ContractBuilder::default();
    declarations.describe(&mut builder);
    builder.retain(only);
    builder
}

/// All documents of the contract by their paths: those in JSON, and the files of protobuf as strings.
fn documents(contract: &ContractBuilder) -> Vec<(String, Value)> {
    let files = contract.protos().into_iter().map(|file| (file.name, file.text));
    let files = files.chain([(proto::GENERIC_NAME.to_owned(), proto::GENERIC.to_owned())]);
    let texts = files.map(|(name, text)| (format!("/proto/{name}"), Value::String(text)));
    contract.documents().into_iter().chain(texts).collect()
}

/// The socket that systemd passed, or else one that listens on this address; and its address with
/// the port that it has.
fn bound(
    passed: Option<TcpListener>,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), AppError> {
    let listener = passed.map_or_else(|| TcpListener::bind(address), Ok);
    let listener = listener.and_then(|it| Ok((it.local_addr()?, it)));
    let (bound, listener) = listener.map_err(|reason| AppError::Listen { address, reason })?;
    Ok((listener, bound))
}

/// The certificate, if TLS is configured.
fn certificate(config: &Config) -> Result<Option<Arc<Certificate>>, AppError> {
    let read = Certificate::of_settings(&config.tls);
    read.map_err(|line| AppError::Tls(config.with_sources(&line)))
}

/// The protocols that are offered with TLS for HTTP.
const fn http_protocols(limits: &Limits) -> &'static [&'static [u8]] {
    if limits.http2 { &[HTTP_2, HTTP_1] } else { &[HTTP_1] }
}

/// Further handles of the sockets of HTTP and gRPC.
fn spare(http: &TcpListener, grpc: Option<&(TcpListener, SocketAddr)>) -> io::Result<Sockets> {
    Sockets::clone_of(http, grpc.map(|(listener, _)| listener))
}

/// TLS for these protocols, if there is a certificate.
fn tls_for(
    protocols: &[&[u8]],
    certificate: Option<&Arc<Certificate>>,
) -> Result<Option<Arc<ServerConfig>>, AppError> {
    let server = certificate.map(|certificate| certificate.server(protocols)).transpose();
    server.map_err(|error| AppError::Tls(format!("tls: {error}")))
}

/// Starts the gRPC server on a socket, with the runtime, tokens, rate limit and feed of HTTP.
fn serve_grpc(
    config: &Config,
    shared: &http::Parts,
    (contract, certificate): (&ContractBuilder, Option<&Arc<Certificate>>),
    (listener, address): (TcpListener, SocketAddr),
) -> Result<(grpc::Server, SocketAddr), AppError> {
    let Limits { body_timeout_ms, stop_within_s, .. } = config.http;
    let parts = grpc::Parts {
        runtime: shared.runtime.clone(),
        verifier: shared.identity.as_ref().map(|identity| Arc::clone(&identity.verifier)),
        clients: shared.clients.clone(),
        hub: Arc::clone(&shared.hub),
        tls: tls_for(&[HTTP_2], certificate)?,
        typed: TypedServices::compile(contract.protos()).map_err(AppError::TypedServices)?,
        settings: config.grpc.clone(),
        wait_max: config.http.wait_max(),
        message_within: Duration::from_millis(body_timeout_ms),
        stop_within: Duration::from_secs(stop_within_s),
    };
    let server = grpc::start(parts, listener);
    let server = server.map_err(|reason| AppError::Listen { address, reason })?;
    Ok((server, address))
}

/// The parts of the HTTP server, with these documents, this identity and this TLS.
fn http_parts(
    config: &Config,
    runtime: &Runtime,
    (documents, identity, tls): (Documents, Option<Identities>, Option<Arc<ServerConfig>>),
) -> io::Result<http::Parts> {
    let (limits, traffic) = (config.http.clone(), Traffic::of(2 * config.http.worker_count()));
    let metrics = || Arc::new(Metrics::new(runtime.clone(), traffic.clone()));
    Ok(http::Parts {
        runtime: runtime.clone(),
        documents,
        identity,
        clients: limits.client_rate_limit().map(Arc::new),
        limits,
        hub: Hub::start(runtime)?,
        tls,
        metrics: config.metrics.enabled.then(metrics),
        traffic,
        turnstile: Arc::default(),
    })
}

/// Serves the figures at the address of the monitoring, if there is one and they are on.
fn serve_metrics(
    config: &Config,
    parts: &http::Parts,
) -> Result<Option<(ServerHandle, SocketAddr)>, AppError> {
    let (Some(address), Some(metrics)) = (config.metrics.listen, &parts.metrics) else {
        return Ok(None);
    };
    let (listener, bound) = bound(None, address)?;
    if !bound.ip().is_loopback() {
        tracing::warn!(%bound, "metrics.listen can be reached from other machines without a token");
    }
    let handle = http::serve_metrics(metrics, &config.http, listener);
    let handle = handle.map_err(|reason| AppError::Listen { address, reason })?;
    Ok(Some((handle, bound)))
}

impl App {
    /// Binds the address, opens the data and starts the runtime with these businesses. Must be
    /// called within an actix system.
    ///
    /// # Errors
    /// When the address is taken, too few files may be open, the data cannot be opened, or a
    /// setting is invalid.
    pub async fn build(config: Config, declarations: &Declarations) -> Result<Self, AppError> {
        Self::build_on(Sockets::default(), config, declarations).await
    }

    /// Does the same on the sockets that systemd passed, if there are any.
    #[allow(clippy::unused_async)] // a later version may wait during the start
    pub(crate) async fn build_on(
        sockets: Sockets,
        config: Config,
        declarations: &Declarations,
    ) -> Result<Self, AppError> {
        let limits = &config.http;
        tracing::info!(version = env!("CARGO_PKG_VERSION"), data = %config.data.display(), "starting");
        let open_files = OpenFiles::raise(limits.worker_count())?;
        let listen = |reason| AppError::Listen { address: config.listen, reason };
        let (listener, address) = bound(sockets.http, config.listen)?;
        let grpc_listener = config.grpc.listen.map(|at| bound(sockets.grpc, at)).transpose()?;
        let spare = spare(&listener, grpc_listener.as_ref()).map_err(listen)?;
        let certificate = certificate(&config)?;
        let tls = tls_for(http_protocols(limits), certificate.as_ref())?;
        // The keys of the embedded authorization server are in the data folder, which is opened first.
        let early = if config.identity.issue { None } else { identities(&config)? };
        let runtime = start_runtime(&config, declarations)?;
        let identity = if config.identity.issue { identities(&config)? } else { early };
        let connections_max =
            open_files.connections(limits.worker_count(), limits.connections_max)?;
        let [described, typed] = [(); 2].map(|()| contract(declarations, &config.only));
        let documents = Documents::new(move || documents(&described));
        let parts = http_parts(&config, &runtime, (documents, identity.clone(), tls));
        let parts = parts.map_err(listen)?;
        let metrics = serve_metrics(&config, &parts)?;
        let live = LiveSettings::of(&parts);
        let serve_grpc = |bound| serve_grpc(&config, &parts, (&typed, certificate.as_ref()), bound);
        let grpc = grpc_listener.map(serve_grpc).transpose()?;
        let (traffic, turnstile) = (parts.traffic.clone(), Arc::clone(&parts.turnstile));
        let listeners = Listeners { clients: listener, forwarded: sockets.forwarded };
        let server = http::start(parts, listeners, connections_max).map_err(listen)?;
        let refresh = identity.as_ref().and_then(|identity| identity.verifier.spawn_refresh());
        let renewal = certificate.map(|it| AbortOnDropHandle::new(tokio::spawn(it.keep_current())));
        Ok(Self {
            runtime,
            server,
            traffic,
            address,
            grpc,
            live,
            metrics,
            is_tls: renewal.is_some(),
            turnstile,
            spare,
            data: config.data,
            stop_within: Duration::from_secs(config.http.stop_within_s),
            _refresh: refresh.map(AbortOnDropHandle::new),
            _renewal: renewal,
        })
    }

    /// The address the server listens on. The operating system chooses the port when 0 is
    /// configured.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the gRPC server, when one is configured.
    #[must_use]
    pub fn grpc_address(&self) -> Option<SocketAddr> {
        self.grpc.as_ref().map(|(_, address)| *address)
    }

    /// The address of the monitoring, when one is configured.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(_, address)| *address)
    }

    /// A handle on the work in flight.
    #[must_use]
    pub fn in_flight(&self) -> InFlight {
        InFlight { runtime: self.runtime.clone(), traffic: self.traffic.clone() }
    }

    /// A handle on the settings that can change while the application is running.
    pub(crate) fn live_settings(&self) -> LiveSettings {
        self.live.clone()
    }
}
