//! The file of the services: it is served, and reflection and messages are as it says.

use super::{
    messages::{
        Aggregate, Condition, ExecuteRequest, ExecuteResponse, GetRequest, ListRequest,
        ListResponse, Row, SearchRequest, SearchResponse, WatchRequest, WatchResponse,
    },
    start,
    support::client,
};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use std::fs;

const FOLDER: &str = "docs/contract";
const FILE: &str = "businesses.proto";
const DESCRIPTORS: &str = "src/grpc/businesses.binpb";

fn compiled() -> Vec<u8> {
    let mut compiler = protox::Compiler::new([FOLDER]).expect("a compiler");
    compiler.include_imports(true);
    compiler.open_file(FILE).expect("a valid file");
    compiler.encode_file_descriptor_set()
}

/// Renews the descriptors when `RENEW` is set.
#[test]
fn the_descriptors_of_reflection_are_those_of_the_file() {
    let compiled = compiled();
    if std::env::var_os("RENEW").is_some() {
        fs::write(DESCRIPTORS, &compiled).expect("written");
    }
    let kept = fs::read(DESCRIPTORS).expect("there are descriptors");
    let renew = "run `RENEW=1 cargo test --test grpc descriptors`";
    assert!(kept == compiled, "{DESCRIPTORS} is not current: {renew}");
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

#[tokio::test]
async fn the_file_is_served_over_http() {
    let app = start(|_| {});
    let url = format!("http://{}/proto/{FILE}", app.address);
    let answer = client().get(url).send().await.expect("it answers");
    assert_eq!(answer.status(), 200);
    let kept = fs::read_to_string(format!("{FOLDER}/{FILE}")).expect("a file");
    assert_eq!(answer.text().await.expect("text"), kept);
    let url = format!("http://{}/proto/other.proto", app.address);
    assert_eq!(client().get(url).send().await.expect("it answers").status(), 404);
}
