//! The socket of a connection: plain, with TLS, or of a forwarding process.

use super::{frames::PREFACE, state::ConnectionState};
use actix_web::rt::net::{TcpStream, UnixStream};
use std::{
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// A socket of a client.
pub enum Socket {
    /// What is sent is what the client gets.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<TlsStream<TcpStream>>),
    /// The connection of a process that forwards requests.
    Local(UnixStream),
}

impl Socket {
    /// Makes the handshake of TLS on a plain socket. It has the time of a head. A client that sends
    /// nothing costs no more than one without TLS: the handshake begins with its first byte.
    ///
    /// # Errors
    /// When the handshake fails, or the connection is to be closed.
    pub async fn secured(
        stream: TcpStream,
        acceptor: &TlsAcceptor,
        state: &ConnectionState,
    ) -> io::Result<Self> {
        let mut handshake = pin!(async {
            stream.readable().await?;
            acceptor.accept(stream).await
        });
        let stream = poll_fn(|context| {
            state.check_open()?;
            state.remember(context);
            handshake.as_mut().poll(context)
        });
        let stream = stream.await?;
        state.handshake_ended();
        Ok(Self::Tls(Box::new(stream)))
    }

    /// Sends this at once if the socket is plain and takes it.
    pub fn try_send(&self, bytes: &[u8]) {
        if let Self::Plain(stream) = self {
            let _ = stream.try_write(bytes);
        }
    }

    /// Whether bytes that were accepted may not have been sent.
    pub const fn is_buffered(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

/// The beginning of the preface of HTTP/2 that no request of HTTP/1.1 has.
const BEGINNING: usize = 4;

/// Waits for the first bytes, and returns whether they are those of HTTP/2. They stay in the
/// socket. A preface that arrives in smaller pieces is not recognised.
pub async fn begins_with(
    stream: &TcpStream,
    state: &ConnectionState,
    until: impl Future<Output = ()>,
) -> bool {
    let (mut first, mut until) = ([0; BEGINNING], pin!(until));
    poll_fn(|context| {
        if state.check_open().is_err() || until.as_mut().poll(context).is_ready() {
            return Poll::Ready(false);
        }
        state.remember(context);
        let mut bytes = ReadBuf::new(&mut first);
        stream
            .poll_peek(context, &mut bytes)
            .map(|read| read.is_ok() && bytes.filled() == &PREFACE[..BEGINNING])
    })
    .await
}

/// Calls a function of the socket, whichever it is.
macro_rules! with_stream {
    ($socket:expr, $stream:ident => $call:expr) => {
        match $socket.get_mut() {
            Socket::Plain($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
            Socket::Tls($stream) => {
                let $stream = Pin::new(&mut **$stream);
                $call
            }
            Socket::Local($stream) => {
                let $stream = Pin::new($stream);
                $call
            }
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        with_stream!(self, stream => stream.poll_read(context, into))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        with_stream!(self, stream => stream.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        with_stream!(self, stream => stream.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        with_stream!(self, stream => stream.poll_shutdown(context))
    }
}
