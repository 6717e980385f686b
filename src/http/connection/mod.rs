//! A connection to a client: a socket with deadlines, a bound on what is read ahead, and a place in
//! the table of the worker.

mod final_response;
mod frames;
mod load;
mod socket;
mod state;
mod table;

pub use load::{CLASSES as STATUS_CLASSES, WorkerLoad};
pub use state::{ConnectionState, Serving, Timeouts};
pub use table::{ConnectionTable, SPARE_CONNECTIONS};

use crate::tls::HTTP_2;
use actix_web::rt::net::{TcpStream, UnixStream};
use socket::Socket;
use state::Closing;
use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};
use table::Place;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;

/// A connection to a client.
pub struct Connection {
    /// The socket and the place; taken only on drop.
    socket: Option<(Socket, Place)>,
    state: Rc<ConnectionState>,
    /// The bytes read for a later turn, from `ahead_at` on.
    ahead: Vec<u8>,
    ahead_at: usize,
    final_response: Option<Vec<u8>>,
}

impl Connection {
    /// Admits a new socket to the table. When no place is left, the client gets the reply 503, and
    /// the result is `None`.
    #[must_use]
    pub fn admit(stream: TcpStream, table: &Rc<ConnectionTable>) -> Option<Self> {
        let Some(place) = table.admit() else {
            // One write suffices: the empty send buffer of the system takes all of it.
            let _ = stream.try_write(&final_response::no_place());
            return None;
        };
        Some(Self::at(place, Socket::Plain(stream)))
    }

    /// Admits a new socket of a process that forwards requests. `None` when no place is left.
    #[must_use]
    pub fn admit_local(stream: UnixStream, table: &Rc<ConnectionTable>) -> Option<Self> {
        let place = table.admit()?;
        place.state().is_forwarding.set(true);
        Some(Self::at(place, Socket::Local(stream)))
    }

    fn at(place: Place, socket: Socket) -> Self {
        let state = Rc::clone(place.state());
        let (ahead, final_response) = (Vec::new(), None);
        Self { socket: Some((socket, place)), state, ahead, ahead_at: 0, final_response }
    }

    /// Makes the handshake of TLS on a new connection.
    ///
    /// # Errors
    /// When the handshake fails or takes too long.
    pub async fn secured(mut self, acceptor: &TlsAcceptor) -> io::Result<Self> {
        let Some((Socket::Plain(stream), place)) = self.socket.take() else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let socket = Socket::secured(stream, acceptor, &self.state).await?;
        self.socket = Some((socket, place));
        Ok(self)
    }

    /// Waits for the first bytes of a client, and returns whether it speaks HTTP/2. With TLS, the
    /// handshake has agreed on that. The wait ends when the connection is to be closed, or with
    /// `until`.
    pub async fn begins_with_http2(&self, until: impl Future<Output = ()>) -> bool {
        let is_http2 = match &self.socket {
            Some((Socket::Tls(stream), _)) => stream.get_ref().1.alpn_protocol() == Some(HTTP_2),
            Some((Socket::Plain(stream), _)) => {
                socket::begins_with(stream, &self.state, until).await
            }
            Some((Socket::Local(_), _)) | None => false,
        };
        if is_http2 {
            self.state.begins_http2();
        }
        is_http2
    }

    /// The shared state of the connection.
    #[must_use]
    pub const fn state(&self) -> &Rc<ConnectionState> {
        &self.state
    }

    fn stream(&mut self) -> io::Result<Pin<&mut Socket>> {
        let stream = self.socket.as_mut().map(|(stream, _)| Pin::new(stream));
        stream.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// # Errors
    /// When the connection is to be closed. The last response is kept until the drop.
    fn check_open(&mut self) -> io::Result<()> {
        let checked = self.state.check_open();
        if checked.is_err() && self.final_response.is_none() {
            self.final_response = match self.state.closing() {
                Some(why) if self.state.speaks_http2() => {
                    Some(final_response::go_away(why, self.state.last_stream()))
                }
                Some(Closing::HeadTooSlow) => final_response::answer("408"),
                Some(Closing::HeadTooLarge) => final_response::answer("431"),
                _ => None,
            };
        }
        checked
    }

    /// Reads the bytes that were kept for a later turn.
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
        // A bare response of the HTTP library ends with its head. A body of a handler never ends
        // like that.
        if bytes.ends_with(b"\r\n\r\n")
            && !self.state.speaks_http2()
            && let Some(final_response) = final_response::with_sentence(bytes)
        {
            self.final_response = Some(final_response);
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
        let mut socket = self.stream()?;
        let is_buffered = socket.is_buffered();
        let flushed = socket.as_mut().poll_flush(context);
        match &flushed {
            Poll::Pending if is_buffered => self.state.blocked(context),
            Poll::Ready(Ok(())) if is_buffered => self.state.written(),
            _ => {}
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.final_response.is_some() {
            return Poll::Ready(Ok(()));
        }
        self.stream()?.poll_shutdown(context)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let (Some((stream, place)), Some(final_response)) =
            (self.socket.take(), self.final_response.take())
        else {
            return;
        };
        let runtime = tokio::runtime::Handle::try_current();
        let (Ok(runtime), Some(lingering)) = (runtime, place.linger()) else {
            stream.try_send(&final_response);
            return;
        };
        runtime.spawn(async move {
            final_response::linger_with(stream, final_response).await;
            drop(lingering);
        });
    }
}
