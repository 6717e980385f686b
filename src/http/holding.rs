//! Holds the answer to a refused request for a moment, so that a client that repeats at once slows
//! down.

use crate::{
    actors::{Gates, RequestError},
    sync::CountGuard,
};
use actix_http::header::HeaderMap;
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
        headers: &HeaderMap,
    ) -> RequestError {
        let (RequestError::TurnedAway { gate, .. } | RequestError::Unavailable { gate, .. }) =
            &request_error
        else {
            return request_error;
        };
        let of_gate = gates.get(gate).map(|gate| gate.hold()).unwrap_or_default();
        let within = of_gate.max(preferred(headers));
        let (held, _guard) = CountGuard::count(&self.held);
        if !within.is_zero() && held < HELD_MAX {
            // The end of the server ends the wait.
            let _ = timeout(within, (self.stopping)()).await;
        }
        request_error
    }
}

/// The time in `Prefer: wait=…` (RFC 7240), at most 30 s. A preference that cannot be read is
/// ignored, as the specification requires.
fn preferred(headers: &HeaderMap) -> Duration {
    let values = headers.get_all("prefer").filter_map(|value| value.to_str().ok());
    let waits = values.flat_map(|value| value.split([',', ';'])).filter_map(|preference| {
        let (name, seconds) = preference.split_once('=')?;
        let is_wait = name.trim().eq_ignore_ascii_case("wait");
        is_wait.then(|| seconds.trim().trim_matches('"').parse().ok()).flatten()
    });
    let first = waits.map(Duration::from_secs).next();
    first.unwrap_or_default().min(PREFERRED_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_http::header::{HeaderName, HeaderValue};

    #[test]
    fn a_client_says_how_long_it_waits() {
        for (value, seconds) in [
            ("wait=10", 10),
            ("respond-async, Wait = 2", 2),
            ("wait=\"3\"; x=1", 3),
            ("wait=1, wait=9", 1),
            ("wait=86400", 30),
            ("wait=-1", 0),
            ("wait", 0),
            ("return=minimal", 0),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static("prefer"), HeaderValue::from_static(value));
            assert_eq!(preferred(&headers), Duration::from_secs(seconds), "{value}");
        }
    }
}
