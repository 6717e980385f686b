//! Commands and reads, and how they fail.

use super::{
    Client, ORDER, json,
    messages::{
        Aggregate, Condition, GetRequest, ListRequest, ListResponse, Outcome, SearchRequest,
        SearchResponse,
    },
    order, start,
    support::client,
    text, with,
};
use serde_json::Value;
use std::time::Duration;
use tonic::{Code, Request};

fn orders(number: u64) -> GetRequest {
    GetRequest { business: "taxi".to_owned(), resource: "orders".to_owned(), number }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_created_shown_and_cancelled() {
    let app = start(|_| {});
    let client = Client::of(&app).await;
    let created = client.execute(order(0, "call", ORDER), &[("x-correlation-id", "a-ride")]).await;
    let created = created.expect("an order");
    assert_eq!(text(created.metadata(), "x-correlation-id"), Some("a-ride"));
    let created = created.into_inner();
    assert_eq!(created.outcome(), Outcome::Created);
    let aggregate = created.aggregate.expect("an aggregate");
    assert_eq!(aggregate.number, 1);
    assert_eq!(json(&aggregate.body)["name"], "Kim");
    assert!(aggregate.commands.iter().any(|name| name == "cancel"));
    let shown: Aggregate = client.call("Get", Request::new(orders(1))).await.unwrap().into_inner();
    assert_eq!((shown.version, &shown.body), (aggregate.version, &aggregate.body));
    let done = client.execute(order(1, "cancel", "{}"), &[]).await.expect("it is cancelled");
    assert_eq!(done.into_inner().outcome(), Outcome::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_under_the_same_key_gets_the_same_answer_on_either_way() {
    let app = start(|_| {});
    let client_of_grpc = Client::of(&app).await;
    let key = [("idempotency-key", "order-of-kim")];
    for _ in 0..2 {
        let answer = client_of_grpc.execute(order(0, "call", ORDER), &key).await.unwrap();
        assert_eq!(answer.into_inner().aggregate.unwrap().number, 1);
    }
    let url = format!("http://{}/taxi/orders", app.address);
    let retry = client().post(url).header("Idempotency-Key", "order-of-kim");
    let retry = retry.header("Content-Type", "application/json").body(ORDER).send().await.unwrap();
    assert_eq!(retry.status(), 201);
    let shown: Value = retry.json().await.unwrap();
    assert_eq!(shown["id"], 1, "the order over gRPC is the one over HTTP");
    let other = ORDER.replace("Kim", "Lee");
    let reused = client_of_grpc.execute(order(0, "call", &other), &key).await.unwrap_err();
    assert_eq!(reused.code(), Code::FailedPrecondition);
    assert_eq!(text(reused.metadata(), "problem-type"), Some("/problems/key-reused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_has_a_code_a_sentence_and_a_type() {
    let app = start(|_| {});
    let client = Client::of(&app).await;
    client.execute(order(0, "call", ORDER), &[]).await.unwrap();
    client.execute(order(1, "cancel", "{}"), &[]).await.unwrap();
    let cases = [
        (order(1, "complete", "{}"), vec![], Code::FailedPrecondition, "rejected"),
        (order(7, "cancel", "{}"), vec![], Code::NotFound, "not-found"),
        (order(0, "call", "{"), vec![], Code::InvalidArgument, "syntax"),
        (order(0, "call", r#"{"name":7}"#), vec![], Code::InvalidArgument, "malformed"),
        (order(0, "fly", "{}"), vec![], Code::NotFound, "unknown-path"),
        (order(1, "call", ORDER), vec![], Code::NotFound, "unknown-path"),
        (order(0, "cancel", "{}"), vec![], Code::NotFound, "unknown-path"),
        (order(1, "cancel", "{}"), vec![("if-match", "\"1\"")], Code::Aborted, "version-differs"),
        (order(1, "cancel", "{}"), vec![("if-match", "1")], Code::InvalidArgument, "bad-request"),
        (
            order(0, "call", ORDER),
            vec![("idempotency-key", "a"), ("idempotency-key", "b")],
            Code::InvalidArgument,
            "bad-request",
        ),
        (
            order(0, "call", ORDER),
            vec![("x-correlation-id", "a name")],
            Code::InvalidArgument,
            "bad-request",
        ),
    ];
    for (request, metadata, code, problem) in cases {
        let status = client.execute(request.clone(), &metadata).await.unwrap_err();
        let found = (status.code(), text(status.metadata(), "problem-type"));
        assert_eq!(found, (code, Some(&*format!("/problems/{problem}"))), "{request:?} {status:?}");
        assert!(!status.message().is_empty(), "{request:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_searches_are_paged_with_the_limits_of_http() {
    let app = start(|_| {});
    let client = Client::of(&app).await;
    let mut position = String::new();
    for _ in 0..3 {
        let answer = client.execute(order(0, "call", ORDER), &[]).await.unwrap().into_inner();
        position = answer.aggregate.unwrap().position;
    }
    let list = ListRequest {
        business: "taxi".to_owned(),
        resource: "orders".to_owned(),
        size: 2,
        sort: vec!["id,desc".to_owned()],
        ..ListRequest::default()
    };
    let page: ListResponse =
        client.call("List", Request::new(list.clone())).await.unwrap().into_inner();
    let numbers: Vec<_> = page.aggregates.iter().map(|aggregate| aggregate.number).collect();
    assert_eq!((numbers, page.total), (vec![3, 2], 3));
    let too_large = ListRequest { size: 201, ..list };
    let refused =
        client.call::<_, ListResponse>("List", Request::new(too_large)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let search = |name: &str, value: &str| SearchRequest {
        business: "taxi".to_owned(),
        view: "mypages".to_owned(),
        conditions: vec![Condition { name: name.to_owned(), value: value.to_owned() }],
        at_least: position.clone(),
        ..SearchRequest::default()
    };
    let rows = |request| client.call::<_, SearchResponse>("Search", Request::new(request));
    let found = rows(search("name", "Kim")).await.unwrap().into_inner();
    assert_eq!((found.rows.len(), found.total), (3, 3));
    assert_eq!(rows(search("name", "Lee")).await.unwrap().into_inner().total, 0);
    for (name, value) in [("colour", "red"), ("size", "1")] {
        let refused = rows(search(name, value)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{name}");
        assert_eq!(text(refused.metadata(), "problem-type"), Some("/problems/bad-query"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_at_its_deadline_and_the_command_goes_on() {
    let app = start(|config| {
        let payment = config.ports.entry("taxi/payment".to_owned()).or_default();
        (payment.latency_ms_min, payment.latency_ms_max) = (400, 400);
    });
    let client = Client::of(&app).await;
    let key = [("idempotency-key", "slow")];
    let mut request = with(order(0, "call", ORDER), &key);
    request.set_timeout(Duration::from_millis(100));
    // The deadline of the server alone: the client of the library would end the call itself.
    let late = client.call::<_, super::ExecuteResponse>("Execute", request).await.unwrap_err();
    assert!(matches!(late.code(), Code::DeadlineExceeded | Code::Cancelled), "{late:?}");
    let outcome = client.execute(order(0, "call", ORDER), &key).await.unwrap().into_inner();
    assert_eq!(outcome.aggregate.unwrap().number, 1, "the command went on");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_rate_limit_counts_the_requests_of_a_client_on_both_ways() {
    let app = start(|config| (config.http.client_rate_per_s, config.http.client_burst) = (1, 2));
    let (grpc, http) = (Client::of(&app).await, client());
    let url = format!("http://{}/taxi/orders", app.address);
    assert_eq!(http.get(url).send().await.unwrap().status(), 200);
    let mut refused = None;
    for _ in 0..3 {
        let answer = grpc.call::<_, Aggregate>("Get", Request::new(orders(1))).await.unwrap_err();
        refused = (answer.code() == Code::ResourceExhausted).then_some(answer).or(refused);
    }
    let refused = refused.expect("the rate is used up");
    assert!(text(refused.metadata(), "retry-after").is_some());
}
