//! The files of the services: they are served, and reflection and messages are as they say.

use super::{
    Client,
    codec::MessageCodec,
    messages::{
        Aggregate, Condition, ExecuteRequest, ExecuteResponse, GetRequest, ListRequest,
        ListResponse, Row, SearchRequest, SearchResponse, WatchRequest, WatchResponse,
    },
    start,
    support::client,
};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use std::{collections::BTreeSet, fs};
use tokio_stream::StreamExt as _;
use tonic::{Request, client::Grpc};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, ServerReflectionResponse, server_reflection_request::MessageRequest,
    server_reflection_response::MessageResponse,
};

const FOLDER: &str = "docs/contract";
const FILE: &str = "businesses.proto";

fn compiled() -> Vec<u8> {
    let mut compiler = protox::Compiler::new([FOLDER]).expect("a compiler");
    compiler.include_imports(true);
    compiler.open_file(FILE).expect("a valid file");
    compiler.encode_file_descriptor_set()
}

/// Checks that each field of a message is known to the file, with its type, and the other way round.
#[track_caller]
fn is_described(pool: &DescriptorPool, name: &str, message: &impl Message) {
    let descriptor = pool.get_message_by_name(&format!("madang.v1.{name}")).expect(name);
    let bytes = message.encode_to_vec();
    let read = DynamicMessage::decode(descriptor.clone(), bytes.as_slice()).expect(name);
    assert_eq!(read.unknown_fields().count(), 0, "{name} has a field that the file has not");
    for field in descriptor.fields() {
        assert!(read.has_field(&field), "{name}: the sample has no {}", field.name());
    }
    assert_eq!(read.encode_to_vec(), bytes, "{name}");
}

#[test]
fn the_messages_are_those_of_the_file() {
    let pool = DescriptorPool::decode(compiled().as_slice()).expect("descriptors");
    let (text, number) = (|| "x".to_owned(), 7);
    let aggregate = Aggregate {
        number,
        version: 2,
        body: b"{}".to_vec(),
        commands: vec![text()],
        position: text(),
    };
    let condition = Condition { name: text(), value: text() };
    let row = Row { number, body: b"{}".to_vec() };
    let body = b"{}".to_vec();
    let execute =
        ExecuteRequest { business: text(), resource: text(), number, command: text(), body };
    is_described(&pool, "ExecuteRequest", &execute);
    let executed = ExecuteResponse { outcome: 1, aggregate: Some(aggregate.clone()) };
    is_described(&pool, "ExecuteResponse", &executed);
    is_described(&pool, "Aggregate", &aggregate);
    is_described(&pool, "GetRequest", &GetRequest { business: text(), resource: text(), number });
    let sort = vec![text()];
    let list =
        ListRequest { business: text(), resource: text(), page: 1, size: 2, sort: sort.clone() };
    is_described(&pool, "ListRequest", &list);
    is_described(&pool, "ListResponse", &ListResponse { aggregates: vec![aggregate], total: 1 });
    is_described(&pool, "Condition", &condition);
    let (conditions, at_least) = (vec![condition], text());
    let search = SearchRequest {
        business: text(),
        view: text(),
        conditions,
        page: 1,
        size: 2,
        sort,
        at_least,
    };
    is_described(&pool, "SearchRequest", &search);
    is_described(&pool, "Row", &row);
    is_described(&pool, "SearchResponse", &SearchResponse { rows: vec![row], total: 1 });
    let watch = WatchRequest {
        business: text(),
        resource: text(),
        number: Some(number),
        correlation: Some(number),
        types: vec![text()],
        after: text(),
    };
    is_described(&pool, "WatchRequest", &watch);
    let response = WatchResponse { position: text(), event: "{}".into() };
    is_described(&pool, "WatchResponse", &response);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_are_served_over_http() {
    let app = start(|_| {});
    for file in [FILE, "taxi.proto"] {
        let url = format!("http://{}/proto/{file}", app.address);
        let answer = client().get(url).send().await.expect("it answers");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
        let kept = fs::read_to_string(format!("{FOLDER}/{file}")).expect("a file");
        assert_eq!(answer.text().await.expect("text"), kept);
    }
    let url = format!("http://{}/proto/other.proto", app.address);
    assert_eq!(client().get(url).send().await.expect("it answers").status(), 404);
}

/// The answer of reflection to a question.
async fn reflected(client: &Client, question: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let mut grpc = Grpc::new(client.0.clone());
    grpc.ready().await.expect("the connection is open");
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo".parse().expect("a path");
    let codec = MessageCodec::<ServerReflectionRequest, ServerReflectionResponse>::new();
    let questions = Request::new(tokio_stream::iter([request]));
    let answers = grpc.streaming(questions, path, codec).await.expect("it answers");
    let answer = answers.into_inner().next().await.expect("an answer").expect("no error");
    answer.message_response.expect("a response")
}

#[tokio::test(flavor = "multi_thread")]
async fn reflection_lists_the_services_and_has_their_messages() {
    let app = start(|_| {});
    let client = Client::of(&app).await;
    let listed = reflected(&client, MessageRequest::ListServices(String::new())).await;
    let MessageResponse::ListServicesResponse(listed) = listed else { panic!("{listed:?}") };
    let listed: BTreeSet<_> = listed.service.into_iter().map(|service| service.name).collect();
    for name in ["madang.v1.Businesses", "madang.taxi.v1.Orders", "madang.taxi.v1.Mypages"] {
        assert!(listed.contains(name), "{name} is not in {listed:?}");
    }
    let symbol = MessageRequest::FileContainingSymbol("madang.taxi.v1.Orders".to_owned());
    let found = reflected(&client, symbol).await;
    let MessageResponse::FileDescriptorResponse(found) = found else { panic!("{found:?}") };
    let is_field = |file: &Vec<u8>| String::from_utf8_lossy(file).contains("order_type");
    assert!(found.file_descriptor_proto.iter().any(is_field));
}
