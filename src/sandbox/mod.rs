//! `madang sandbox`: outside services to try the runtime against, which are slow, fail, decline and
//! hang on purpose, and keep a ledger that tells what was really done.
//!
//! ```text
//! web ── service ── behaviour ── latency, dice      how a call goes, changeable while running
//!           └────── ledger                          what was done, by idempotency key
//! ```
//!
//! It speaks what the HTTP transport of ports speaks: `POST` of JSON under an `Idempotency-Key`;
//! 2xx did it, 4xx says no, 5xx is no answer. The first part of the path is the name of a service:
//! `/payment`, `/sms`, `/review-desk`, `/reward-bank`, or any other, each with a behaviour and a
//! ledger of its own. A body that names a key under `charge`, `release` or `reclaim` gives back
//! what was done under that key.
//!
//! | request | what it does |
//! |---|---|
//! | `GET /admin/services`, `GET /admin/services/{name}` | how they behave |
//! | `PUT /admin/services/{name}` | changes the keys given, until the end; nonsense is 422 |
//! | `GET /admin/ledger/{name}` | totals: charges, refunds, standing, doubles, calls, … |
//! | `GET /admin/ledger/{name}?key=` | what one key stands for, how often called and acted on |
//! | `GET /admin/ledger/{name}/standing` | the keys of the charges that stand, as an array |

mod behaviour;
mod dice;
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

/// Where the outside services listen, and how they behave at first.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Listen on this address; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    #[command(flatten)]
    behaviour: Behaviour,
    /// Keys that each ledger remembers; further ones are answered 507
    #[arg(long, value_name = "KEYS", default_value_t = 4_000_000)]
    keys_max: usize,
    /// Listen on an address that others can reach, although nobody is asked who he is
    #[arg(long)]
    insecure: bool,
    /// Serve requests for this `Host` too, beside loopback and the address; may be repeated
    #[arg(long, value_name = "NAME", value_parser = HostPattern::read)]
    host: Vec<HostPattern>,
}

/// The outside services, ready to be called.
pub struct Sandbox {
    server: Server,
    address: SocketAddr,
}

/// Two threads answer tens of thousands of calls a second, and leave the rest of the machine to
/// whoever calls.
const WORKERS: usize = 2;
/// Calls that hang may do so, and are not waited for at the end.
const STOP_WITHIN_S: u64 = 1;
const HEAD_WITHIN: Duration = Duration::from_secs(5);
const CONNECTIONS_PER_WORKER_MAX: usize = 16_384;
const BACKLOG_CONNECTIONS_MAX: u32 = 2_048;

impl Sandbox {
    /// Takes the address. Must be called within an actix system.
    ///
    /// # Errors
    /// When the address is taken or can be reached by others, or the behaviour makes no sense.
    pub fn open(options: Options) -> io::Result<Self> {
        let Options { listen, behaviour, keys_max, insecure, host } = options;
        let nonsense = |sentence| io::Error::new(io::ErrorKind::InvalidInput, sentence);
        if !listen.ip().is_loopback() && !insecure {
            let sentence = format!(
                "listen: {listen} can be reached by others; say --insecure to do it anyway"
            );
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
            // A call that hangs ends when the client goes.
            .h1_allow_half_closed(false)
            .shutdown_timeout(STOP_WITHIN_S)
            .disable_signals()
            .bind(listen)?;
        let address = server.addrs().first().copied().unwrap_or(listen);
        Ok(Self { server: server.run(), address })
    }

    /// Where it listens, and what for.
    #[must_use]
    pub fn greeting(&self) -> String {
        let at = format!("http://{}", self.address);
        let services = SERVICES.map(|name| format!("/{name}")).join(" ");
        format!("madang sandbox answers at {at}\n  {services}\n  {at}/admin/services\n")
    }

    /// Answers until `stop` is ready.
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
