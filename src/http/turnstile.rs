//! The turnstile before the handlers: it lets requests in, holds them during a take-over, and then
//! sends them on to the process that serves.
//!
//! ```text
//!   Open ──hold──▶ Held ──forward──▶ Forwarded
//! ```

use crate::sync::CountGuard;
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering, fence},
    },
};
use tokio::sync::watch;

/// The path of the socket to which requests are sent, as long as it is valid.
pub type SocketPath = Box<dyn Fn() -> PathBuf + Send + Sync>;

/// What happens to a further request.
#[derive(Default)]
enum Mode {
    /// It is handled here.
    #[default]
    Open,
    /// It waits.
    Held,
    /// It is sent to the socket at this path.
    Forwarded(SocketPath),
}

/// The turnstile of a server.
#[derive(Default)]
pub struct Turnstile {
    is_closed: AtomicBool,
    mode: watch::Sender<Mode>,
    held: Arc<AtomicUsize>,
}

impl Turnstile {
    /// Whether a request that was counted before may not be handled here.
    pub(in crate::http) fn is_closed(&self) -> bool {
        // Either this request sees that it is closed, or the one who closed it sees the request.
        fence(Ordering::SeqCst);
        self.is_closed.load(Ordering::Relaxed)
    }

    /// Holds further requests.
    pub fn hold(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        self.mode.send_replace(Mode::Held);
    }

    /// Sends all requests that are held, and further ones, to the socket at this path.
    pub fn forward_to(&self, socket: SocketPath) {
        self.mode.send_replace(Mode::Forwarded(socket));
    }

    /// Waits until requests are held.
    pub(in crate::http) async fn closed(&self) {
        let _ = self.mode.subscribe().wait_for(|mode| !matches!(mode, Mode::Open)).await;
    }

    /// Waits until requests are forwarded; returns the path of the socket.
    pub(in crate::http) async fn forwarded(&self) -> PathBuf {
        let mut mode = self.mode.subscribe();
        loop {
            if let Mode::Forwarded(socket) = &*mode.borrow_and_update() {
                return socket();
            }
            if mode.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Counts a request that is held or forwarded.
    pub(in crate::http) fn count(&self) -> CountGuard {
        CountGuard::new(&self.held)
    }

    /// The number of requests that are held or forwarded.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn a_held_request_goes_on_to_the_socket_that_is_named_later() {
        let turnstile = Turnstile::default();
        assert!(!turnstile.is_closed());
        turnstile.hold();
        assert!(turnstile.is_closed());
        let held = turnstile.count();
        let mut waiting = Box::pin(turnstile.forwarded());
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        turnstile.forward_to(Box::new(|| "a".into()));
        assert_eq!(waiting.as_mut().poll(&mut context), Poll::Ready("a".into()));
        assert_eq!(turnstile.held(), 1);
        drop(held);
        assert_eq!(turnstile.held(), 0);
    }
}
