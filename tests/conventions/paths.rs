//! What holds for every path: `HEAD` wherever `GET`, `OPTIONS` everywhere, and an index of each
//! business.

use crate::{Taxi, header, json_of, sent};
use reqwest::StatusCode;
use serde_json::{Value, json};

/// Paths of each kind that can be read, and their `Allow`.
const READ: &str = "OPTIONS, GET, HEAD";
const READABLE: [(&str, &str); 21] = [
    ("/", READ),
    ("/taxi", READ),
    ("/taxi/orders", "OPTIONS, GET, HEAD, POST"),
    ("/taxi/orders/1", "OPTIONS, GET, HEAD, PUT, PATCH"),
    ("/orders", "OPTIONS, GET, HEAD, POST"),
    ("/taxi/mypages", READ),
    ("/taxi/mypages/1", READ),
    ("/taxi/mypages/search", READ),
    ("/taxi/conversations/1", READ),
    ("/events", READ),
    ("/actuator/health", READ),
    ("/actuator/health/liveness", READ),
    ("/actuator/health/readiness", READ),
    ("/problems/not-found", READ),
    ("/admin/components", READ),
    ("/admin/components/taxi/sms", READ),
    ("/admin/gates", READ),
    ("/admin/gates/taxi/payment", "OPTIONS, GET, HEAD, PUT, DELETE"),
    ("/admin/log", READ),
    ("/admin/quarantine", READ),
    ("/metrics", READ),
];

#[tokio::test]
async fn head_is_possible_wherever_get_is_and_options_everywhere() {
    let taxi = Taxi::start(|_| ());
    let order = sent(taxi.order()).await;
    let position = header(&order, "x-madang-position").expect("a position").to_owned();
    let reached = taxi.get(&format!("/taxi/mypages/1?at-least={position}")).await;
    assert_eq!(reached.status(), StatusCode::OK);
    for (path, allow) in READABLE {
        for accept in ["*/*", "text/html"] {
            let got = sent(taxi.request("GET", path).header("Accept", accept)).await;
            let head = sent(taxi.request("HEAD", path).header("Accept", accept)).await;
            assert_eq!((got.status(), head.status()), (StatusCode::OK, StatusCode::OK), "{path}");
            assert_eq!(header(&got, "content-type"), header(&head, "content-type"), "{path}");
            assert!(header(&head, "content-length").is_some(), "{path}");
            assert_eq!(head.bytes().await.unwrap().len(), 0, "{path}");
        }
        let options = sent(taxi.request("OPTIONS", path)).await;
        assert_eq!(options.status(), StatusCode::NO_CONTENT, "{path}");
        assert_eq!(header(&options, "allow"), Some(allow), "{path}");
        if allow.contains("DELETE") {
            continue;
        }
        let deleted = sent(taxi.request("DELETE", path)).await;
        assert_eq!(deleted.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(header(&deleted, "allow"), Some(allow), "{path}");
    }
    for path in ["/taxi/orders/1/cancel", "/admin/components/taxi/sms/suspend", "/admin/faults"] {
        let options = sent(taxi.request("OPTIONS", path)).await;
        assert_eq!(header(&options, "allow"), Some("OPTIONS, POST"), "{path}");
    }
    assert_eq!(sent(taxi.request("OPTIONS", "/taxi/nothing")).await.status(), 404);
}

#[tokio::test]
async fn a_business_says_what_it_has() {
    let taxi = Taxi::start(|_| ());
    let shown = json_of(taxi.get("/taxi").await).await;
    assert_eq!(shown["business"], "taxi");
    let named = |list: &Value, name: &str| {
        let list = list.as_array().expect("a list");
        list.iter().find(|one| one["name"] == name).expect("it is listed").clone()
    };
    let cancel = named(&named(&shown["resources"], "orders")["commands"], "cancel");
    let path = "/taxi/orders/{number}/cancel";
    assert_eq!(cancel, json!({ "name": "cancel", "method": "POST", "path": path }));
    let called_at = named(&named(&shown["views"], "mypages")["fields"], "calledAt");
    assert_eq!(called_at["kind"], "time");
    let links = shown["_links"].as_object().expect("links");
    for (name, link) in links.iter().filter(|(_, link)| link["templated"] != true) {
        let href = link["href"].as_str().expect("a path");
        assert_eq!(taxi.get(href).await.status(), StatusCode::OK, "{name}");
    }
    let index = json_of(taxi.get("/").await).await;
    assert_eq!(index["_links"]["taxi"]["href"], "/taxi");
    assert_eq!(index["_links"]["taxi/orders"]["href"], "/taxi/orders");

    let page = sent(taxi.request("GET", "/taxi").header("Accept", "text/html")).await;
    let page = page.text().await.expect("a page");
    for href in ["/taxi/orders", "/taxi/mypages", "/taxi/mypages/search", "/events?business=taxi"] {
        assert!(page.contains(&format!("href=\"{href}\"")), "{href}: {page}");
    }
    assert_eq!(taxi.get("/nothing").await.status(), 404);
}
