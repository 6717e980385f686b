//! The history of an aggregate: its records, what each changed, who caused it and why.

use super::taxi::Taxi;
use serde_json::{Value, json};

/// The records of a page of the history of an order.
async fn records(taxi: &Taxi, number: u64, query: &str) -> Vec<Value> {
    let page = taxi.get(&format!("/taxi/orders/{number}/history{query}")).await;
    assert_eq!(page.status, 200, "{page:?}");
    page.body["_embedded"]["history"].as_array().expect("records").clone()
}

#[tokio::test]
async fn a_record_has_its_version_its_event_what_it_changed_who_caused_it_and_why() {
    let taxi = Taxi::start(|_| {});
    let number = taxi.order("Kim").await;
    taxi.cancel(number).await;
    let records = records(&taxi, number, "").await;
    let called = &records[0];
    assert_eq!((&called["version"], &called["what"]["name"]), (&json!(1), &json!("Called")));
    assert_eq!(called["changes"]["name"], json!({ "to": "Kim" }), "it had no field before");
    assert_eq!(called["cause"], json!({ "request": true }));
    assert_eq!(called["issuer"]["role"], "client");
    assert_eq!(called["_links"]["self"]["href"], format!("/taxi/orders/{number}?at=1"));
    let conversation = called["_links"]["conversation"]["href"].as_str().expect("a link");
    assert_eq!(taxi.get(conversation).await.status, 200);
    let paid = records.iter().find(|record| record["what"]["name"] == "Paid").expect("paid");
    assert_eq!(paid["issuer"]["role"], "saga", "{paid}");
    assert_eq!(paid["changes"]["status"]["to"], "Paid", "{paid}");
    assert!(paid["changes"].get("name").is_none(), "the name did not change: {paid}");
    assert!(paid["cause"]["reactionTo"].is_string(), "{paid}");
}

#[tokio::test]
async fn what_the_records_changed_leads_from_nothing_to_the_present_representation() {
    let taxi = Taxi::start(|_| {});
    let number = taxi.order("Kim").await;
    taxi.cancel(number).await;
    let mut present = taxi.get(&format!("/taxi/orders/{number}")).await.body;
    present.as_object_mut().expect("an object").remove("_links");
    for size in [1, 2, 200] {
        let mut built = json!({});
        for page in 0.. {
            let records = records(&taxi, number, &format!("?page={page}&size={size}")).await;
            if records.is_empty() {
                break;
            }
            for record in records {
                for (field, change) in record["changes"].as_object().expect("changes") {
                    assert_eq!(built.get(field), change.get("from"), "{field}: {record}");
                    built[field] = change["to"].clone();
                }
            }
        }
        assert_eq!(built, present, "pages of {size}");
    }
}

#[tokio::test]
async fn pages_go_in_both_directions_and_end() {
    let taxi = Taxi::start(|_| {});
    let number = taxi.order("Kim").await;
    taxi.cancel(number).await;
    let all = records(&taxi, number, "").await;
    let mut newest = records(&taxi, number, "?sort=version,desc").await;
    newest.reverse();
    assert_eq!(newest, all);
    let last = records(&taxi, number, "?sort=version,desc&size=1").await;
    assert_eq!(last, all[all.len() - 1..]);
    let page = taxi.get(&format!("/taxi/orders/{number}/history?size=1")).await.body;
    assert_eq!(page["page"]["totalElements"], all.len());
    let next = page["_links"]["next"]["href"].as_str().expect("a link");
    assert_eq!(taxi.get(next).await.body["_embedded"]["history"], json!([all[1]]));
    for beyond in ["?page=99", "?page=1000000000&size=200", "?page=99&sort=version,desc"] {
        assert_eq!(records(&taxi, number, beyond).await, [Value::Null; 0], "{beyond}");
    }
    for (query, reason) in [
        ("?colour=red", "`colour` is not a parameter here"),
        ("?sort=time", "only by `version`"),
        ("?size=201", "from 1 to 200"),
    ] {
        let refused = taxi.get(&format!("/taxi/orders/{number}/history{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
        assert!(refused.detail().contains(reason), "{query}: {refused:?}");
    }
}

#[tokio::test]
async fn a_card_number_is_masked_in_every_record_and_in_the_past() {
    let taxi = Taxi::start(|_| {});
    let number = taxi.order("Kim").await;
    for path in ["/history", "?at=1", "?at=2"] {
        let shown = taxi.get(&format!("/taxi/orders/{number}{path}")).await.body.to_string();
        assert!(!shown.contains("383824245656"), "{path}: {shown}");
        assert!(shown.contains("**** 5656"), "{path}: {shown}");
    }
}

#[tokio::test]
async fn the_representation_links_to_its_history_which_takes_reads_only() {
    let taxi = Taxi::start(|_| {});
    let shown = taxi.get(&format!("/taxi/orders/{}", taxi.order("Kim").await)).await.body;
    let path = shown["_links"]["history"]["href"].as_str().expect("a link").to_owned();
    assert_eq!(taxi.get(&path).await.status, 200);
    let refused = taxi.post(&path, json!({})).await;
    assert_eq!((refused.status, refused.header("allow")), (405, "OPTIONS, GET, HEAD"));
    assert_eq!(taxi.get("/taxi/orders/77/history").await.status, 404);
    assert_eq!(taxi.get("/taxi/orders/0/history").await.status, 404);
    let page = taxi.request(reqwest::Method::GET, "/taxi/orders/1").header("Accept", "text/html");
    let page = page.send().await.expect("it answers").text().await.expect("text");
    assert!(page.contains(r#"<a href="/taxi/orders/1/history">history</a>"#), "{page}");
}

#[tokio::test]
async fn customers_see_the_past_of_what_is_theirs_and_staff_sees_all() {
    let server = Taxi::guarded();
    let (kim, lee) = (server.of("kim", &[]), server.of("lee", &[]));
    let staff = server.of("park", &["taxi/dispatcher"]);
    let number = kim.order("Kim").await;
    let paths = ["?at=1", "?at=9", "/history", "/history?page=9"]
        .map(|rest| format!("/taxi/orders/{number}{rest}"));
    for path in &paths {
        assert_eq!(server.get(path).await.status, 401, "{path}");
        assert_eq!(lee.get(path).await.status, 404, "{path}");
        let status = if path.ends_with("at=9") { 400 } else { 200 };
        assert_eq!(kim.get(path).await.status, status, "{path}");
        assert_eq!(staff.get(path).await.status, status, "{path}");
    }
    let records = records(&kim, number, "").await;
    let issuer = json!({"role": "client", "name": "kim", "subject": "kim", "as": "customer"});
    assert_eq!(records[0]["issuer"], issuer);
}
