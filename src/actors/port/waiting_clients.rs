//! Counts the clients that wait for work of this machine around a service call: before the question
//! reaches the service, and after its answer. The time at the service must not count, or a slow
//! service would close the runtime (ADR 15). Work that this machine has begun must be bounded, or
//! all clients are served late.

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

/// One counted client or question, until it is dropped.
#[derive(Debug)]
pub struct Counted(Arc<AtomicUsize>);

impl WaitingClients {
    /// A counter without clients; more than `clients_max` are too many.
    pub fn new(clients_max: usize) -> Self {
        Self { clients_max, waiting: Arc::default(), with_service: Arc::default() }
    }

    /// Counts a client that waits.
    pub fn join(&self) -> Counted {
        Counted::among(&self.waiting)
    }

    /// Counts a question of a waiting client that is with the service.
    pub fn step_out(&self) -> Counted {
        Counted::among(&self.with_service)
    }

    /// Whether more clients wait for this machine than the bound allows.
    pub fn is_too_large(&self) -> bool {
        let with_service = self.with_service.load(Ordering::Relaxed);
        self.waiting.load(Ordering::Relaxed).saturating_sub(with_service) > self.clients_max
    }
}

impl Counted {
    fn among(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counter))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_whose_question_is_with_the_service_do_not_count() {
        let crowd = WaitingClients::new(2);
        let mut waiting: Vec<_> = (0..3).map(|_| crowd.join()).collect();
        assert!(crowd.is_too_large());
        let asked = crowd.step_out();
        assert!(!crowd.is_too_large());
        drop(asked);
        assert!(crowd.is_too_large(), "it was answered, and nobody has heard of it");
        waiting.pop();
        assert!(!crowd.is_too_large());
    }

    #[test]
    fn questions_whose_clients_have_gone_make_no_room_beyond_the_bound() {
        let crowd = WaitingClients::new(0);
        let _asked = [crowd.step_out(), crowd.step_out()];
        let _waits = crowd.join();
        assert!(!crowd.is_too_large());
    }
}
