//! Commands and reads through the typed services, and how they fail.

use super::{
    Client,
    callers::{bearer, with_identity},
    start,
    support::client,
    text,
    typed::methods,
};
use prost::bytes::BufMut as _;
use prost_reflect::Kind;
use serde_json::{Value, json};
use tonic::Code;

fn order() -> Value {
    json!({ "orderType": "basic", "name": "Kim", "phone": "010" })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_called_shown_listed_found_and_cancelled_with_messages_of_its_own() {
    let app = start(|_| {});
    let client = Client::of(&app).await;
    let called = client.typed("Orders/Call", order(), &[]).await.expect("an order").into_inner();
    assert_eq!(called["outcome"], "OUTCOME_CREATED");
    let aggregate = &called["aggregate"];
    assert_eq!((&aggregate["number"], &aggregate["body"]["name"]), (&json!("1"), &json!("Kim")));
    let shown = client.typed("Orders/Get", json!({ "number": 1 }), &[]).await.unwrap();
    assert_eq!(shown.into_inner()["body"], aggregate["body"]);
    let page = client.typed("Orders/List", json!({ "size": 5 }), &[]).await.unwrap().into_inner();
    assert_eq!((&page["total"], &page["aggregates"][0]["number"]), (&json!("1"), &json!("1")));
    let at_least = aggregate["position"].clone();
    for (name, total) in [("Kim", Some("1")), ("Lee", None)] {
        let search =
            json!({ "name": name, "id_from": -1, "atLeast": at_least, "sort": ["id,desc"] });
        let found = client.typed("Mypages/Search", search, &[]).await.unwrap().into_inner();
        assert_eq!(found["total"].as_str(), total, "{found}");
        assert_eq!(found["rows"][0]["body"]["name"].as_str(), total.map(|_| name), "{found}");
    }
    let done = client.typed("Orders/Cancel", json!({ "number": 1 }), &[]).await.unwrap();
    assert_eq!(done.into_inner()["outcome"], "OUTCOME_DONE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_under_the_same_key_gets_the_same_answer_on_either_way() {
    let app = start(|_| {});
    let client_of_grpc = Client::of(&app).await;
    let key = [("idempotency-key", "order-of-kim")];
    for _ in 0..2 {
        let answer = client_of_grpc.typed("Orders/Call", order(), &key).await.unwrap();
        assert_eq!(answer.into_inner()["aggregate"]["number"], "1");
    }
    let url = format!("http://{}/taxi/orders", app.address);
    let retry = client().post(url).header("Idempotency-Key", "order-of-kim");
    let retry = retry.header("Content-Type", "application/json").body(order().to_string());
    let shown: Value = retry.send().await.unwrap().json().await.unwrap();
    assert_eq!(shown["id"], 1, "the order over gRPC is the one over HTTP");
    let other = json!({ "orderType": "basic", "name": "Lee" });
    let reused = client_of_grpc.typed("Orders/Call", other, &key).await.unwrap_err();
    assert_eq!(text(reused.metadata(), "problem-type"), Some("/problems/key-reused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_prefers_an_asynchronous_answer_does_not_wait() {
    let app = start(|config| {
        let payment = config.ports.entry("taxi/payment".to_owned()).or_default();
        (payment.latency_ms_min, payment.latency_ms_max) = (60_000, 60_000);
    });
    let client = Client::of(&app).await;
    let prefer = [("prefer", "respond-async")];
    let pending = client.typed("Orders/Call", order(), &prefer).await.expect("it does not wait");
    assert_eq!(text(pending.metadata(), "preference-applied"), Some("respond-async"));
    assert_eq!(pending.into_inner()["outcome"], "OUTCOME_PENDING");
}

/// A message with one field of this number: a text.
fn field(number: u32, text: &str) -> Vec<u8> {
    let mut message = Vec::new();
    prost::encoding::encode_key(number, prost::encoding::WireType::LengthDelimited, &mut message);
    prost::encoding::encode_varint(text.len() as u64, &mut message);
    message.put_slice(text.as_bytes());
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_none_or_has_an_unknown_field_is_an_invalid_argument() {
    let app = start(|_| {});
    let client = Client::of(&app).await;
    let deep = (0..5_000).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut outer = vec![0x0a];
        prost::encoding::encode_varint(inner.len() as u64, &mut outer);
        outer.extend(inner);
        outer
    });
    for (name, bytes) in [
        ("Orders/Call", field(1_234_567, "x")),
        ("Orders/Call", field(3, "x")),
        ("Orders/Call", b"\xff\xff\xff".to_vec()),
        ("Orders/Call", b"{\"orderType\":\"basic\"}".to_vec()),
        ("Orders/Call", deep),
        ("Orders/Get", field(1, "taxi")),
        ("Orders/Cancel", vec![]),
        ("Mypages/Search", field(1_234_567, "x")),
    ] {
        let refused = client.typed_bytes(name, bytes, &[]).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{name} {refused:?}");
    }
    let none = client.typed("Orders/List", json!({}), &[]).await.unwrap().into_inner();
    assert_eq!(none.get("total"), None, "nothing was created");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_has_the_code_and_the_type_of_the_generic_service() {
    let app = start(|_| {});
    let client = Client::of(&app).await;
    client.typed("Orders/Call", order(), &[]).await.unwrap();
    client.typed("Orders/Cancel", json!({ "number": 1 }), &[]).await.unwrap();
    let one = json!({ "number": 1 });
    for (name, message, metadata, code, problem) in [
        ("Orders/Complete", &one, &[][..], Code::FailedPrecondition, "rejected"),
        ("Orders/Cancel", &one, &[("if-match", "\"1\"")], Code::Aborted, "version-differs"),
        ("Orders/Cancel", &json!({ "number": 7 }), &[], Code::NotFound, "not-found"),
        ("Orders/Call", &json!({}), &[], Code::InvalidArgument, "malformed"),
        ("Orders/Call", &json!({ "orderType": "coach" }), &[], Code::InvalidArgument, "malformed"),
        ("Orders/List", &json!({ "size": 201 }), &[], Code::InvalidArgument, "bad-query"),
    ] {
        let status = client.typed(name, message.clone(), metadata).await.unwrap_err();
        let found = (status.code(), text(status.metadata(), "problem-type"));
        assert_eq!(found, (code, Some(&*format!("/problems/{problem}"))), "{name} {status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_customer_finds_nothing_and_a_caller_without_a_token_nothing_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let app = start(with_identity(folder.path()));
    let client = Client::of(&app).await;
    let (kim, lee) = (bearer("kim", &[]), bearer("lee", &[]));
    let refused = client.typed("Orders/Call", order(), &[]).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    client.typed("Orders/Call", order(), &[("authorization", &kim)]).await.expect("an order");
    for name in ["Orders/Get", "Orders/Cancel"] {
        let one = json!({ "number": 1 });
        let refused = client.typed(name, one, &[("authorization", &lee)]).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{name}");
    }
    for (token, total) in [(&lee, None), (&kim, Some("1"))] {
        let page = client.typed("Orders/List", json!({}), &[("authorization", token)]).await;
        assert_eq!(page.expect("a page").into_inner()["total"].as_str(), total);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_method_of_the_files_is_served() {
    let app = start(|_| {});
    let client = Client::of(&app).await;
    let methods = methods();
    assert!(methods.len() > 25, "{} methods", methods.len());
    for method in methods {
        let service = method.parent_service();
        let name = format!("{}/{}", service.name(), method.name());
        // A number that is not there, and of everything else nothing.
        let is_number = |field: &prost_reflect::FieldDescriptor| field.number() == 3;
        let has_number =
            method.input().fields().any(|it| is_number(&it) && it.kind() == Kind::Uint64);
        let message = if has_number { vec![0x18, 0xe7, 0x07] } else { vec![] };
        if let Err(status) = client.typed_bytes(&name, message, &[]).await {
            let is_known = [Code::NotFound, Code::InvalidArgument, Code::FailedPrecondition];
            assert!(is_known.contains(&status.code()), "{name} {status:?}");
            let problem = text(status.metadata(), "problem-type");
            assert_ne!(problem, Some("/problems/unknown-path"), "{name} {status:?}");
        }
    }
}
