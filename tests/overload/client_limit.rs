//! One client exceeds its rate while all other clients are served.

use crate::{
    desk::desk,
    site::{Site, is_problem, until},
};
use reqwest::{Method, RequestBuilder};

const TOO_LARGE: usize = 65 * 1024;

fn site() -> Site {
    Site::of(desk, |config| {
        config.http.client_rate_per_s = 1;
        config.http.client_burst = 2;
        config.http.trusted_proxies = vec!["127.0.0.1".parse().expect("an address")];
    })
}

/// A request whose client address comes from the proxy.
fn from(client: &str, request: RequestBuilder) -> RequestBuilder {
    request.header("X-Forwarded-For", client)
}

#[tokio::test]
async fn a_client_above_its_rate_is_refused_while_another_is_served() {
    let site = site();
    let told = until(async || {
        let asked = from("10.0.0.1", site.request(Method::GET, "/desk/tickets")).send().await;
        let asked = asked.expect("an answer");
        (asked.status() != 200).then_some(asked)
    })
    .await;
    let told = is_problem(told, 429, "quota-exceeded").await;
    assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("client")), "{told}");
    assert_eq!(told["gate"], "http/clients");
    let other = from("10.0.0.2", site.request(Method::POST, "/desk/tickets"));
    assert_eq!(other.json(&serde_json::json!({})).send().await.expect("an answer").status(), 201);
    for _ in 0..5 {
        let health = from("10.0.0.1", site.request(Method::GET, "/actuator/health"));
        assert_eq!(health.send().await.expect("an answer").status(), 200, "operators are served");
    }
}

#[tokio::test]
async fn a_client_above_its_rate_is_refused_before_its_body_is_read() {
    let site = site();
    let told = until(async || {
        let asked = from("10.0.0.1", site.request(Method::POST, "/desk/tickets"));
        let asked = asked
            .header("Content-Type", "application/json")
            .body(" ".repeat(TOO_LARGE))
            .send()
            .await
            .expect("an answer");
        (asked.status() != 413).then_some(asked)
    })
    .await;
    is_problem(told, 429, "quota-exceeded").await;
}
