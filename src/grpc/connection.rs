//! The connections: how many there are, and how long one may be silent.

use crate::sync::CountGuard;
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, atomic::AtomicUsize},
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{Instant, Sleep, sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_stream::Stream;
use tokio_util::either::Either;
use tonic::transport::server::Connected;

/// The longest time until the first bytes of a connection.
const FIRST_BYTES_WITHIN: Duration = Duration::from_secs(5);

/// The longest silence of a connection. It is longer than the time between two pings, which a
/// living client answers.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// The pause after the operating system has refused a connection, mostly for lack of open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The address of a client.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// The connections of a listener, as they arrive.
pub struct Incoming {
    listener: TcpListener,
    connections_max: usize,
    tls: Option<TlsAcceptor>,
    /// The handshakes of TLS in progress.
    handshakes: JoinSet<Option<Connection>>,
    open: Arc<AtomicUsize>,
    pause: Option<Pin<Box<Sleep>>>,
}

/// A socket of a client: plain, or with TLS.
type Socket = Either<TcpStream, Box<TlsStream<TcpStream>>>;

/// One connection.
pub struct Connection {
    stream: Socket,
    peer: Peer,
    /// When the connection is closed, unless something is read before.
    silence: Pin<Box<Sleep>>,
    _place: CountGuard,
}

impl Incoming {
    pub fn new(listener: TcpListener, connections_max: usize, tls: Option<TlsAcceptor>) -> Self {
        let (handshakes, open, pause) = (JoinSet::new(), Arc::default(), None);
        Self { listener, connections_max, tls, handshakes, open, pause }
    }

    /// Admits a socket; closes it when there is no place. The handshake of TLS goes on beside the
    /// other connections.
    fn admit(&mut self, stream: TcpStream, peer: Peer) -> Option<Connection> {
        let (before, place) = CountGuard::count(&self.open);
        if before >= self.connections_max || stream.set_nodelay(true).is_err() {
            return None;
        }
        let connection = move |stream| {
            let silence = Box::pin(sleep(FIRST_BYTES_WITHIN));
            Connection { stream, peer, silence, _place: place }
        };
        let Some(acceptor) = self.tls.clone() else {
            return Some(connection(Either::Left(stream)));
        };
        self.handshakes.spawn(async move {
            let secured = timeout(FIRST_BYTES_WITHIN, acceptor.accept(stream)).await;
            Some(connection(Either::Right(Box::new(secured.ok()?.ok()?))))
        });
        None
    }
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            // A handshake that an earlier turn has begun is polled in the next one.
            while let Poll::Ready(Some(ended)) = self.handshakes.poll_join_next(context) {
                if let Ok(Some(connection)) = ended {
                    return Poll::Ready(Some(Ok(connection)));
                }
            }
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            match ready!(self.listener.poll_accept(context)) {
                Ok((stream, peer)) => {
                    if let Some(connection) = self.admit(stream, Peer(peer)) {
                        return Poll::Ready(Some(Ok(connection)));
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection was not accepted");
                    self.pause = Some(Box::pin(sleep(ACCEPT_PAUSE)));
                }
            }
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, into) {
            Poll::Ready(read) => {
                self.silence.as_mut().reset(Instant::now() + SILENCE_MAX);
                Poll::Ready(read)
            }
            Poll::Pending => {
                ready!(self.silence.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
