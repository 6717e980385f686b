//! The application at work: it serves until it is stopped, or another process asks for the store.

use super::{App, AppError, Retiring};
use crate::{
    grpc, systemd,
    takeover::{Addresses, Control, Place, Successor},
};
use std::io;

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
                let stopped = async {
                    if let Some(grpc) = grpc.take() {
                        grpc.stop().await;
                    }
                };
                let ((), (), served) = tokio::join!(handle.stop(true), stopped, &mut http);
                served
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

/// Waits for a process that asks for the store; for ever when none can.
async fn asked(control: Option<Control>) -> Successor {
    match control {
        Some(mut control) => control.successor().await,
        None => std::future::pending().await,
    }
}
