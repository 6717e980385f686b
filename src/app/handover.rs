//! The end of a server that another process takes over: it holds requests, closes the store, and
//! forwards what it held.
//!
//! ```text
//! hold ─▶ finish what is in flight ─▶ close the store ─▶ pass the listeners ─▶ forward ─▶ end
//!                                                              │
//!                                          the other fails: open the store again, forward to it
//! ```

use crate::{
    actors::{Runtime, clock},
    grpc,
    http::{Traffic, Turnstile},
    store::journal::is_in_use,
    systemd::{self, Sockets},
    takeover::{Place, RELAY, Steps, Successor, Verdict},
};
use actix_web::{dev::ServerHandle, rt::task::JoinHandle};
use std::{
    io,
    net::TcpListener,
    os::fd::OwnedFd,
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio::{sync::oneshot, time::sleep};

/// The time for requests in flight to end by themselves.
const SETTLED_WITHIN: Duration = Duration::from_millis(300);

/// The time for those that go on, after their waits for outcomes were ended.
const CUT_WITHIN: Duration = Duration::from_millis(400);

/// The longest wait until the lock on the store is released.
const RELEASED_WITHIN: Duration = Duration::from_secs(10);

/// The time in which the lock of a process that died is released.
const DEAD_WITHIN: Duration = Duration::from_secs(1);

/// The longest time that requests on open connections are forwarded.
const FORWARDED_WITHIN: Duration = Duration::from_secs(10);

/// The shortest time that this process stays, to go on when the other one dies at once.
const STANDBY: Duration = Duration::from_secs(1);

/// The pause between two looks at what is left.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A server that is about to be taken over.
pub(crate) struct Retiring {
    pub(super) runtime: Runtime,
    pub(super) server: JoinHandle<io::Result<()>>,
    pub(super) handle: ServerHandle,
    pub(super) grpc: Option<grpc::Server>,
    pub(super) metrics: Option<ServerHandle>,
    pub(super) traffic: Traffic,
    pub(super) turnstile: Arc<Turnstile>,
    pub(super) spare: Sockets,
    pub(super) data: PathBuf,
}

/// The result of handing over.
pub(crate) enum HandedOver {
    /// The other process serves.
    Served,
    /// It does not. The listeners are here, and the store is free.
    TakenBack(Sockets),
}

impl Retiring {
    /// Hands the store over to this process, and returns what became of that. Requests wait
    /// meanwhile.
    ///
    /// # Errors
    /// When the data folder cannot be opened.
    pub(crate) async fn hand_over(
        &mut self,
        successor: &Arc<Successor>,
        steps: &Steps,
    ) -> io::Result<HandedOver> {
        let (begun, version) = (Instant::now(), &successor.introduction().version);
        tracing::info!(version, "a process takes over: requests wait");
        self.turnstile.hold();
        self.handle.pause().await;
        steps.reach("old-frozen").await;
        self.settle().await;
        steps.reach("old-settled").await;
        self.runtime.stop().await;
        let _ = self.is_released(RELEASED_WITHIN).await;
        let closed_ms = clock::millis(begun);
        steps.reach("old-closed").await;
        let verdict = self.passed(successor, steps).await?;
        let frozen_ms = clock::millis(begun);
        match verdict {
            Verdict::Serving => {
                tracing::info!(closed_ms, frozen_ms, "the other process serves");
                if let Some(process) = successor.process() {
                    systemd::main_process(process);
                }
                self.forward()?;
                steps.reach("old-forwarding").await;
                Ok(HandedOver::Served)
            }
            Verdict::Failed(reason) => {
                tracing::error!(reason, frozen_ms, "the take-over failed: this process goes on");
                let _ = self.is_released(RELEASED_WITHIN).await;
                self.taken_back().map(HandedOver::TakenBack)
            }
        }
    }

    /// Forwards requests until no connection is left, or the time is over. `Some` when the other
    /// process died meanwhile: then the listeners are here, and the store is free.
    ///
    /// # Errors
    /// When the data folder cannot be opened.
    pub(crate) async fn forward_until_over(
        &mut self,
        successor: Arc<Successor>,
    ) -> io::Result<Option<Sockets>> {
        let begun = Instant::now();
        let died = in_thread(move || successor.died());
        let is_free = async { died.await == Ok(true) && self.is_released(DEAD_WITHIN).await };
        let is_free = tokio::select! {
            () = self.drained(begun) => false,
            is_free = is_free => is_free,
        };
        if !is_free {
            // A further process may serve by now. What is left is forwarded to it.
            self.drained(begun).await;
            return Ok(None);
        }
        tracing::error!("the other process died: this process goes on");
        self.taken_back().map(Some)
    }

    /// Sends the requests that are held, and further ones, to the process that listens in the data
    /// folder.
    pub(crate) fn forward(&self) -> io::Result<()> {
        let place = Place::of(&self.data)?;
        self.turnstile.forward_to(Box::new(move || place.path(RELAY)));
        Ok(())
    }

    /// Forwards what is left, and ends.
    pub(crate) async fn forward_and_end(self) {
        self.drained(Instant::now()).await;
        self.end().await;
    }

    /// Ends the server. Requests in progress have the configured time.
    pub(crate) async fn end(self) {
        self.handle.stop(true).await;
        if let Ok(Err(error)) = self.server.await {
            tracing::warn!(%error, "the server that was taken over ended");
        }
    }

    /// Waits until no connection is left, or the time is over.
    async fn drained(&self, begun: Instant) {
        let is_over = |past: Duration| past >= FORWARDED_WITHIN;
        let is_drained = |past: Duration| past >= STANDBY && self.traffic.connections() == 0;
        while !is_over(begun.elapsed()) && !is_drained(begun.elapsed()) {
            sleep(LOOK_EVERY).await;
        }
    }

    /// Lets requests in flight end. Waits for outcomes are cut after a while.
    async fn settle(&mut self) {
        let (grpc, metrics) = (self.grpc.take(), self.metrics.take());
        let stopped = async {
            if let Some(metrics) = metrics {
                metrics.stop(false).await;
            }
            if let Some(grpc) = grpc {
                grpc.stop().await;
            }
        };
        let idle = async {
            while self.traffic.serving() > self.turnstile.held() {
                sleep(LOOK_EVERY).await;
            }
        };
        let cut = async {
            sleep(SETTLED_WITHIN).await;
            self.runtime.end_waits();
            sleep(CUT_WITHIN).await;
        };
        tokio::select! {
            _ = async { tokio::join!(stopped, idle) } => {}
            () = cut => tracing::warn!(
                requests = self.traffic.serving().saturating_sub(self.turnstile.held()),
                "requests in flight are given up"
            ),
        }
    }

    /// Waits until no process has the store open; false when one has it longer than this.
    async fn is_released(&self, within: Duration) -> bool {
        let (begun, dir) = (Instant::now(), self.data.join("journal"));
        while is_in_use(&dir) {
            if begun.elapsed() > within {
                return false;
            }
            sleep(LOOK_EVERY).await;
        }
        true
    }

    /// Passes the listeners, and waits for the verdict.
    async fn passed(&self, successor: &Arc<Successor>, steps: &Steps) -> io::Result<Verdict> {
        let Sockets { http, grpc, .. } = &self.spare;
        let listeners = [http, grpc].into_iter().flatten().map(TcpListener::try_clone);
        let listeners =
            listeners.map(|it| it.map(OwnedFd::from)).collect::<io::Result<Vec<_>>>()?;
        let (successor, steps) = (Arc::clone(successor), steps.clone());
        let verdict = in_thread(move || {
            let listeners: Vec<_> = listeners.iter().collect();
            if let Err(error) = successor.hand_over(&listeners) {
                return Verdict::Failed(error.to_string());
            }
            steps.reach_blocking("old-passed");
            successor.verdict()
        });
        let ended = || Verdict::Failed("the thread of the take-over ended".to_owned());
        Ok(verdict.await.unwrap_or_else(|_| ended()))
    }

    /// The listeners, and a further one for what this server still holds.
    fn taken_back(&mut self) -> io::Result<Sockets> {
        let forwarded = Place::of(&self.data)?.listen(RELAY)?;
        let spare = std::mem::take(&mut self.spare);
        Ok(Sockets { forwarded: Some(forwarded), ..spare })
    }
}

/// Runs this in a thread that the end of the process does not wait for.
fn in_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> oneshot::Receiver<T> {
    let (done, result) = oneshot::channel();
    let run = move || _ = done.send(work());
    // Without a thread, the result is missing.
    let _ = thread::Builder::new().name("take-over".to_owned()).spawn(run);
    result
}
