//! To whom a subscription belongs, and what it shows.

use super::Desk;
use crate::support::inside::Running;
use madang::{config::Config, identity::hash_secret};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{fs, path::Path};

const SECRET: &str = "the secret of the app";

/// A server with the customers kim and lee, a dispatcher and an operator.
fn start(data: &Path) -> Running {
    let accounts = data.join("accounts.toml");
    let hash = hash_secret(SECRET);
    let user = |name: &str, roles: &str| {
        format!("[[user]]\nname = \"{name}\"\npassword_hash = \"{hash}\"\nroles = [{roles}]\n")
    };
    let text = format!(
        "[[client]]\nid = \"app\"\nsecret_hash = \"{hash}\"\nroles = []\ngrants = [\"password\"]\n\
         {}{}{}{}",
        user("kim", ""),
        user("lee", ""),
        user("desk", "\"taxi/dispatcher\""),
        user("boss", "\"admin\""),
    );
    fs::write(&accounts, text).expect("written");
    let change = |config: &mut Config| {
        config.identity.issue = true;
        config.identity.accounts_file = Some(accounts);
    };
    Running::serve(&data.join("data"), change, madang::shipped)
}

async fn known(desk: &Desk, name: &str) -> Desk {
    let form = [("grant_type", "password"), ("username", name), ("password", SECRET)];
    let request = desk.client.post(format!("http://{}/oauth/token", desk.address));
    let answer = request.basic_auth("app", Some(SECRET)).form(&form).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    desk.with_token(answer["access_token"].as_str().expect("a token"))
}

#[tokio::test]
async fn a_subscription_belongs_to_its_creator_and_shows_what_the_creator_may_see() {
    let folder = tempfile::tempdir().unwrap();
    let app = start(folder.path());
    let nobody = Desk::at(app.address);
    let (kim, lee) = (known(&nobody, "kim").await, known(&nobody, "lee").await);
    let (desk, boss) = (known(&nobody, "desk").await, known(&nobody, "boss").await);
    for customer in [&kim, &lee] {
        let order = json!({ "orderType": "basic", "name": "a customer", "phone": "010" });
        assert_eq!(customer.post("/taxi/orders", order).await.0, 201);
    }
    let terms = json!({ "start": "beginning", "filter": { "aggregate": "orders" } });
    assert_eq!(nobody.put("/subscriptions/a", terms.clone()).await.0, 401);
    assert_eq!(kim.put("/subscriptions/a", terms.clone()).await.0, 201);
    assert_eq!(desk.put("/subscriptions/b", terms.clone()).await.0, 201);
    assert_eq!(lee.put("/subscriptions/a", terms).await.0, 403, "the name is taken");
    // Every path is 404 for another subject, and 401 without a token.
    let lease = json!({ "lease": "0123456789abcdef", "events": ["0p06f"] });
    for (method, path, body) in [
        (Method::GET, "", Value::Null),
        (Method::GET, "/parked", Value::Null),
        (Method::POST, "/claim", json!({})),
        (Method::POST, "/ack", lease.clone()),
        (Method::POST, "/release", lease.clone()),
        (Method::POST, "/park", lease),
        (Method::POST, "/parked/replay", json!({ "all": true })),
        (Method::POST, "/parked/drop", json!({ "all": true })),
        (Method::DELETE, "", Value::Null),
    ] {
        let path = format!("/subscriptions/a{path}");
        for stranger in [&lee, &desk] {
            let (status, problem) = stranger.send(method.clone(), &path, &body).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {problem}");
            assert_eq!(problem["detail"], "there is no subscription `a`");
        }
        assert_eq!(nobody.send(method, &path, &body).await.0, StatusCode::UNAUTHORIZED);
    }
    let of = |shown: Value| shown["subscriptions"].as_array().unwrap().len();
    assert_eq!((of(kim.get("/subscriptions").await), of(lee.get("/subscriptions").await)), (1, 0));
    assert_eq!(of(boss.get("/subscriptions").await), 2, "operators see all");
    assert_eq!(boss.get("/subscriptions/a").await["owner"], "kim");
    let (_, claim) = kim.post("/subscriptions/a/claim", json!({})).await;
    let events = claim["events"].as_array().unwrap();
    assert!(!events.is_empty() && events.iter().all(|it| it["source"] == "/taxi/orders/1"));
    let (_, claim) = desk.post("/subscriptions/b/claim", json!({})).await;
    assert_eq!(claim["events"].as_array().unwrap().len(), 2 * events.len(), "staff sees all");
}

#[tokio::test]
async fn a_customer_sends_no_events_to_machines_of_a_private_network() {
    let folder = tempfile::tempdir().unwrap();
    let app = start(folder.path());
    let nobody = Desk::at(app.address);
    let (kim, boss) = (known(&nobody, "kim").await, known(&nobody, "boss").await);
    let terms = json!({ "url": "http://127.0.0.1:9/" });
    let (status, problem) = kim.put("/subscriptions/a", terms.clone()).await;
    assert_eq!(status, 422);
    assert_eq!(problem["detail"], "`url` is an address of this machine or of a private network");
    assert_eq!(boss.put("/subscriptions/a", terms).await.0, 201);
}
