//! The state of one connection: its phase, its deadlines, and how much its client may send ahead.
//!
//! ```text
//!            first byte            handler begins
//!   Idle ─────────────▶ Head ─────────────────────▶ Serving
//!    ▲  keep_alive_s     head_timeout_ms              │ body_timeout_ms while it reads the body
//!    └────────────────────────────────────────────────┘ the response is complete
//! ```
//!
//! Besides the phase, a write that the peer does not read has a time limit: `write_timeout_ms`.
//!
//! The HTTP library decodes every request in its buffer and keeps them all in memory. Once its
//! buffer is full and its requests wait, it polls itself without end. So it gets only a few
//! requests at a time.
//!
//! A *turn* is what it reads in one poll. A turn ends after [`LINES_PER_TURN`] lines or
//! [`BYTES_PER_TURN`] bytes. The next turn begins only when no request waits for a response and all
//! responses are written. A request has at least two lines, which bounds the waiting requests.
//!
//! A connection of HTTP/2 is idle while it has no streams. It is always read, because the peer says
//! there that it takes more of an answer; a turn ends after [`FRAMES_PER_TURN`] frames. A frame that
//! stays incomplete is a slow head.

use super::{frames::Frames, load::WorkerLoad};
use crate::inbound::tokens::LastToken;
use std::{
    cell::{Cell, RefCell},
    io,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    task::{Context, Waker},
};

/// The most lines read in one turn.
pub const LINES_PER_TURN: usize = 32;

/// The bytes after which a turn ends. The last read is not cut, so a turn may be somewhat larger.
pub const BYTES_PER_TURN: usize = 32 << 10;

/// The frames of HTTP/2 after which a turn ends.
pub const FRAMES_PER_TURN: usize = 128;

/// The largest head of a request, in bytes.
pub const HEAD_BYTES_MAX: usize = 32 << 10;

/// The phase of a connection: what it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Waits for the first byte of a request.
    Idle,
    /// Waits for the rest of a head.
    Head,
    /// Waits for the rest of a body that no handler reads.
    Discarding,
    /// Waits for the response of a handler.
    Serving,
}

/// The reason why the server closes a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// A head did not arrive in time: 408.
    HeadTooSlow,
    /// A head is too large: 431.
    HeadTooLarge,
    /// The connection was idle too long, or its place is needed; closed without a response.
    Idle,
    /// The peer does not read what is sent; closed without a response.
    NotRead,
}

/// The limits on one connection, in milliseconds.
#[expect(clippy::struct_field_names, reason = "each name ends with its unit")]
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// The longest time for a whole head.
    pub head_ms: u64,
    /// Waits for the first byte of a request.
    pub keep_alive_ms: u64,
    /// The longest time for a whole body.
    pub body_ms: u64,
    /// The time until the peer reads any of what is sent.
    pub write_ms: u64,
}

/// The state of one connection, shared by the socket, the handler and the table of the worker.
#[derive(Debug)]
pub struct ConnectionState {
    /// The clock of the worker: milliseconds, as of its last tick.
    clock: Rc<Cell<u64>>,
    load: Arc<WorkerLoad>,
    phase: Cell<Phase>,
    since_ms: Cell<u64>,
    /// The time since which the peer has not read; `None` while it reads.
    blocked_since_ms: Cell<Option<u64>>,
    closing: Cell<Option<Closing>>,
    /// The number of requests in progress in a handler.
    serving: Cell<usize>,
    is_reading_body: Cell<bool>,
    /// Whether the body that is read did not arrive in time.
    is_body_late: Cell<bool>,
    /// Whether a request has a body that no handler has read to its end.
    has_unread_body: Cell<bool>,
    in_turn: Cell<bool>,
    /// The lines, or frames of HTTP/2, that may still be read in this turn.
    lines_left: Cell<usize>,
    bytes_left: Cell<usize>,
    head_bytes: Cell<usize>,
    /// Whether a read was postponed until the next turn may begin.
    is_put_off: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    /// The frames, if the connection speaks HTTP/2.
    frames: RefCell<Option<Frames>>,
    /// The number of the last stream that a handler got.
    last_stream: Cell<u32>,
    last_token: LastToken,
    pub(super) is_forwarding: Cell<bool>,
    /// The index in the table of the worker.
    pub(super) index: Cell<usize>,
}

impl ConnectionState {
    /// Creates the state of a newly accepted connection, which waits for its first head.
    pub fn new(clock: Rc<Cell<u64>>, load: Arc<WorkerLoad>) -> Rc<Self> {
        let since_ms = Cell::new(clock.get());
        Rc::new(Self {
            clock,
            load,
            phase: Cell::new(Phase::Head),
            since_ms,
            blocked_since_ms: Cell::new(None),
            closing: Cell::new(None),
            serving: Cell::new(0),
            is_reading_body: Cell::new(false),
            is_body_late: Cell::new(false),
            has_unread_body: Cell::new(false),
            in_turn: Cell::new(false),
            lines_left: Cell::new(0),
            bytes_left: Cell::new(0),
            head_bytes: Cell::new(0),
            is_put_off: Cell::new(false),
            waker: RefCell::new(None),
            frames: RefCell::new(None),
            last_stream: Cell::new(0),
            last_token: LastToken::default(),
            is_forwarding: Cell::new(false),
            index: Cell::new(usize::MAX),
        })
    }

    /// Marks the start of a request in a handler. The request ends when the result is dropped.
    pub fn serve(self: &Rc<Self>, has_body: bool) -> Serving {
        self.serving.set(self.serving.get() + 1);
        self.load.serving.fetch_add(1, Ordering::Relaxed);
        self.has_unread_body.set(has_body);
        self.head_bytes.set(0);
        self.enter(Phase::Serving);
        Serving(Rc::clone(self))
    }

    /// The last token that was verified on this connection.
    pub fn last_token(&self) -> &LastToken {
        &self.last_token
    }

    /// Whether the peer is a process of this server's owner, which forwards requests of others.
    pub fn is_forwarding(&self) -> bool {
        self.is_forwarding.get()
    }

    /// Counts an answer with this status.
    pub fn answered(&self, status: u16) {
        self.load.answered(status);
    }

    fn served(&self) {
        self.serving.set(self.serving.get().saturating_sub(1));
        self.load.serving.fetch_sub(1, Ordering::Relaxed);
        self.is_reading_body.set(false);
        self.head_bytes.set(0);
        if self.serving.get() > 0 && self.speaks_http2() {
            return;
        }
        let is_unread = self.has_unread_body.get();
        self.enter(if is_unread { Phase::Discarding } else { Phase::Idle });
        self.wake_if_put_off();
    }

    fn enter(&self, phase: Phase) {
        self.phase.set(phase);
        self.since_ms.set(self.clock.get());
    }

    /// The phase, and the time since which it lasts.
    pub fn waits(&self) -> (Phase, u64) {
        match (self.phase.get(), self.incomplete_since_ms()) {
            (Phase::Idle, Some(since_ms)) => (Phase::Head, since_ms),
            (phase, _) => (phase, self.since_ms.get()),
        }
    }

    /// The time since which the peer has not read; `None` while it reads.
    pub fn blocked_since_ms(&self) -> Option<u64> {
        self.blocked_since_ms.get()
    }

    /// The reason why the connection is to be closed, if it is.
    pub fn closing(&self) -> Option<Closing> {
        self.closing.get()
    }

    /// Marks the connection for closing and wakes its task. The first reason is kept.
    pub fn close(&self, why: Closing) {
        self.closing.set(Some(self.closing.get().unwrap_or(why)));
        self.wake();
    }

    /// Closes the connection when a deadline has passed. Returns whether its task is woken for that.
    pub fn check(&self, timeouts: &Timeouts) -> bool {
        let now_ms = self.clock.get();
        let is_over = |since_ms: u64, limit_ms: u64| now_ms.saturating_sub(since_ms) >= limit_ms;
        if let Some(since_ms) = self.blocked_since_ms.get() {
            let is_late = is_over(since_ms, timeouts.write_ms);
            if is_late {
                self.close(Closing::NotRead);
            }
            return is_late;
        }
        if self.incomplete_since_ms().is_some_and(|since_ms| is_over(since_ms, timeouts.head_ms)) {
            self.close(Closing::HeadTooSlow);
            return true;
        }
        let since_ms = self.since_ms.get();
        match self.phase.get() {
            Phase::Idle if is_over(since_ms, timeouts.keep_alive_ms) => self.close(Closing::Idle),
            Phase::Head if is_over(since_ms, timeouts.head_ms) => self.close(Closing::HeadTooSlow),
            Phase::Serving if self.is_reading_body.get() && is_over(since_ms, timeouts.body_ms) => {
                self.is_body_late.set(true);
                self.wake();
            }
            Phase::Discarding if is_over(since_ms, timeouts.head_ms) => self.close(Closing::Idle),
            _ => return false,
        }
        true
    }

    /// # Errors
    /// When the connection is to be closed.
    pub(super) fn check_open(&self) -> io::Result<()> {
        match self.closing.get() {
            None => Ok(()),
            Some(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Whether bytes may be read now. If not, the task is woken when they may.
    pub(super) fn may_read(&self, context: &Context<'_>) -> bool {
        if !self.in_turn.get() {
            if self.may_begin_turn() {
                if self.head_bytes.get() > HEAD_BYTES_MAX && self.phase.get() == Phase::Head {
                    self.close(Closing::HeadTooLarge);
                    return false;
                }
                let lines = if self.speaks_http2() { FRAMES_PER_TURN } else { LINES_PER_TURN };
                self.lines_left.set(lines);
                self.bytes_left.set(BYTES_PER_TURN);
            }
            self.in_turn.set(true);
        }
        if self.lines_left.get() > 0 && self.bytes_left.get() > 0 {
            return true;
        }
        self.in_turn.set(false);
        self.remember(context);
        if self.may_begin_turn() {
            // The other connections of this worker come first.
            context.waker().wake_by_ref();
        } else {
            self.is_put_off.set(true);
        }
        false
    }

    fn may_begin_turn(&self) -> bool {
        let is_answered = self.serving.get() == 0 || self.is_reading_body.get();
        (is_answered && self.blocked_since_ms.get().is_none()) || self.speaks_http2()
    }

    /// Ends the turn, because the socket has nothing to read.
    pub(super) fn nothing_to_read(&self, context: &Context<'_>) {
        self.in_turn.set(false);
        self.remember(context);
    }

    /// Counts the bytes read; returns how many belong to this turn, at least one.
    pub(super) fn count(&self, bytes: &[u8]) -> usize {
        if self.count_frames(bytes) {
            return bytes.len();
        }
        let lines_left = self.lines_left.get();
        let lines = memchr::memchr_iter(b'\n', bytes).count();
        let taken = if lines <= lines_left {
            self.lines_left.set(lines_left - lines);
            bytes.len()
        } else {
            self.lines_left.set(0);
            let mut ends = memchr::memchr_iter(b'\n', bytes).map(|at| at + 1);
            let last = ends.nth(lines_left.saturating_sub(1));
            last.unwrap_or(bytes.len())
        };
        self.bytes_left.set(self.bytes_left.get().saturating_sub(taken));
        if self.phase.get() == Phase::Idle {
            self.enter(Phase::Head);
        }
        if self.phase.get() == Phase::Head {
            self.head_bytes.set(self.head_bytes.get() + taken);
        }
        taken
    }

    /// Records that the handshake of TLS is over: the time of the first head begins.
    pub(super) fn handshake_ended(&self) {
        self.enter(Phase::Head);
    }

    /// Records that the peer does not read.
    pub(super) fn blocked(&self, context: &Context<'_>) {
        if self.blocked_since_ms.get().is_none() {
            self.blocked_since_ms.set(Some(self.clock.get()));
        }
        self.remember(context);
    }

    /// Records that the peer has read something.
    pub(super) fn written(&self) {
        if self.blocked_since_ms.take().is_some() {
            // Meanwhile the server read nothing from the peer, so its deadline starts again.
            if self.serving.get() == 0 {
                self.since_ms.set(self.clock.get());
            }
            self.restart_frame();
            self.wake_if_put_off();
        }
    }

    /// Records that a handler begins to read the body.
    pub fn begins_body(&self) {
        self.is_reading_body.set(true);
        self.is_body_late.set(false);
        self.since_ms.set(self.clock.get());
        self.wake_if_put_off();
    }

    /// Whether the body did not arrive in time. The task is woken when that happens.
    pub fn is_body_late(&self) -> bool {
        self.is_body_late.get()
    }

    /// Records that a handler reads no more of the body.
    pub fn ends_body(&self, is_whole: bool) {
        self.is_reading_body.set(false);
        if is_whole {
            self.has_unread_body.set(false);
        }
    }

    fn wake_if_put_off(&self) {
        if self.is_put_off.replace(false) {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Keeps the task of the connection, which is woken when the connection is to be closed.
    pub(super) fn remember(&self, context: &Context<'_>) {
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|known| known.will_wake(context.waker())) {
            *waker = Some(context.waker().clone());
        }
    }
}

/// The guard of a request in progress; dropping it ends the request.
#[derive(Debug)]
pub struct Serving(Rc<ConnectionState>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.served();
    }
}

mod multiplexed;
#[cfg(test)]
mod tests;
