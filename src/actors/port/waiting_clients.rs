//! The count of clients that wait for work of this machine before and after a service call.
//!
//! Work that this machine has begun is bounded, because otherwise all clients are served late. The
//! time at the service does not count, because otherwise a slow service would close the runtime
//! (ADR 15).

use crate::sync::CountGuard;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// The clients that wait for one service.
#[derive(Debug)]
pub struct WaitingClients {
    clients_max: usize,
    waiting: Arc<AtomicUsize>,
    with_service: Arc<AtomicUsize>,
}

impl WaitingClients {
    /// Creates a counter without clients. More than `clients_max` clients are too many.
    pub fn new(clients_max: usize) -> Self {
        Self { clients_max, waiting: Arc::default(), with_service: Arc::default() }
    }

    /// Counts a client that waits.
    pub fn join(&self) -> CountGuard {
        CountGuard::new(&self.waiting)
    }

    /// Counts a call of a waiting client that is with the service.
    pub fn step_out(&self) -> CountGuard {
        CountGuard::new(&self.with_service)
    }

    /// Whether more clients wait for this machine than the bound allows.
    pub fn is_too_large(&self) -> bool {
        let with_service = self.with_service.load(Ordering::Relaxed);
        self.waiting.load(Ordering::Relaxed).saturating_sub(with_service) > self.clients_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_whose_call_is_with_the_service_do_not_count() {
        let clients = WaitingClients::new(2);
        let mut waiting: Vec<_> = (0..3).map(|_| clients.join()).collect();
        assert!(clients.is_too_large());
        let asked = clients.step_out();
        assert!(!clients.is_too_large());
        drop(asked);
        assert!(clients.is_too_large(), "the service answered, and the client still waits");
        waiting.pop();
        assert!(!clients.is_too_large());
    }

    #[test]
    fn calls_without_a_client_do_not_raise_the_bound() {
        let clients = WaitingClients::new(0);
        let _asked = [clients.step_out(), clients.step_out()];
        let _waits = clients.join();
        assert!(!clients.is_too_large());
    }
}
