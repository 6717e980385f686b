//! Views are searched by every declared field.

use super::Reader;
use serde_json::json;

#[tokio::test]
async fn every_field_is_a_parameter_in_either_spelling() {
    let reader = Reader::start();
    for name in ["Jung", "Kim", "Jung"] {
        reader.call(name).await;
    }
    let at = reader.call("Lee").await;
    let found = async |query: &str| {
        let answered = reader.get(&format!("/taxi/mypages?{query}&at-least={at}")).await;
        assert_eq!(answered.status, 200, "{query}: {}", answered.text);
        answered.numbers("mypages")
    };
    assert_eq!(found("name=Jung").await, [1, 3]);
    assert_eq!(found("order_id=2").await, [2]);
    assert_eq!(found("orderId_from=2&order_id_to=3").await, [2, 3]);
    assert_eq!(found("name=Jung&id_from=2").await, [3]);
    assert_eq!(
        found("called_at_from=2020-01-01T00:00:00Z&sort=name,desc&sort=id,asc").await,
        [4, 2, 1, 3]
    );
    assert_eq!(found("calledAt_to=1000").await, [0; 0]);
    assert_eq!(found("size=2&page=1&sort=id,desc").await, [2, 1]);
}

#[tokio::test]
async fn an_unknown_search_field_is_refused_with_the_known_ones() {
    let reader = Reader::start();
    for query in ["colour=red", "name_from=A", "id=many", "called_at=noon", "sort=fare", "size=201"]
    {
        let answered = reader.get(&format!("/taxi/mypages?{query}")).await;
        assert_eq!(answered.status, 400, "{query}");
        assert_eq!(answered.body["type"], "/problems/bad-query", "{query}");
    }
    let answered = reader.get("/taxi/mypages?colour=red").await;
    let detail = answered.body["detail"].as_str().unwrap_or_default().to_owned();
    assert!(detail.contains("`orderId`") && detail.contains("_from"), "{detail}");
    let listed = reader.get("/taxi/mypages/search").await;
    let time = json!({
        "name": "calledAt",
        "kind": "time",
        "parameters": ["calledAt", "calledAt_from", "calledAt_to"],
    });
    assert!(listed.body["fields"].as_array().is_some_and(|fields| fields.contains(&time)));
}
