//! Pages of the feed.

use super::{all, id, order, page};
use crate::support::{client, inside::Running};
use serde_json::Value;

#[tokio::test]
async fn a_page_has_the_events_in_the_order_of_the_journal_as_cloud_events() {
    let (app, client) = (Running::start(|_| {}), client());
    order(&client, app.address, "Kim").await;
    let (events, _) = page(&client, app.address, "/events?aggregate=orders").await;
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["taxi.orders.Called", "taxi.orders.Paid"]);
    let called = &events[0];
    for (name, expected) in [
        ("specversion", "1.0"),
        ("source", "/taxi/orders/1"),
        ("datacontenttype", "application/json"),
        ("correlation", "/taxi/conversations/1"),
    ] {
        assert_eq!(called[name], expected);
    }
    assert_eq!(called["aggregateversion"], 1);
    assert_eq!(called["data"]["customer"]["name"], "Kim");
    assert_eq!(called["data"]["card_no"], "", "a card number is masked");
}

#[tokio::test]
async fn the_next_page_goes_on_after_the_last_event_with_the_same_filter() {
    let (app, client) = (Running::start(|_| {}), client());
    for name in ["Kim", "Lee", "Park"] {
        order(&client, app.address, name).await;
    }
    let whole = all(&client, app.address, "/events?size=1000").await;
    for size in [1, 2, 7] {
        let paged = all(&client, app.address, &format!("/events?size={size}")).await;
        assert_eq!(paged[..whole.len()], whole, "size {size}");
    }
    let called = all(&client, app.address, "/events?type=Called&size=1").await;
    let names: Vec<_> = called.iter().map(|event| &event["data"]["customer"]["name"]).collect();
    assert_eq!(names, ["Kim", "Lee", "Park"]);
}

#[tokio::test]
async fn events_are_filtered_by_business_aggregate_number_type_and_conversation() {
    let (app, client) = (Running::start(|_| {}), client());
    let (kim, lee) =
        (order(&client, app.address, "Kim").await, order(&client, app.address, "Lee").await);
    let sources = async |filter: String| {
        let events = all(&client, app.address, &format!("/events?{filter}")).await;
        let mut sources: Vec<_> =
            events.iter().map(|event| event["source"].as_str().unwrap().to_owned()).collect();
        sources.dedup();
        sources
    };
    let of_kim = sources(format!("aggregate=orders&number={kim}")).await;
    assert_eq!(of_kim, [format!("/taxi/orders/{kim}")]);
    let paid = sources("business=taxi&type=taxi.orders.Paid".to_owned()).await;
    assert_eq!(paid, [format!("/taxi/orders/{kim}"), format!("/taxi/orders/{lee}")]);
    let of_conversation = sources(format!("correlation={lee}")).await;
    assert!(of_conversation.iter().all(|source| source.ends_with(&format!("/{lee}"))));
    assert!(of_conversation.len() > 3, "{of_conversation:?}");
}

#[tokio::test]
async fn a_page_without_links_is_a_batch_of_cloud_events() {
    let (app, client) = (Running::start(|_| {}), client());
    order(&client, app.address, "Kim").await;
    let batch = "application/cloudevents-batch+json";
    let request = client.get(format!("http://{}/events", app.address)).header("Accept", batch);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], batch);
    let position = answer.headers()["x-madang-position"].to_str().unwrap().to_owned();
    let events: Value = answer.json().await.unwrap();
    let last = events.as_array().unwrap().last().expect("some events").clone();
    assert_eq!(last["specversion"], "1.0");
    let rest = all(&client, app.address, &format!("/events?after={position}")).await;
    assert!(rest.iter().all(|event| id(event) != id(&last)), "it goes on after the batch");
}

#[tokio::test]
async fn an_invalid_filter_position_or_method_is_refused_with_the_reason() {
    let (app, client) = (Running::start(|_| {}), client());
    let url = |query: &str| format!("http://{}/events{query}", app.address);
    for (query, reason) in [
        ("?colour=red", "`colour` is not a parameter here"),
        ("?business=bakery", "there is no business `bakery`"),
        ("?aggregate=loaves", "there are no aggregates `loaves`"),
        ("?after=41", "not a position from this server"),
        ("?after=0pffffffffff2b", "position"),
        ("?number=x", "not a whole number"),
    ] {
        let answer = client.get(url(query)).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{query}");
        let problem: Value = answer.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(reason), "{query}: {problem}");
    }
    for stale in ["", "x", "0p", "41"] {
        let request = client.get(url("")).header("Last-Event-ID", stale);
        let status = request.send().await.unwrap().status();
        assert_eq!(status, if stale.is_empty() { 200 } else { 400 }, "{stale}");
    }
    let answer = client.post(url("")).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["allow"]),
        (405, &"OPTIONS, GET, HEAD".parse().unwrap())
    );
}
