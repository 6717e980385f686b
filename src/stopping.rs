//! Termination of the process: a signal requests a stop; a deadline or a second signal forces it.
//!
//! A separate thread receives the signals, so a blocked event loop cannot prevent the exit.
//! Acknowledged records are durable, so a forced exit loses none of them.

use crate::app::InFlight;
use crate::sync;
use std::{
    io,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
    time::timeout,
};

/// The longest time a stop takes after the deadline of requests in flight.
pub const FLUSH_WITHIN: Duration = Duration::from_secs(10);

/// The exit code when the deadline forced the exit.
pub const STOPPED_LATE: i32 = 70;

/// The base of the exit code when a second signal forced the exit. The number of the signal is
/// added, as if that signal had killed the process.
const KILLED_BY: i32 = 128;

/// The work in flight of the application, once it is built.
type Observed = Arc<Mutex<Option<InFlight>>>;

/// The handler of the signals SIGTERM and SIGINT.
pub struct Stopping {
    requested: Mutex<Option<oneshot::Receiver<()>>>,
    observed: Observed,
}

impl Stopping {
    /// Starts to listen for SIGTERM and SIGINT. After the first signal the process ends within
    /// `limit`, and at once after a second one.
    ///
    /// # Errors
    /// When the signal handlers or the thread cannot be created.
    pub fn within(limit: Duration) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (terminate, interrupt) = {
            let _entered = runtime.enter();
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
        };
        let (tell, requested) = oneshot::channel();
        let observed = Observed::default();
        let watched = Arc::clone(&observed);
        let listening = listen(terminate, interrupt, tell, limit, watched);
        let thread = thread::Builder::new().name("signals".to_owned());
        thread.spawn(move || runtime.block_on(listening))?;
        Ok(Self { requested: Mutex::new(Some(requested)), observed })
    }

    /// Sets the work in flight to log when the deadline has passed.
    pub fn observe(&self, in_flight: InFlight) {
        *sync::lock(&self.observed) = Some(in_flight);
    }

    /// Completes when the first signal has arrived.
    pub async fn requested(&self) {
        let requested = sync::lock(&self.requested).take();
        if let Some(requested) = requested {
            let _ = requested.await;
        }
    }
}

/// Waits for a signal, then for a second one or the deadline, and exits the process. When the stop
/// is in time, the process ends before that.
async fn listen(
    mut terminate: Signal,
    mut interrupt: Signal,
    tell: oneshot::Sender<()>,
    limit: Duration,
    observed: Observed,
) {
    next(&mut terminate, &mut interrupt).await;
    let _ = tell.send(());
    if let Ok(kind) = timeout(limit, next(&mut terminate, &mut interrupt)).await {
        tracing::warn!("stopped at once by a second signal");
        exit(KILLED_BY + kind.as_raw_value());
    }
    let in_flight = sync::lock(&observed).clone();
    log_in_flight(limit.as_secs(), in_flight.as_ref());
    exit(STOPPED_LATE);
}

fn log_in_flight(limit_s: u64, observed: Option<&InFlight>) {
    let Some(in_flight) = observed else {
        tracing::error!(limit_s, "not stopped in time, while the application was still starting");
        return;
    };
    tracing::error!(
        limit_s,
        requests = in_flight.requests(),
        connections = in_flight.connections(),
        records_not_durable = in_flight.records_not_durable(),
        committing_ms = in_flight.committing_ms(),
        blocked = in_flight.blocked().join(", "),
        "not stopped in time: the work in flight is discarded, no acknowledged record is lost"
    );
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> SignalKind {
    tokio::select! {
        _ = terminate.recv() => SignalKind::terminate(),
        _ = interrupt.recv() => SignalKind::interrupt(),
    }
}

#[expect(clippy::disallowed_methods, reason = "a forced exit must not wait for any thread")]
fn exit(code: i32) -> ! {
    std::process::exit(code)
}
