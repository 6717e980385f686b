//! `madang sandbox`: simulated outside services to test the runtime against. They are slow, fail,
//! decline and hang on purpose, and keep a ledger of the calls they acted on.
//!
//! ```text
//! web ── service ── behaviour ── latency      how a call goes, changeable while running
//!           └────── ledger                    what was done, by idempotency key
//! ```
//!
//! The protocol is that of the HTTP transport of ports: `POST` of JSON under an `Idempotency-Key`.
//! The status 2xx means done, 402, 409 and 422 declined, any other no answer. The answer to a call
//! that was done has a `transactionId`. A refund that names another one is declined.
//!
//! The first path segment is the name of a service: `/payment`, `/sms`, `/review-desk`,
//! `/reward-bank`, or any other. Each has a behaviour and a ledger of its own. A body with a key
//! under `charge`, `release` or `reclaim` gives back what was done under that key.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /admin/services`, `GET /admin/services/{name}` | how they behave |
//! | `PUT /admin/services/{name}` | changes the given keys until the stop; an invalid one is 422 |
//! | `GET /admin/ledger/{name}` | totals: charges, refunds, standing, doubles, calls, … |
//! | `GET /admin/ledger/{name}?key=` | state of one key, number of its calls and actions |
//! | `GET /admin/ledger/{name}/standing` | the keys of the charges that stand, as an array |

mod behaviour;
mod latency;
mod ledger;
mod service;
mod web;

use self::{
    behaviour::Behaviour,
    web::{SERVICES, Services, refuse_foreign_pages, routes},
};
use crate::origin_policy::{HostPattern, OriginPolicy};
use actix_web::{App, HttpServer, dev::Server, middleware::from_fn, web::Data};
use clap::Args;
use std::{io, net::SocketAddr, time::Duration};

/// The options of `sandbox`: the address, and the initial behaviour of the services.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Listen on this address; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    #[command(flatten)]
    behaviour: Behaviour,
    /// The most keys that each ledger stores; further ones are answered 507
    #[arg(long, value_name = "KEYS", default_value_t = 4_000_000)]
    keys_max: usize,
    /// Listen on an address that other machines can reach, although clients are not authenticated
    #[arg(long)]
    insecure: bool,
    /// Serve requests for this `Host` too, besides loopback and the address; may be repeated
    #[arg(long, value_name = "NAME", value_parser = HostPattern::read)]
    host: Vec<HostPattern>,
}

/// The server of the simulated outside services.
pub struct Sandbox {
    server: Server,
    address: SocketAddr,
}

/// The number of worker threads. Two handle tens of thousands of calls per second, and leave the
/// other cores to the callers.
const WORKERS: usize = 2;
/// The longest time a stop waits for calls, in seconds. It is short, because hanging calls never
/// end.
const STOP_WITHIN_S: u64 = 1;
const HEAD_WITHIN: Duration = Duration::from_secs(5);
const CONNECTIONS_PER_WORKER_MAX: usize = 16_384;
const BACKLOG_CONNECTIONS_MAX: u32 = 2_048;

impl Sandbox {
    /// Binds the address and creates the server. Must be called within an actix system.
    ///
    /// # Errors
    /// When the address is taken, other machines can reach it without `insecure`, or the behaviour
    /// is invalid.
    pub fn open(options: Options) -> io::Result<Self> {
        let Options { listen, behaviour, keys_max, insecure, host } = options;
        let nonsense = |sentence| io::Error::new(io::ErrorKind::InvalidInput, sentence);
        if !listen.ip().is_loopback() && !insecure {
            let sentence =
                format!("listen: {listen} can be reached by other machines; --insecure allows it");
            return Err(nonsense(sentence));
        }
        let behaviour = behaviour.checked().map_err(nonsense)?;
        let services = Data::new(Services::new(behaviour, keys_max));
        let policy = OriginPolicy::new(listen.ip(), host, Vec::new(), "the flag --host");
        let policy = Data::new(policy);
        let app = move || {
            App::new()
                .app_data(Data::clone(&services))
                .app_data(Data::clone(&policy))
                .wrap(from_fn(refuse_foreign_pages))
                .configure(routes)
        };
        let server = HttpServer::new(app)
            .workers(WORKERS)
            .max_connections(CONNECTIONS_PER_WORKER_MAX)
            .backlog(BACKLOG_CONNECTIONS_MAX)
            .client_request_timeout(HEAD_WITHIN)
            // A hanging call ends when its client closes the connection.
            .h1_allow_half_closed(false)
            .shutdown_timeout(STOP_WITHIN_S)
            .disable_signals()
            .bind(listen)?;
        let address = server.addrs().first().copied().unwrap_or(listen);
        Ok(Self { server: server.run(), address })
    }

    /// The text printed at the start: the address and the services.
    #[must_use]
    pub fn greeting(&self) -> String {
        let at = format!("http://{}", self.address);
        let services = SERVICES.map(|name| format!("/{name}")).join(" ");
        format!("madang sandbox answers at {at}\n  {services}\n  {at}/admin/services\n")
    }

    /// Serves until `stop` is ready.
    ///
    /// # Errors
    /// When the server stopped by itself.
    pub async fn run_until_stopped(self, stop: impl Future) -> io::Result<()> {
        let Self { mut server, .. } = self;
        let handle = server.handle();
        tokio::select! {
            served = &mut server => served,
            _ = stop => {
                let ((), served) = tokio::join!(handle.stop(true), &mut server);
                served
            }
        }
    }
}
