//! The composition root: `build` wires, `run_until_stopped` waits.

use crate::{
    actors::{Example, Installation, Runtime, StartError},
    config::Config,
    http::{self, Traffic},
    open_files::{OpenFiles, TooFew},
    systemd,
};
use actix_web::dev::Server;
use std::{
    fmt::Write as _,
    io,
    net::{SocketAddr, TcpListener},
};

/// The application, ready to serve.
pub struct App {
    runtime: Runtime,
    server: Server,
    traffic: Traffic,
    address: SocketAddr,
}

/// What a running application has begun and not finished. Looking at it never waits.
#[derive(Clone)]
pub struct InFlight {
    runtime: Runtime,
    traffic: Traffic,
}

impl InFlight {
    /// Requests that are being answered.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.traffic.serving()
    }

    /// Connections that are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.traffic.connections()
    }

    /// Records that are submitted to the journal and not on disk; none of them is acknowledged.
    #[must_use]
    pub fn records_not_durable(&self) -> u64 {
        self.runtime.records_not_durable()
    }

    /// For how long the present commit has taken, in milliseconds; 0 when there is none.
    #[must_use]
    pub fn committing_ms(&self) -> u64 {
        self.runtime.committing_ms()
    }

    /// The loops that were blocked when it was last looked.
    #[must_use]
    pub fn blocked(&self) -> Vec<String> {
        self.runtime.blocked()
    }
}

/// Why the application did not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The runtime did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {because}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        because: io::Error,
    },
    /// Too few files may be open.
    #[error(transparent)]
    OpenFiles(#[from] TooFew),
    /// The server stopped.
    #[error("the server stopped: {0}")]
    Served(io::Error),
}

impl App {
    /// Takes the address, opens the data, and brings everything to life. Must be called within
    /// an actix system.
    ///
    /// # Errors
    /// When the address is taken, the data cannot be opened, or a setting makes no sense.
    #[allow(clippy::unused_async)] // starting may come to wait
    pub async fn build(
        config: Config,
        install: impl FnOnce(&mut Installation),
    ) -> Result<Self, AppError> {
        let limits = &config.http;
        let open_files = OpenFiles::raise(limits.worker_count())?;
        let listen = |because| AppError::Listen { address: config.listen, because };
        let listener = TcpListener::bind(config.listen).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let runtime = Runtime::start(config.settings(), install)?;
        let connections_max =
            open_files.connections(limits.worker_count(), limits.connections_max)?;
        let (server, traffic) =
            http::start(&runtime, limits, listener, connections_max).map_err(listen)?;
        Ok(Self { runtime, server, traffic, address })
    }

    /// Where it listens; the port is the system's choice when 0 was asked for.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is served, where, and how to begin.
    #[must_use]
    pub fn greeting(&self) -> String {
        let at = format!("http://{}", self.address);
        let mut parts: Vec<(&str, Vec<&str>, Vec<&str>)> = Vec::new();
        for resource in self.runtime.resources() {
            match parts.last_mut().filter(|(business, ..)| *business == resource.business) {
                Some((_, resources, _)) => resources.push(resource.name),
                None => parts.push((resource.business, vec![resource.name], vec![])),
            }
        }
        for view in self.runtime.views() {
            let part = parts.iter_mut().find(|(business, ..)| *business == view.business);
            if let Some((_, _, views)) = part {
                views.push(view.name);
            }
        }
        let mut text = format!("madang serves at {at}\n");
        for (business, resources, views) in parts {
            let _ = write!(text, "  /{business:<12} {}", resources.join(", "));
            let _ = match views.join(", ") {
                none if none.is_empty() => writeln!(text),
                views => writeln!(text, "; views {views}"),
            };
        }
        text.push_str(if self.runtime.examples().is_empty() { "" } else { "try:\n" });
        for Example { business, resource, body } in self.runtime.examples() {
            let path = format!("{at}/{business}/{resource}");
            let _ =
                writeln!(text, "  curl -i {path} -H 'content-type: application/json' -d '{body}'");
        }
        text
    }

    /// What it has begun and not finished, from now on.
    #[must_use]
    pub fn in_flight(&self) -> InFlight {
        InFlight { runtime: self.runtime.clone(), traffic: self.traffic.clone() }
    }

    /// Serves until `stop` is ready; then accepts nothing more, finishes what is in flight
    /// within the configured time, and makes everything submitted durable.
    ///
    /// # Errors
    /// When the server stopped by itself.
    pub async fn run_until_stopped(self, stop: impl Future) -> Result<(), AppError> {
        let Self { runtime, server, .. } = self;
        let handle = server.handle();
        tokio::pin!(server);
        systemd::ready();
        let served = tokio::select! {
            served = &mut server => served,
            never = systemd::keep_alive(&runtime) => match never {},
            _ = stop => {
                tracing::info!("stopping");
                systemd::stopping();
                let ((), served) = tokio::join!(handle.stop(true), &mut server);
                served
            }
        };
        runtime.stop().await;
        served.map_err(AppError::Served)
    }
}
