//! A connection to a client: a socket with deadlines, a bound on what is read ahead, and a place
//! among those that this worker may have open.

mod last_words;
mod state;
mod table;

pub use state::{ConnectionState, Timeouts, WorkerLoad};
pub use table::{ConnectionTable, SPARE_CONNECTIONS};

use actix_web::rt::net::TcpStream;
use state::Closing;
use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};
use table::Place;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection to a client.
pub struct Connection {
    /// Taken only when it is dropped.
    socket: Option<(TcpStream, Place)>,
    state: Rc<ConnectionState>,
    /// What was read and belongs to a later turn, from `ahead_at` on.
    ahead: Vec<u8>,
    ahead_at: usize,
    last_words: Option<Vec<u8>>,
}

impl Connection {
    /// Nothing read or written yet. When no place is left, the client is answered 503, and there
    /// is no connection.
    #[must_use]
    pub fn admit(stream: TcpStream, table: &Rc<ConnectionTable>) -> Option<Self> {
        let Some(place) = table.admit() else {
            // As much as the system takes at once, which is all of it.
            let _ = stream.try_write(&last_words::no_place());
            return None;
        };
        let state = Rc::clone(place.state());
        let (ahead, last_words) = (Vec::new(), None);
        Some(Self { socket: Some((stream, place)), state, ahead, ahead_at: 0, last_words })
    }

    /// What it waits for, and how it is made to go on.
    #[must_use]
    pub const fn state(&self) -> &Rc<ConnectionState> {
        &self.state
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        let stream = self.socket.as_mut().map(|(stream, _)| Pin::new(stream));
        stream.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// # Errors
    /// When it is to be closed; what is to be said before is kept for the end.
    fn check_open(&mut self) -> io::Result<()> {
        let checked = self.state.check_open();
        if checked.is_err() && self.last_words.is_none() {
            self.last_words = match self.state.closing() {
                Some(Closing::HeadTooSlow) => last_words::answer("408"),
                Some(Closing::HeadTooLarge) => last_words::answer("431"),
                _ => None,
            };
        }
        checked
    }

    /// Reads what was kept for a later turn.
    fn read_ahead(&mut self, into: &mut ReadBuf<'_>) {
        let ahead = &self.ahead[self.ahead_at..];
        let fitting = &ahead[..ahead.len().min(into.remaining())];
        let taken = self.state.count(fitting);
        into.put_slice(&fitting[..taken]);
        self.ahead_at += taken;
        if self.ahead_at == self.ahead.len() {
            self.ahead = Vec::new();
            self.ahead_at = 0;
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check_open()?;
        if into.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if !self.state.may_read(context) {
            self.check_open()?;
            return Poll::Pending;
        }
        if !self.ahead.is_empty() {
            self.read_ahead(into);
            return Poll::Ready(Ok(()));
        }
        let before = into.filled().len();
        match self.stream()?.poll_read(context, into) {
            Poll::Pending => {
                self.state.nothing_to_read(context);
                Poll::Pending
            }
            Poll::Ready(Ok(())) => {
                let read = &into.filled()[before..];
                if !read.is_empty() {
                    let taken = self.state.count(read);
                    self.ahead.extend_from_slice(&read[taken..]);
                    into.set_filled(before + taken);
                }
                Poll::Ready(Ok(()))
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check_open()?;
        // An answer of a handler ends with the end of a JSON text; only the others are looked at.
        if bytes.ends_with(b"\r\n\r\n")
            && let Some(last_words) = last_words::with_sentence(bytes)
        {
            self.last_words = Some(last_words);
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = self.stream()?.poll_write(context, bytes);
        match &written {
            Poll::Pending => self.state.blocked(context),
            Poll::Ready(Ok(_)) => self.state.written(),
            Poll::Ready(Err(_)) => {}
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.last_words.is_some() {
            return Poll::Ready(Ok(()));
        }
        self.stream()?.poll_shutdown(context)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let (Some((stream, place)), Some(last_words)) =
            (self.socket.take(), self.last_words.take())
        else {
            return;
        };
        let runtime = tokio::runtime::Handle::try_current();
        let (Ok(runtime), Some(lingering)) = (runtime, place.linger()) else {
            let _ = stream.try_write(&last_words);
            return;
        };
        runtime.spawn(async move {
            last_words::farewell(stream, last_words).await;
            drop(lingering);
        });
    }
}
