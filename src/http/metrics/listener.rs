//! The address of its own for the monitoring: the figures and the probes, without tokens.

use super::{METRICS, Metrics};
use crate::{
    http::{
        admin::{READ_ONLY, health},
        limits::Limits,
        request::{Verb, verb},
        response::{Body, Response},
    },
    inbound::problem::{Problem, not_allowed, unknown},
    origin_policy::OriginPolicy,
};
use actix_http::{HttpMessage as _, HttpService, KeepAlive, Request};
use actix_web::dev::{Server, ServerHandle};
use std::{convert::Infallible, io, net::TcpListener, sync::Arc, time::Duration};

/// The most connections of the monitoring.
const CONNECTIONS_MAX: usize = 64;

/// The longest time that the head of a request may take.
const HEAD_WITHIN: Duration = Duration::from_secs(5);

/// The longest time that a connection may be idle. Prometheus scrapes every 15 s to 60 s.
const IDLE_WITHIN: Duration = Duration::from_secs(90);

/// Serves the figures on this socket until the result is stopped.
///
/// # Errors
/// When the server cannot listen on the socket.
pub fn start(
    metrics: &Arc<Metrics>,
    limits: &Limits,
    listener: TcpListener,
) -> io::Result<ServerHandle> {
    let origins = limits.origin_policy(listener.local_addr()?.ip());
    let origins = origins.map_err(|senseless| io::Error::other(senseless.reason))?;
    let (metrics, origins) = (Arc::clone(metrics), Arc::new(origins));
    let server = Server::build()
        .workers(1)
        .max_concurrent_connections(CONNECTIONS_MAX)
        .disable_signals()
        .listen("metrics", listener, move || {
            let (metrics, origins) = (Arc::clone(&metrics), Arc::clone(&origins));
            HttpService::build()
                .keep_alive(KeepAlive::Timeout(IDLE_WITHIN))
                .client_request_timeout(HEAD_WITHIN)
                .finish(move |request| serve(Arc::clone(&metrics), Arc::clone(&origins), request))
                .tcp()
        })?
        .run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Ok(handle)
}

async fn serve(
    metrics: Arc<Metrics>,
    origins: Arc<OriginPolicy>,
    request: Request,
) -> Result<actix_http::Response<Body>, Infallible> {
    let answer = answer(&metrics, &origins, &request).await;
    let answer = answer.unwrap_or_else(|problem| Response::problem(&problem, request.path(), None));
    Ok(answer.send(None, None, None))
}

async fn answer(
    metrics: &Metrics,
    origins: &OriginPolicy,
    request: &Request,
) -> Result<Response, Problem> {
    origins.check(request.method(), request.uri(), request.headers())?;
    match verb(request.method()) {
        Verb::Read => {}
        Verb::Options => return Ok(Response::options(READ_ONLY)),
        _ => return Err(not_allowed(request.method().as_str(), READ_ONLY.to_owned())),
    }
    match request.path() {
        METRICS => metrics.answer(request.headers()).await,
        path if health::is_probe(path) => Ok(health::probed(path, &metrics.runtime)),
        path => Err(unknown(path)),
    }
}
