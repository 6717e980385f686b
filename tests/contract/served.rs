//! The server answers with its documents and their browser, and every described path is served.

use super::{contract, support::client, support::inside::Running};
use reqwest::Method;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_are_served_as_the_command_prints_them() {
    let data = tempfile::tempdir().expect("a folder");
    let running = Running::serve(data.path(), |_| {}, madang::shipped);
    let at = format!("http://{}", running.address);
    for (path, expected) in contract().documents() {
        let answer = client().get(format!("{at}{path}")).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.json::<Value>().await.expect("json"), expected, "{path}");
    }
    for (method, path, status) in [
        (Method::HEAD, "/openapi.json", 200),
        (Method::OPTIONS, "/openapi.json", 204),
        (Method::POST, "/openapi.json", 405),
        (Method::GET, "/nowhere/openapi.json", 404),
        (Method::GET, "/docs", 200),
        (Method::GET, "/docs/", 200),
        (Method::GET, "/docs/start.js", 200),
        (Method::GET, "/docs/../Cargo.toml", 404),
        (Method::GET, "/docs2", 404),
    ] {
        let answer = client().request(method.clone(), format!("{at}{path}")).send().await;
        assert_eq!(answer.expect("an answer").status(), status, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_business_that_is_not_served_is_not_in_the_contract() {
    let running = Running::start(|_| {});
    let at = format!("http://{}", running.address);
    let answer = client().get(format!("{at}/openapi.json")).send().await.expect("an answer");
    let document: Value = answer.json().await.expect("json");
    let paths = document["paths"].as_object().expect("paths");
    assert!(paths.contains_key("/taxi/orders") && !paths.contains_key("/phone/orders"));
}

/// A path whose parts in braces are replaced by ones that exist nowhere.
fn filled(path: &str) -> String {
    path.replace("{number}", "999999").replace("{name}", "nothing").replace("{key}", "nothing")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_described_path_is_served_with_every_described_method() {
    let data = tempfile::tempdir().expect("a folder");
    let running = Running::serve(data.path(), |_| {}, madang::shipped);
    let document = contract().openapi(None).expect("a document");
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            // The authorization server is configured in other tests.
            if operation["tags"][0] == "identity" {
                continue;
            }
            let url = format!("http://{}{}", running.address, filled(path));
            let verb: Method = method.to_uppercase().parse().expect("a method");
            let sent = client().request(verb, url).header("content-type", "application/json");
            let answer = sent.body("{}").send().await.expect("an answer");
            let status = answer.status().as_u16().to_string();
            assert_ne!(status, "405", "{method} {path}");
            let known = &operation["responses"][&status];
            assert!(!known.is_null(), "{method} {path} answers {status}");
            if status == "404" {
                let problem: Value = answer.json().await.expect("a problem");
                assert_eq!(problem["type"], "/problems/not-found", "{method} {path}");
            }
        }
    }
}
