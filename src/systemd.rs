//! The contact to systemd: its sockets, and notifications that the server is ready, lives and stops.
//! Without systemd, there are no sockets, and notifications have no effect.

use crate::{actors::Runtime, config::Flags};
use listenfd::ListenFd;
use sd_notify::NotifyState;
use std::{
    convert::Infallible, future, io, net::TcpListener, os::unix::net::UnixListener, sync::OnceLock,
    time::Duration,
};

/// The sockets that systemd listens on for this server, in the order of their unit.
#[derive(Debug, Default)]
pub struct Sockets {
    /// The first socket: HTTP.
    pub http: Option<TcpListener>,
    /// The second socket: gRPC.
    pub grpc: Option<TcpListener>,
    /// The socket of processes that forward requests; systemd passes none.
    pub forwarded: Option<UnixListener>,
}

/// The most sockets that the server has a use for.
const SOCKETS_MAX: usize = 2;

impl Sockets {
    /// Takes over the sockets that systemd passed to this process (`LISTEN_FDS`). Call it before
    /// any thread starts: it removes the variables of systemd from the environment.
    ///
    /// # Errors
    /// When there are too many, or one of them does not listen on an IP address.
    pub fn inherited() -> io::Result<Self> {
        let mut passed = ListenFd::from_env();
        if passed.len() > SOCKETS_MAX {
            let reason = format!(
                "systemd passed {} sockets, and the server has a use for {SOCKETS_MAX}: HTTP and gRPC",
                passed.len()
            );
            return Err(io::Error::other(reason));
        }
        let (http, grpc) = (listening(&mut passed, 0)?, listening(&mut passed, 1)?);
        Ok(Self { http, grpc, forwarded: None })
    }

    /// Further handles of these listeners.
    ///
    /// # Errors
    /// When too many files are open.
    pub fn clone_of(http: &TcpListener, grpc: Option<&TcpListener>) -> io::Result<Self> {
        let grpc = grpc.map(TcpListener::try_clone).transpose()?;
        Ok(Self { http: Some(http.try_clone()?), grpc, forwarded: None })
    }

    /// The settings of the command line with the addresses of these sockets. They replace those of
    /// all other sources, so that they are checked like them.
    ///
    /// # Errors
    /// When the system does not say the address of a socket.
    pub fn replace_addresses_in(&self, flags: Flags) -> io::Result<Flags> {
        let address =
            |socket: Option<&TcpListener>| socket.map(TcpListener::local_addr).transpose();
        let (http, grpc) = (address(self.http.as_ref())?, address(self.grpc.as_ref())?);
        Ok(Flags { listen: http.or(flags.listen), grpc_listen: grpc, ..flags })
    }
}

/// The socket with this number, if it was passed.
fn listening(passed: &mut ListenFd, nth: usize) -> io::Result<Option<TcpListener>> {
    let named = |reason: &dyn std::fmt::Display| {
        io::Error::other(format!("socket {} of systemd: {reason}", nth + 1))
    };
    if nth >= passed.len() {
        return Ok(None);
    }
    let socket = passed.take_tcp_listener(nth).map_err(|error| named(&error))?;
    match &socket {
        Some(socket) if !rustix::net::sockopt::socket_acceptconn(socket)? => {
            Err(named(&"it does not listen; use ListenStream="))
        }
        _ => Ok(socket),
    }
}

/// The watchdog timeout of a server that this process has taken over.
static WATCHED_WITHIN: OnceLock<Duration> = OnceLock::new();

/// The watchdog timeout, if systemd watches this process.
#[must_use]
pub fn watched_within() -> Option<Duration> {
    sd_notify::watchdog_enabled().or_else(|| WATCHED_WITHIN.get().copied())
}

/// Takes over the watchdog timeout of a server: systemd tells it only to the process that it starts.
pub fn watch_within(within: Duration) {
    let _ = WATCHED_WITHIN.set(within);
}

/// Notifies systemd that this process is the main one of the service from now on.
pub fn main_process(process: u32) {
    tell(NotifyState::MainPid(process));
}

/// Notifies systemd that the server is ready.
pub fn ready() {
    tell(NotifyState::Ready);
}

/// Notifies systemd that the server reads its settings again; [`ready`] ends it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell_all(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!(%error, "systemd could not be notified"),
    }
}

/// Notifies systemd that the server is stopping.
pub fn stopping() {
    tell(NotifyState::Stopping);
}

/// Sends watchdog notifications to systemd, twice per watchdog timeout; never returns.
///
/// A notification is sent only if the supervisor has checked the event loops since the last tick,
/// and none is blocked. Otherwise the watchdog timeout of systemd expires.
pub async fn keep_alive(runtime: &Runtime) -> Infallible {
    let Some(within) = watched_within() else { return future::pending().await };
    let mut every = tokio::time::interval(within / 2);
    let mut looks = None;
    loop {
        every.tick().await;
        let seen = looks.replace(runtime.looks());
        if seen != looks && runtime.blocked().is_empty() {
            tell(NotifyState::Watchdog);
        }
    }
}

fn tell(state: NotifyState<'_>) {
    tell_all(&[state]);
}

fn tell_all(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd could not be notified");
    }
}
