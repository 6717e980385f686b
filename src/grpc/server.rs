//! The server: its thread, its listener, and the limits on both.

use super::{
    connection::Incoming,
    health,
    service::{Businesses, Typed},
    settings::GrpcSettings,
    site::Site,
    typed::TypedServices,
};
use crate::{
    actors::Runtime,
    identity::Verifier,
    inbound::{client_limit::ClientRateLimit, feed::Hub, tokens::Tokens},
};
use rustls::ServerConfig;
use std::{io, mem, net::TcpListener, sync::Arc, thread, time::Duration};
use tokio::{
    sync::{oneshot, watch},
    task::LocalSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tonic::service::Routes;

/// The largest metadata of a call, in bytes.
const METADATA_BYTES_MAX: u32 = 16 << 10;

/// The time between two pings, and the time for their answer.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_WITHIN: Duration = Duration::from_secs(20);

/// The parts that a server answers from.
pub struct Parts {
    /// The runtime.
    pub runtime: Runtime,
    /// The verification of tokens; `None` when no identity is configured.
    pub verifier: Option<Arc<Verifier>>,
    /// The rate limit per client; `None` when no rate is configured.
    pub clients: Option<Arc<ClientRateLimit>>,
    /// The newest events.
    pub hub: Arc<Hub>,
    /// The certificate, if the server speaks TLS.
    pub tls: Option<Arc<ServerConfig>>,
    /// The typed services.
    pub typed: TypedServices,
    /// The settings.
    pub settings: GrpcSettings,
    /// The longest time a request waits for a pending outcome.
    pub wait_max: Duration,
    /// The longest time a message may take to arrive.
    pub message_within: Duration,
    /// The longest time a stop waits for calls in progress.
    pub stop_within: Duration,
}

/// A running server. It stops when it is dropped.
pub struct Server {
    stop: watch::Sender<bool>,
    ended: oneshot::Receiver<()>,
}

impl Server {
    /// Waits until the server has ended without a request to stop.
    pub async fn ended(&mut self) {
        let _ = (&mut self.ended).await;
    }

    /// Stops the server, and waits until it has ended.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        self.ended().await;
    }
}

/// Starts the server of these parts on this socket, on a thread of its own.
///
/// # Errors
/// When the system starts no further thread or event loop.
pub fn start(parts: Parts, listener: TcpListener) -> io::Result<Server> {
    let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    listener.set_nonblocking(true)?;
    let (stop, stopping) = watch::channel(false);
    let (end, ended) = oneshot::channel();
    thread::Builder::new().name("grpc".to_owned()).spawn(move || {
        let served = LocalSet::new().block_on(&event_loop, serve(parts, listener, stopping));
        if let Err(error) = served {
            tracing::error!(%error, "the gRPC server ended");
        }
        event_loop.shutdown_background();
        let _ = end.send(());
    })?;
    Ok(Server { stop, ended })
}

async fn serve(
    parts: Parts,
    listener: TcpListener,
    mut stopping: watch::Receiver<bool>,
) -> Result<(), Box<dyn std::error::Error>> {
    let Parts { runtime, verifier, clients, hub, tls, typed, settings, .. } = parts;
    runtime.look_after_this_loop("grpc");
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let incoming = Incoming::new(listener, settings.connections_max, tls.map(TlsAcceptor::from));
    let (reporter, health_service) = tonic_health::server::health_reporter();
    let names = typed.pool.services().map(|service| service.full_name().to_owned()).collect();
    tokio::spawn(health::report(reporter, names, runtime.clone(), stopping.clone()));
    let descriptors = typed.pool.encode_to_vec();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(&descriptors)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    let builder = tonic::transport::Server::builder()
        .max_concurrent_streams(settings.calls_max)
        .http2_max_header_list_size(METADATA_BYTES_MAX)
        .http2_keepalive_interval(Some(PING_EVERY))
        .http2_keepalive_timeout(Some(PING_WITHIN));
    let site = Arc::new(Site {
        runtime,
        tokens: verifier.map(Tokens::new),
        clients,
        hub,
        settings,
        wait_max: parts.wait_max,
        message_within: parts.message_within,
        stopping: stopping.clone(),
    });
    let services = with_typed(Routes::new(Businesses::new(Arc::clone(&site))), &site, typed)
        .add_service(health_service)
        .add_service(reflection)
        .prepare();
    let mut of_connections = stopping.clone();
    let signal = async move { _ = of_connections.wait_for(|is_stopping| *is_stopping).await };
    let connections = builder.serve_with_incoming_shutdown(services, incoming, signal);
    tokio::pin!(connections);
    tokio::select! {
        served = &mut connections => return Ok(served?),
        _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
    }
    // Calls in progress have the configured time to finish; the rest ends with the event loop.
    if let Ok(served) = timeout(parts.stop_within, connections).await {
        served?;
    }
    Ok(())
}

/// Adds the methods of the typed services.
fn with_typed(mut routes: Routes, site: &Arc<Site>, typed: TypedServices) -> Routes {
    let mut methods = mem::take(routes.axum_router_mut());
    for method in typed.methods {
        let path = method.declared.path.clone();
        methods = methods.route_service(&path, Typed { site: Arc::clone(site), method });
    }
    *routes.axum_router_mut() = methods;
    routes
}
