//! The old process: it listens for a successor, and hands the store over to it.

use super::{
    Place,
    message::{Addresses, Introduction, ToNew, ToOld},
    socket::{CONTROL, process_of, receive, send, send_bytes, send_listeners},
};
use crate::{actors::Runtime, store::FORMAT, systemd};
use rustix::{
    net::sockopt::socket_peercred,
    process::{Signal, kill_process},
};
use std::{
    io,
    os::{fd::OwnedFd, unix::net::UnixStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::{
    net::UnixListener,
    runtime::Handle,
    sync::mpsc::{self, Receiver, Sender},
};
use tokio_util::task::AbortOnDropHandle;

/// The longest silence of a new process that opens the store.
const ALIVE_WITHIN: Duration = Duration::from_secs(2);

/// The longest time that a new process may take to serve.
const SERVING_WITHIN: Duration = Duration::from_secs(60);

/// The control socket of a server.
pub struct Control {
    successors: Receiver<Successor>,
    _listening: AbortOnDropHandle<()>,
}

/// What the conversations of a server share.
#[derive(Clone)]
struct Shared {
    runtime: Runtime,
    addresses: Addresses,
    is_taken: Arc<AtomicBool>,
    successors: Sender<Successor>,
    tokio: Handle,
}

impl Control {
    /// Listens in the data folder. The result ends with its event loop.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn listen(place: &Place, runtime: Runtime, addresses: Addresses) -> io::Result<Self> {
        let listener = UnixListener::from_std(place.listen(CONTROL)?)?;
        let (sender, successors) = mpsc::channel(1);
        let (is_taken, tokio) = (Arc::default(), Handle::current());
        let shared = Shared { runtime, addresses, is_taken, successors: sender, tokio };
        let listening = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let shared = shared.clone();
                let talk = move || {
                    let stream = stream.into_std()?;
                    stream.set_nonblocking(false)?;
                    shared.talk(stream)
                };
                let thread = thread::Builder::new().name("take-over".to_owned());
                let talking = thread.spawn(move || {
                    if let Err(error) = talk() {
                        tracing::debug!(%error, "a process left the control socket");
                    }
                });
                if let Err(error) = talking {
                    tracing::warn!(%error, "a process at the control socket is not answered");
                }
            }
        });
        Ok(Self { successors, _listening: AbortOnDropHandle::new(listening) })
    }

    /// Waits for a process that asks for the store.
    pub async fn successor(&mut self) -> Successor {
        match self.successors.recv().await {
            Some(successor) => successor,
            None => std::future::pending().await,
        }
    }
}

/// Ends a take-over that is not finished.
struct Taken(Arc<AtomicBool>);

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Shared {
    /// Answers one process until it leaves, or asks for the store.
    fn talk(&self, stream: UnixStream) -> io::Result<()> {
        let mut introduced = None;
        loop {
            match receive(&stream)? {
                ToOld::Page(query) => self.page(&stream, &query)?,
                ToOld::TakeOver(introduction) => match self.taken(&introduction) {
                    Ok(taken) => {
                        introduced = Some((introduction, taken));
                        send(&stream, &self.welcome())?;
                    }
                    Err(reason) => {
                        tracing::warn!(reason, "a take-over is refused");
                        return send(&stream, &ToNew::Refused(reason));
                    }
                },
                ToOld::Freeze => {
                    let Some((introduction, taken)) = introduced else {
                        return send(&stream, &ToNew::Refused("say who you are first".to_owned()));
                    };
                    let successor = Successor { stream, introduction, _taken: taken };
                    let sent = self.successors.blocking_send(successor);
                    return sent.map_err(|_| io::ErrorKind::BrokenPipe.into());
                }
                ToOld::Alive | ToOld::Serving | ToOld::Failed(_) | ToOld::Ended => return Ok(()),
            }
        }
    }

    fn welcome(&self) -> ToNew {
        let within = systemd::watched_within();
        let watched_within_ms = within.and_then(|within| within.as_millis().try_into().ok());
        ToNew::Welcome { addresses: self.addresses, watched_within_ms }
    }

    fn page(&self, mut stream: &UnixStream, query: &str) -> io::Result<()> {
        match self.tokio.block_on(self.runtime.backup_page(query)) {
            Ok(page) => {
                send(stream, &ToNew::Page)?;
                send_bytes(&mut stream, &page)
            }
            Err(error) => send(stream, &ToNew::Refused(error.to_string())),
        }
    }

    fn taken(&self, introduction: &Introduction) -> Result<Taken, String> {
        let Introduction { version, format } = introduction;
        if *format < FORMAT {
            return Err(format!(
                "the store has format {FORMAT}, and version {version} writes format {format}: this \
                 would be a downgrade"
            ));
        }
        if self.is_taken.swap(true, Ordering::AcqRel) {
            return Err("another take-over is running".to_owned());
        }
        Ok(Taken(Arc::clone(&self.is_taken)))
    }
}

/// What became of a successor.
#[derive(Debug)]
pub enum Verdict {
    /// It serves.
    Serving,
    /// It does not, for this reason. It has the store no longer.
    Failed(String),
}

/// A new process that was promised the store.
pub struct Successor {
    stream: UnixStream,
    introduction: Introduction,
    _taken: Taken,
}

impl Successor {
    /// What it says of itself.
    #[must_use]
    pub const fn introduction(&self) -> &Introduction {
        &self.introduction
    }

    /// Its process; `None` when the system does not say it.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        process_of(&self.stream)
    }

    /// Tells it that the store is free, and passes the listeners.
    ///
    /// # Errors
    /// When it is gone.
    pub fn hand_over(&self, listeners: &[&OwnedFd]) -> io::Result<()> {
        send(&self.stream, &ToNew::Yours { listeners: listeners.len() })?;
        send_listeners(&self.stream, listeners)
    }

    /// Waits until it serves. When it does not in time, it is killed, so that it leaves the store.
    /// The wait blocks.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let begun = Instant::now();
        let _ = self.stream.set_read_timeout(Some(ALIVE_WITHIN));
        loop {
            match receive(&self.stream) {
                Ok(ToOld::Serving) => return Verdict::Serving,
                Ok(ToOld::Failed(reason)) => return Verdict::Failed(reason),
                Ok(_) if begun.elapsed() < SERVING_WITHIN => {}
                Ok(_) => return self.killed("it does not serve in time"),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return self.killed("it gives no sign of life");
                }
                Err(error) => return Verdict::Failed(error.to_string()),
            }
        }
    }

    /// Waits until it is gone; true when it died, and did not end as it was asked to. The wait
    /// blocks.
    #[must_use]
    pub fn died(&self) -> bool {
        let _ = self.stream.set_read_timeout(None);
        loop {
            match receive(&self.stream) {
                Ok(ToOld::Ended) => return false,
                Ok(_) => {}
                Err(_) => return true,
            }
        }
    }

    /// Kills a process that may have the store open.
    fn killed(&self, reason: &str) -> Verdict {
        if let Ok(peer) = socket_peercred(&self.stream) {
            let _ = kill_process(peer.pid, Signal::KILL);
        }
        Verdict::Failed(reason.to_owned())
    }
}
