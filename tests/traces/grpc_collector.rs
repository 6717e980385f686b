//! A collector of spans over gRPC.

use crate::collector::Spans;
use prost::bytes::{Buf as _, BufMut as _};
use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::SocketAddr,
    task::{Context, Poll},
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Request, Response, Status,
    body::Body,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::{BoxFuture, Service, http},
    server::{Grpc, NamedService, UnaryService},
    transport::Server,
};

/// The service of the specification.
#[derive(Clone)]
struct TraceService(Spans);

impl NamedService for TraceService {
    const NAME: &'static str = "opentelemetry.proto.collector.trace.v1.TraceService";
}

impl Service<http::Request<Body>> for TraceService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let spans = self.0.clone();
        Box::pin(async move { Ok(Grpc::new(Bytes).unary(Export(spans), request).await) })
    }
}

struct Export(Spans);

impl UnaryService<Vec<u8>> for Export {
    type Response = Vec<u8>;
    type Future = Ready<Result<Response<Vec<u8>>, Status>>;

    fn call(&mut self, request: Request<Vec<u8>>) -> Self::Future {
        self.0.take(request.get_ref());
        ready(Ok(Response::new(Vec::new())))
    }
}

/// Messages as bytes.
#[derive(Default)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(&message);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining()).to_vec()))
    }
}

/// Starts a collector in this runtime. Returns its address and what it gets.
///
/// # Panics
/// When no port is free.
pub async fn start() -> (SocketAddr, Spans) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let (address, spans) = (listener.local_addr().expect("an address"), Spans::default());
    let server = Server::builder().add_service(TraceService(spans.clone()));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    (address, spans)
}
