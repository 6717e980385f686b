//! The limit per client: of a subject with a token, of an address without.

use crate::{Taxi, header, json_of, sent};
use madang::config::Config;
use reqwest::{Response, StatusCode};
use std::path::Path;

/// Two requests at once, and one more each 1,000 s.
fn limited(config: &mut Config) {
    config.http.client_rate_per_s = 1;
    config.http.client_burst = 3;
}

fn with_identity(config: &mut Config, folder: &Path) {
    let secret = folder.join("secret");
    std::fs::write(&secret, SECRET).expect("the folder");
    config.identity.secret_file = Some(secret);
    limited(config);
}

const SECRET: &str =
    "a-secret-of-the-tests-with-more-than-64-bytes-so-that-it-is-accepted-as-a-key";

async fn spent(taxi: &Taxi, token: &str) -> Response {
    for _ in 0..100 {
        let answer = sent(taxi.request("GET", "/taxi/orders").bearer_auth(token)).await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            return answer;
        }
    }
    panic!("there is no limit");
}

#[tokio::test]
async fn a_client_is_told_its_quota_and_refused_beyond_it() {
    let taxi = Taxi::start(limited);
    let answer = taxi.get("/taxi/orders").await;
    assert_eq!(header(&answer, "ratelimit-policy"), Some("\"client\";q=3;w=3"));
    assert_eq!(header(&answer, "ratelimit"), Some("\"client\";r=2;t=1"));
    let unlimited = taxi.get("/actuator/health").await;
    assert_eq!(header(&unlimited, "ratelimit"), None, "operators are not limited");

    let refused = loop {
        let answer = taxi.get("/taxi/orders").await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            break answer;
        }
    };
    assert!(header(&refused, "ratelimit").unwrap().starts_with("\"client\";r=0;t="));
    assert!(header(&refused, "retry-after").is_some());
    let problem = json_of(refused).await;
    assert_eq!(problem["type"], "/problems/quota-exceeded");
    assert_eq!(problem["violated-policies"][0], "client");
    assert_eq!(taxi.get("/problems/quota-exceeded").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn without_a_rate_nothing_is_said_about_it() {
    let taxi = Taxi::start(|_| ());
    assert_eq!(header(&taxi.get("/taxi/orders").await, "ratelimit"), None);
}

#[tokio::test]
async fn refused_tokens_are_limited_by_address_and_leave_other_clients_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let taxi = Taxi::start(|config| with_identity(config, folder.path()));
    let refused = spent(&taxi, "not.a.token").await;
    let problem = json_of(refused).await;
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("were refused"), "{detail}");
    // The same address without a token has a bucket of its own.
    let anonymous = taxi.get("/taxi/orders").await;
    assert_eq!(anonymous.status(), StatusCode::UNAUTHORIZED);
    // A foreign page is refused before its token is looked at.
    let foreign = taxi.order().bearer_auth("not.a.token").header("Origin", "https://b.example");
    assert_eq!(sent(foreign).await.status(), StatusCode::FORBIDDEN);
}
