//! How the process ends: a signal asks it to stop, and a deadline or a second signal decides.
//!
//! The signals are heard on a thread of their own: no loop that is blocked keeps the process from
//! ending. What was acknowledged is durable, so that nothing is lost when the process ends late.

use crate::app::InFlight;
use std::{
    io,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread,
    time::Duration,
};
use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
    time::timeout,
};

/// The longest a stop takes after requests in flight have had their time.
pub const FLUSH_WITHIN: Duration = Duration::from_secs(10);

/// The exit code when the deadline decided.
pub const STOPPED_LATE: i32 = 70;

/// The exit code when a second signal decided: as if that signal had killed the process.
const KILLED_BY: i32 = 128;

/// What is still in flight, once there is something to look at.
type Observed = Arc<OnceLock<InFlight>>;

/// Waits for the signals to stop.
pub struct Stopping {
    told: Mutex<Option<oneshot::Receiver<()>>>,
    observed: Observed,
}

impl Stopping {
    /// Listens for SIGTERM and SIGINT from now on. When one has come, the process ends within this
    /// time, and at once when another one comes.
    ///
    /// # Errors
    /// When the signals cannot be listened to.
    pub fn within(limit: Duration) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let (terminate, interrupt) = {
            let _entered = runtime.enter();
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
        };
        let (tell, told) = oneshot::channel();
        let observed = Observed::default();
        let watched = Arc::clone(&observed);
        let listening = listen(terminate, interrupt, tell, limit, watched);
        let thread = thread::Builder::new().name("signals".to_owned());
        thread.spawn(move || runtime.block_on(listening))?;
        Ok(Self { told: Mutex::new(Some(told)), observed })
    }

    /// Looks at this when the deadline has passed, to say what was still in flight.
    pub fn observe(&self, in_flight: InFlight) {
        let _ = self.observed.set(in_flight);
    }

    /// Ready when a signal has come.
    pub async fn told(&self) {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(told) = told {
            let _ = told.await;
        }
    }
}

/// Waits for a signal, and then for another one or the deadline. When neither comes, the process
/// has ended meanwhile.
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
    log_in_flight(limit.as_secs(), observed.get());
    exit(STOPPED_LATE);
}

fn log_in_flight(limit_s: u64, observed: Option<&InFlight>) {
    let Some(in_flight) = observed else {
        tracing::error!(limit_s, "not started and not stopped in time");
        return;
    };
    tracing::error!(
        limit_s,
        requests = in_flight.requests(),
        connections = in_flight.connections(),
        records_not_durable = in_flight.records_not_durable(),
        committing_ms = in_flight.committing_ms(),
        blocked = in_flight.blocked().join(", "),
        "not stopped in time: what is in flight is given up, nothing acknowledged is lost"
    );
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> SignalKind {
    tokio::select! {
        _ = terminate.recv() => SignalKind::terminate(),
        _ = interrupt.recv() => SignalKind::interrupt(),
    }
}

#[expect(clippy::disallowed_methods, reason = "what does not end by itself is ended here")]
fn exit(code: i32) -> ! {
    std::process::exit(code)
}
