//! The new process: it asks the server in the data folder for the store.

use super::{
    Place, Steps,
    message::{Addresses, Introduction, ToNew, ToOld},
    socket::{CONTROL, process_of, receive, receive_bytes, receive_listeners, send},
};
use crate::{
    actors::clock,
    store::{
        FORMAT,
        backup::{BackupError, Pages, Part},
        journal::is_in_use,
    },
    sync, systemd,
};
use std::{
    env, io,
    net::TcpListener,
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// The pause between two signs of life.
const ALIVE_EVERY: Duration = Duration::from_millis(250);

/// The longest wait until a server that was killed has left the store, or one that starts listens.
const FREE_WITHIN: Duration = Duration::from_secs(10);

/// The pause between two looks at that.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The begin of a take-over.
pub enum Begun {
    /// No server has the data folder open: start as usual.
    Alone,
    /// A server agrees.
    Welcome(Predecessor, Addresses),
}

/// A server that agrees to be taken over.
pub struct Predecessor {
    stream: Arc<UnixStream>,
    /// Held while a message is sent.
    sending: Arc<Mutex<()>>,
    is_over: Arc<AtomicBool>,
    steps: Steps,
    /// When the take-over began.
    begun: Instant,
}

/// Asks the server that has the data folder open for a take-over.
///
/// # Errors
/// When it refuses, or does not answer.
pub fn begin(data: &Path, steps: Steps) -> Result<Begun, String> {
    let begun = Instant::now();
    let Some(stream) = connected(data)? else { return Ok(Begun::Alone) };
    let introduction =
        Introduction { version: env!("CARGO_PKG_VERSION").to_owned(), format: FORMAT };
    let answered = send(&stream, &ToOld::TakeOver(introduction)).and_then(|()| receive(&stream));
    match answered {
        Ok(ToNew::Welcome { addresses, watched_within_ms }) => {
            watched_within_ms
                .map(Duration::from_millis)
                .into_iter()
                .for_each(systemd::watch_within);
            let (sending, is_over) = (Arc::default(), Arc::default());
            let predecessor =
                Predecessor { stream: Arc::new(stream), sending, is_over, steps, begun };
            predecessor.steps.reach_blocking("new-welcome");
            Ok(Begun::Welcome(predecessor, addresses))
        }
        Ok(ToNew::Refused(reason)) => Err(format!("the server refuses the take-over: {reason}")),
        Ok(_) => Err("the server gives an unexpected answer".to_owned()),
        Err(error) => Err(format!("the server does not answer: {error}")),
    }
}

/// Connects to the server that has the data folder open; `None` when there is none.
fn connected(data: &Path) -> Result<Option<UnixStream>, String> {
    let begun = Instant::now();
    loop {
        let connected = Place::of(data).and_then(|place| place.connect(CONTROL));
        match connected {
            Ok(stream) => return Ok(Some(stream)),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(format!(
                    "this user may not ask the server of {}: {error}; run the command as the owner \
                     of the data folder",
                    data.display()
                ));
            }
            Err(_) if !is_in_use(&data.join("journal")) => return Ok(None),
            Err(error) if begun.elapsed() > FREE_WITHIN => {
                return Err(format!(
                    "a process has {} open and listens on no control socket: {error}",
                    data.display()
                ));
            }
            Err(_) => thread::park_timeout(LOOK_EVERY),
        }
    }
}

impl Predecessor {
    /// Runs `check-upgrade` of this program on the data folder, as a process of its own. Its output
    /// goes to standard error.
    ///
    /// # Errors
    /// When it finds a flaw.
    pub fn check(&self, data: &Path) -> Result<(), String> {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(program);
        command.args(["check-upgrade", "--data"]).arg(data).stdin(Stdio::null());
        let checked = command.output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&checked.stdout);
        eprint!("{said}{}", String::from_utf8_lossy(&checked.stderr));
        self.steps.reach_blocking("new-checked");
        if checked.status.success() {
            return Ok(());
        }
        Err("the check of the stored history failed; the server goes on".to_owned())
    }

    /// Asks for the store, and waits until it is free. Returns the listeners; none when the server
    /// died meanwhile.
    ///
    /// # Errors
    /// When the server refuses, or the store does not become free.
    pub fn freeze(&self, data: &Path) -> Result<Vec<TcpListener>, String> {
        let frozen = self.say(&ToOld::Freeze).and_then(|()| {
            self.steps.reach_blocking("new-asked");
            match receive(&self.stream)? {
                ToNew::Yours { listeners } => {
                    let received = receive_listeners(&self.stream)?;
                    debug_assert_eq!(received.len(), listeners);
                    Ok(Ok(received.into_iter().map(TcpListener::from).collect()))
                }
                ToNew::Refused(reason) => Ok(Err(reason)),
                ToNew::Page | ToNew::Welcome { .. } => Err(io::ErrorKind::InvalidData.into()),
            }
        });
        self.steps.reach_blocking("new-received");
        match frozen {
            Ok(Ok(listeners)) => {
                self.say_alive();
                Ok(listeners)
            }
            Ok(Err(reason)) => Err(format!("the server keeps the store: {reason}")),
            Err(error) => {
                tracing::warn!(%error, "the server died during the take-over");
                free(data).map(|()| Vec::new())
            }
        }
    }

    /// Says again and again that the start goes on.
    fn say_alive(&self) {
        let (stream, sending) = (Arc::clone(&self.stream), Arc::clone(&self.sending));
        let is_over = Arc::clone(&self.is_over);
        let say = move || {
            loop {
                {
                    let _sending = sync::lock(&sending);
                    if is_over.load(Ordering::Acquire) || send(&stream, &ToOld::Alive).is_err() {
                        return;
                    }
                }
                thread::park_timeout(ALIVE_EVERY);
            }
        };
        // Without the thread, the old server takes the store back when the start takes long.
        let _ = thread::Builder::new().name("take-over".to_owned()).spawn(say);
    }

    /// Says that this process serves. The server goes on as a relay, and ends.
    pub fn serving(&self) {
        self.steps.reach_blocking("new-opened");
        let (process, took_ms) = (process_of(&self.stream), clock::millis(self.begun));
        tracing::info!(process, took_ms, "this process took over from the other one");
        self.last_word(&ToOld::Serving);
        self.steps.reach_blocking("new-serving");
    }

    /// Says why this process does not serve. The server goes on.
    pub fn failed(&self, reason: &str) {
        self.last_word(&ToOld::Failed(reason.to_owned()));
    }

    /// Says that this process ends as it was asked to. A server that still forwards requests does
    /// not serve again then.
    pub fn ended(&self) {
        // The server may be gone for long.
        let _ = self.say(&ToOld::Ended);
    }

    fn last_word(&self, message: &ToOld) {
        self.is_over.store(true, Ordering::Release);
        if let Err(error) = self.say(message) {
            tracing::warn!(%error, "the server that was taken over is gone");
        }
    }

    fn say(&self, message: &ToOld) -> io::Result<()> {
        let _sending = sync::lock(&self.sending);
        send(&self.stream, message)
    }
}

/// Waits until no process has the store open.
fn free(data: &Path) -> Result<(), String> {
    let begun = Instant::now();
    while is_in_use(&data.join("journal")) {
        if begun.elapsed() > FREE_WITHIN {
            return Err(format!("another process has {} open", data.display()));
        }
        thread::park_timeout(LOOK_EVERY);
    }
    Ok(())
}

/// The pages of the server that has the data folder open; `None` when its control socket does not
/// answer.
#[must_use]
pub fn pages_of(data: &Path) -> Option<impl Pages + use<>> {
    let stream = Place::of(data).and_then(|place| place.connect(CONTROL)).ok()?;
    Some(move |part: Part| {
        let failed = |error: io::Error| BackupError(format!("the server: {error}"));
        send(&stream, &ToOld::Page(part.to_string())).map_err(failed)?;
        match receive(&stream).map_err(failed)? {
            ToNew::Page => receive_bytes(&mut &stream).map_err(failed),
            ToNew::Refused(reason) => Err(BackupError(format!("the server: {reason}"))),
            _ => Err(BackupError("the server gives an unexpected answer".to_owned())),
        }
    })
}
