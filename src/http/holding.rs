//! Holds the answer to a refused request for a moment, so that a client that repeats at once slows
//! down.

use crate::{
    actors::{Gates, RequestError},
    inbound::preferences::Preferences,
    sync::CountGuard,
};
use std::{
    pin::Pin,
    rc::Rc,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};
use tokio::time::timeout;

/// The most answers that one worker holds at once. Further ones are sent at once.
const HELD_MAX: usize = 4_096;

/// The longest time that a client may ask for.
const PREFERRED_MAX: Duration = Duration::from_secs(30);

/// The end of the server's work: a function that waits for it.
pub(super) type Stopping = Rc<dyn Fn() -> Pin<Box<dyn Future<Output = ()>>>>;

/// Holds the answers of one worker.
pub(super) struct Holding {
    held: Arc<AtomicUsize>,
    stopping: Stopping,
}

impl Holding {
    /// Holds answers until this server stops.
    pub(super) fn until(stopping: Stopping) -> Self {
        Self { held: Arc::default(), stopping }
    }

    /// Holds the answer to a request that a gate refused: for the time of that gate, or for the
    /// time that the client prefers if that is longer. Other errors are returned at once.
    pub(super) async fn hold(
        &self,
        request_error: RequestError,
        gates: &Gates,
        preferences: &Preferences,
    ) -> RequestError {
        let (RequestError::TurnedAway { gate, .. } | RequestError::Unavailable { gate, .. }) =
            &request_error
        else {
            return request_error;
        };
        let of_gate = gates.get(gate).map(|gate| gate.hold()).unwrap_or_default();
        let preferred = preferences.wait.unwrap_or_default().min(PREFERRED_MAX);
        let within = of_gate.max(preferred);
        let (held, _guard) = CountGuard::count(&self.held);
        if !within.is_zero() && held < HELD_MAX {
            // The end of the server ends the wait.
            let _ = timeout(within, (self.stopping)()).await;
        }
        request_error
    }
}
