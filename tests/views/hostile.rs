//! The cost of a query is bounded, and no query disturbs the view of other clients.

use super::{Answered, Reader};
use std::{fs, os::unix::fs::MetadataExt as _};

fn is_refused(answered: &Answered, bound: &str) {
    assert_eq!(answered.status, 400, "{}", answered.text);
    assert_eq!(answered.body["type"], "/problems/bad-query");
    let detail = answered.body["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(bound), "{detail}");
}

#[tokio::test]
async fn a_query_with_a_thousand_conditions_is_refused_and_the_view_is_not_rebuilt() {
    let data = tempfile::tempdir().expect("a folder");
    let reader = Reader::start_in(data.path());
    let at = reader.call("Jung").await;
    assert_eq!(reader.get(&format!("/taxi/mypages/1?at-least={at}")).await.status, 200);
    let file = data.path().join("views").join("taxi.mypages.sqlite");
    let inode = fs::metadata(&file).expect("is there").ino();
    let conditions = |count: usize| format!("/taxi/mypages?{}", vec!["id=1"; count].join("&"));
    is_refused(&reader.get(&conditions(1_000)).await, "at most 64");
    is_refused(&reader.get(&conditions(33)).await, "at most 32");
    let long = format!("/taxi/mypages?name={}", "x".repeat(2_000));
    is_refused(&reader.get(&long).await, "at most 1024");
    let longer = format!("/taxi/mypages?name={}", "x".repeat(9_000));
    is_refused(&reader.get(&longer).await, "at most 8192");
    let answered = reader.get(&conditions(32)).await;
    assert_eq!((answered.status.as_u16(), answered.numbers("mypages")), (200, vec![1]));
    assert_eq!(fs::metadata(&file).expect("is there").ino(), inode);
    assert_eq!(reader.get("/actuator/health").await.status, 200);
}

#[tokio::test]
async fn pages_far_beyond_the_last_are_empty() {
    let reader = Reader::start();
    let at = reader.call("Jung").await;
    for path in [
        format!("/taxi/mypages?page=1000000000&size=200&at-least={at}"),
        format!("/taxi/mypages?name=Jung&page=1000000000&size=200&at-least={at}"),
        "/taxi/orders?page=1000000000&size=200".to_owned(),
        "/taxi/orders?page=1000000000&size=200&sort=id,desc".to_owned(),
    ] {
        let answered = reader.get(&path).await;
        assert_eq!(answered.status, 200, "{path}: {}", answered.text);
        assert_eq!(answered.body["page"]["totalElements"], 1, "{path}");
        assert!(answered.numbers("mypages").is_empty() && answered.numbers("orders").is_empty());
    }
    let all = reader.get("/taxi/conversations/1").await;
    let total = all.body["page"]["totalElements"].as_u64().expect("a number");
    let far = reader.get("/taxi/conversations/1?page=1000000000").await;
    assert_eq!(far.status, 200, "{}", far.text);
    assert_eq!(far.body["page"]["totalElements"], total);
    assert!(far.rows("records").is_empty());
}
