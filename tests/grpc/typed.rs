//! A client of the typed services, as generic tools are one: it compiles their files, and its
//! messages are JSON.

use super::{Client, codec::TypedCodec, with};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use serde_json::Value;
use std::sync::LazyLock;
use tonic::{Response, Status, client::Grpc, codegen::http::uri::PathAndQuery};

/// The services of the taxi business.
static TAXI: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut compiler = protox::Compiler::new(["docs/contract"]).expect("a compiler");
    compiler.open_file("taxi.proto").expect("a valid file");
    compiler.descriptor_pool()
});

/// All methods of the typed services.
pub fn methods() -> Vec<MethodDescriptor> {
    let services = TAXI.services().filter(|it| it.full_name().starts_with("madang.taxi."));
    services.flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

/// The method of this name: `Orders/Call`.
pub fn method(name: &str) -> MethodDescriptor {
    let wanted = format!("madang.taxi.v1.{}", name.replace('/', "."));
    methods().into_iter().find(|method| method.full_name() == wanted).expect(name)
}

/// The path of a method.
pub fn path(method: &MethodDescriptor) -> PathAndQuery {
    let service = method.parent_service();
    format!("/{}/{}", service.full_name(), method.name()).parse().expect("a path")
}

impl Client {
    /// Calls a typed method; messages are JSON.
    pub async fn typed(
        &self,
        name: &str,
        message: Value,
        metadata: &[(&str, &str)],
    ) -> Result<Response<Value>, Status> {
        let request =
            DynamicMessage::deserialize(method(name).input(), message).expect("a message");
        self.typed_bytes(name, request.encode_to_vec(), metadata).await
    }

    /// Calls a typed method with bytes that need not be a message.
    pub async fn typed_bytes(
        &self,
        name: &str,
        bytes: Vec<u8>,
        metadata: &[(&str, &str)],
    ) -> Result<Response<Value>, Status> {
        let method = method(name);
        let mut grpc = Grpc::new(self.0.clone());
        grpc.ready().await.expect("the connection is open");
        let codec = TypedCodec(method.output());
        let answer = grpc.unary(with(bytes, metadata), path(&method), codec).await?;
        Ok(answer.map(|message| serde_json::to_value(message).expect("json")))
    }
}
