//! A view whose rows build on each other continues where it was when the server was killed.

use crate::support::{
    client,
    process::{Server, assert_verified},
};
use reqwest::Client;
use serde_json::{Value, json};

#[tokio::test]
async fn the_balance_of_points_goes_on_after_every_kill() {
    let (data, client) = (tempfile::tempdir().unwrap(), client());
    for round in 1..=3 {
        let server = Server::start(data.path(), None);
        for _ in 0..2 {
            let order = json!({"item": "GX Note99", "qty": 1, "price": 1_000, "customerId": 7});
            let request = client.post(server.url("/phone/orders")).json(&order);
            assert_eq!(request.send().await.unwrap().status(), 201);
        }
        let balances = balances(&client, &server, 2 * round).await;
        let expected: Vec<u64> = (1..=2 * round).map(|orders| 100 * orders).collect();
        assert_eq!(balances, expected);
        server.kill();
    }
    assert_verified(data.path());
}

/// The balance in each row, once there are this many rows.
async fn balances(client: &Client, server: &Server, rows: u64) -> Vec<u64> {
    loop {
        let request = client.get(server.url("/phone/pointHistories?sort=id,asc"));
        let page: Value = request.send().await.unwrap().json().await.unwrap();
        if page["page"]["totalElements"] == rows {
            let rows = page["_embedded"]["pointHistories"].as_array().unwrap();
            return rows.iter().filter_map(|row| row["balance"].as_u64()).collect();
        }
    }
}
