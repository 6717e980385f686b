//! The businesses over gRPC, through a stock client of the library: commands, reads, the stream of
//! events, callers, and messages that are none.

mod callers;
mod calls;
#[path = "../../src/grpc/codec.rs"]
#[allow(dead_code)]
mod codec;
mod documents;
mod hostile;
#[path = "../../src/grpc/messages.rs"]
#[allow(missing_docs)]
mod messages;
mod services;
#[path = "../support/mod.rs"]
mod support;
mod typed;
mod typed_calls;
mod watching;

use codec::MessageCodec;
use madang::config::Config;
use messages::{ExecuteRequest, ExecuteResponse, WatchRequest, WatchResponse};
use prost::Message;
use serde_json::Value;
use std::time::Duration;
use support::inside::Running;
use tonic::{
    Request, Response, Status, Streaming,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    metadata::{AsciiMetadataKey, MetadataMap},
    transport::{Channel, Endpoint},
};

/// The body of an order of a taxi.
const ORDER: &str = r#"{"orderType":"basic","name":"Kim","phone":"010"}"#;

/// A taxi business that listens for gRPC, too.
fn start(change: impl FnOnce(&mut Config)) -> Running {
    Running::start(|config| {
        config.grpc.listen = Some(([127, 0, 0, 1], 0).into());
        change(config);
    })
}

/// A client.
#[derive(Clone)]
struct Client(Channel);

impl Client {
    async fn of(app: &Running) -> Self {
        let address = app.grpc.expect("it listens for gRPC");
        let endpoint = Endpoint::new(format!("http://{address}")).expect("an address");
        Self(endpoint.connect().await.expect("it accepts"))
    }

    /// Calls a method of the service with one answer.
    async fn call<Sent, Got>(
        &self,
        method: &str,
        request: Request<Sent>,
    ) -> Result<Response<Got>, Status>
    where
        Sent: Message + 'static,
        Got: Message + Default + 'static,
    {
        let mut grpc = Grpc::new(self.0.clone());
        grpc.ready().await.expect("the connection is open");
        grpc.unary(request, path(method), MessageCodec::<Sent, Got>::new()).await
    }

    async fn execute(
        &self,
        message: ExecuteRequest,
        metadata: &[(&str, &str)],
    ) -> Result<Response<ExecuteResponse>, Status> {
        self.call("Execute", with(message, metadata)).await
    }

    /// Opens a stream of events, and reads the response that says so.
    async fn watch(
        &self,
        message: WatchRequest,
        metadata: &[(&str, &str)],
    ) -> Result<Streaming<WatchResponse>, Status> {
        let mut grpc = Grpc::new(self.0.clone());
        grpc.ready().await.expect("the connection is open");
        let codec = MessageCodec::<WatchRequest, WatchResponse>::new();
        let response = grpc.server_streaming(with(message, metadata), path("Watch"), codec).await?;
        let mut stream = response.into_inner();
        let opened = stream.message().await?.expect("a sign of life");
        assert!(opened.event.is_empty(), "the stream says where it starts");
        Ok(stream)
    }
}

fn path(method: &str) -> PathAndQuery {
    format!("/madang.v1.Businesses/{method}").parse().expect("a path")
}

fn with<T>(message: T, metadata: &[(&str, &str)]) -> Request<T> {
    let mut request = Request::new(message);
    for (name, value) in metadata {
        let name: AsciiMetadataKey = name.parse().expect("a name");
        request.metadata_mut().append(name, value.parse().expect("a value"));
    }
    request
}

/// A command for the orders of the taxi business.
fn order(number: u64, command: &str, body: &str) -> ExecuteRequest {
    ExecuteRequest {
        business: "taxi".to_owned(),
        resource: "orders".to_owned(),
        number,
        command: command.to_owned(),
        body: body.as_bytes().to_vec(),
    }
}

fn text<'a>(metadata: &'a MetadataMap, name: &str) -> Option<&'a str> {
    metadata.get(name).and_then(|value| value.to_str().ok())
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("json")
}

/// The next event of a stream.
async fn event(stream: &mut Streaming<WatchResponse>) -> (String, Value) {
    loop {
        let response = tokio::time::timeout(Duration::from_secs(10), stream.message()).await;
        let response = response.expect("an event comes").expect("no end").expect("no end");
        if !response.event.is_empty() {
            return (response.position, json(&response.event));
        }
    }
}
