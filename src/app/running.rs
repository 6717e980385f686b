//! The application at work: it serves until it is stopped, or another process asks for the store.

use super::{App, AppError, Retiring};
use crate::{
    actors::Runtime,
    grpc,
    http::Traffic,
    systemd,
    takeover::{Addresses, Control, Place, Successor},
};
use actix_web::dev::ServerHandle;
use std::{convert::Infallible, io, time::Duration};
use tokio::time::sleep;

/// So long before the deadline of a stop, waits for outcomes are ended: those clients get 202.
const ANSWERED_BEFORE: Duration = Duration::from_millis(500);

/// So long before the deadline, the log says how many requests will be given up.
const GIVEN_UP_BEFORE: Duration = Duration::from_millis(50);

/// Waits until the gRPC server has ended by itself; for ever when there is none.
async fn ended(server: Option<&mut grpc::Server>) {
    match server {
        Some(server) => server.ended().await,
        None => std::future::pending().await,
    }
}

impl App {
    /// Listens in the data folder for a process that takes over.
    pub(crate) fn listen_for_successors(&self) -> io::Result<Control> {
        let addresses = Addresses { http: self.address, grpc: self.grpc_address() };
        Control::listen(&Place::of(&self.data)?, self.runtime.clone(), addresses)
    }

    /// Serves until `stop` is ready, then stops the server and the runtime. Requests in flight have
    /// the configured time to finish. All submitted records become durable.
    ///
    /// # Errors
    /// When the server stopped without a request to stop.
    pub async fn run_until_stopped(self, stop: impl Future) -> Result<(), AppError> {
        self.run(stop, None).await.map(|_| ())
    }

    /// Does the same until a process asks for the store; `None` when it has stopped.
    pub(crate) async fn run(
        self,
        stop: impl Future,
        control: Option<Control>,
    ) -> Result<Option<(Retiring, Successor)>, AppError> {
        let Self { runtime, server, grpc, metrics, .. } = self;
        let mut grpc = grpc.map(|(server, _)| server);
        let (handle, mut http) = (server.handle(), Box::pin(server));
        systemd::ready();
        let served = tokio::select! {
            served = &mut http => served,
            never = systemd::keep_alive(&runtime) => match never {},
            () = ended(grpc.as_mut()) => Err(io::Error::other("the gRPC server ended")),
            successor = asked(control) => {
                let retiring = Retiring {
                    runtime,
                    server: actix_web::rt::spawn(http),
                    handle,
                    grpc,
                    metrics: metrics.map(|(metrics, _)| metrics),
                    traffic: self.traffic,
                    turnstile: self.turnstile,
                    spare: self.spare,
                    data: self.data,
                };
                return Ok(Some((retiring, successor)));
            }
            _ = stop => {
                tracing::info!("stopping");
                systemd::stopping();
                // No process can take over from now on. New connections are refused instead of waiting.
                drop(self.spare);
                let in_flight = (self.stop_within, &runtime, &self.traffic);
                stopped((&handle, &mut http), grpc.take(), in_flight).await
            }
        };
        if let Some((metrics, _)) = metrics {
            metrics.stop(false).await;
        }
        runtime.stop().await;
        tracing::info!("stopped");
        served.map(|()| None).map_err(AppError::Served)
    }
}

/// Stops both servers. Requests in flight have this time; waits for outcomes end shortly before.
async fn stopped(
    (handle, http): (&ServerHandle, impl Future<Output = io::Result<()>>),
    grpc: Option<grpc::Server>,
    (within, runtime, traffic): (Duration, &Runtime, &Traffic),
) -> io::Result<()> {
    let grpc_stopped = async {
        if let Some(grpc) = grpc {
            grpc.stop().await;
        }
    };
    tokio::select! {
        ((), (), served) = async { tokio::join!(handle.stop(true), grpc_stopped, http) } => served,
        never = end_waits_in_time(within, runtime, traffic) => match never {},
    }
}

/// Ends waits for outcomes shortly before this deadline, and logs what will not be answered by then.
async fn end_waits_in_time(deadline: Duration, runtime: &Runtime, traffic: &Traffic) -> Infallible {
    let waits_end = deadline.saturating_sub(ANSWERED_BEFORE);
    sleep(waits_end).await;
    runtime.end_waits();
    sleep(deadline.saturating_sub(waits_end + GIVEN_UP_BEFORE)).await;
    let requests = traffic.serving();
    if requests > 0 {
        tracing::warn!(requests, "requests in flight are given up: the stop takes too long");
    }
    std::future::pending().await
}

/// Waits for a process that asks for the store; for ever when none can.
async fn asked(control: Option<Control>) -> Successor {
    match control {
        Some(mut control) => control.successor().await,
        None => std::future::pending().await,
    }
}
