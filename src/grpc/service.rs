//! The service `madang.v1.Businesses`: its methods by name.

use super::{
    call::{Unary, unary},
    codec::MessageCodec,
    execute::Execute,
    reads::{Get, List, Search},
    site::Site,
    watch::watch,
};
use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tonic::{
    Request, Status,
    body::Body,
    codec::Codec,
    codegen::{Service, http},
    server::{Grpc, NamedService},
};

/// The service, for all connections.
#[derive(Clone)]
pub struct Businesses(Arc<Site>);

impl Businesses {
    pub const fn new(site: Arc<Site>) -> Self {
        Self(site)
    }
}

impl NamedService for Businesses {
    const NAME: &'static str = "madang.v1.Businesses";
}

type Answering<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl Service<http::Request<Body>> for Businesses {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answering<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let site = Arc::clone(&self.0);
        Box::pin(async move {
            let method = request.uri().path().rsplit('/').next();
            Ok(match method.unwrap_or_default() {
                "Execute" => one::<Execute>(site, request).await,
                "Get" => one::<Get>(site, request).await,
                "List" => one::<List>(site, request).await,
                "Search" => one::<Search>(site, request).await,
                "Watch" => stream(site, request).await,
                _ => Status::unimplemented("the service has no such method").into_http(),
            })
        })
    }
}

/// Answers with one message. The request is read as a stream, so that its errors are ours to name.
async fn one<U: Unary>(site: Arc<Site>, request: http::Request<Body>) -> http::Response<Body> {
    let mut grpc = grpc(&site, MessageCodec::<U::Sent, U::Got>::new());
    let method = Calls(move |request| {
        let site = Arc::clone(&site);
        async move { unary::<U>(&site, request).await }
    });
    grpc.client_streaming(method, request).await
}

async fn stream(site: Arc<Site>, request: http::Request<Body>) -> http::Response<Body> {
    let mut grpc = grpc(&site, MessageCodec::new());
    let method = Calls(move |request| {
        let site = Arc::clone(&site);
        async move { watch(&site, request).await }
    });
    grpc.streaming(method, request).await
}

fn grpc<C: Codec>(site: &Site, codec: C) -> Grpc<C> {
    Grpc::new(codec).max_decoding_message_size(site.settings.message_bytes_max)
}

/// A method as a service.
struct Calls<F>(F);

impl<F, Got, Sent, Answer> Service<Request<Got>> for Calls<F>
where
    F: FnMut(Request<Got>) -> Answer,
    Answer: Future<Output = Result<tonic::Response<Sent>, Status>> + Send + 'static,
{
    type Response = tonic::Response<Sent>;
    type Error = Status;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Got>) -> Answer {
        (self.0)(request)
    }
}
