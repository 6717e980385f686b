//! The services: the generic one with its methods by name, and each method of the typed ones.

use super::{
    call::{Unary, unary},
    codec::{MessageCodec, TypedCodec},
    execute::Execute,
    reads::{Get, List, Search},
    site::Site,
    typed::TypedMethod,
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
    codegen::{self, Bytes, Service, StdError, http},
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

/// A method of a typed service, for all connections.
#[derive(Clone)]
pub struct Typed {
    pub site: Arc<Site>,
    pub method: Arc<TypedMethod>,
}

impl<B> Service<http::Request<B>> for Typed
where
    B: codegen::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError>,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answering<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let Self { site, method } = self.clone();
        let codec = TypedCodec(method.request.clone());
        Box::pin(async move { Ok(one(site, method, codec, request.map(Body::new)).await) })
    }
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
                "Execute" => one(site, Arc::new(Execute), MessageCodec::new(), request).await,
                "Get" => one(site, Arc::new(Get), MessageCodec::new(), request).await,
                "List" => one(site, Arc::new(List), MessageCodec::new(), request).await,
                "Search" => one(site, Arc::new(Search), MessageCodec::new(), request).await,
                "Watch" => stream(site, request).await,
                _ => Status::unimplemented("the service has no such method").into_http(),
            })
        })
    }
}

/// Answers with one message. The request is read as a stream, so that its errors are ours to name.
async fn one<U, C>(
    site: Arc<Site>,
    method: Arc<U>,
    codec: C,
    request: http::Request<Body>,
) -> http::Response<Body>
where
    U: Unary + Send + Sync + 'static,
    C: Codec<Encode = U::Sent, Decode = U::Got> + Send + 'static,
{
    let mut grpc = grpc(&site, codec);
    let method = Calls(move |request| {
        let (site, method) = (Arc::clone(&site), Arc::clone(&method));
        async move { unary(&site, &*method, request).await }
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
