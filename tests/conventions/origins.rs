//! Pages of other origins: CORS and its agreement with the origin policy.

use crate::{Taxi, header, sent};
use reqwest::StatusCode;

const SHOP: &str = "https://shop.example";

fn shop() -> Taxi {
    Taxi::start(|config| config.http.cors_origins = vec![SHOP.to_owned()])
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_asks_commands_and_reads() {
    let taxi = shop();
    let preflight = taxi.request("OPTIONS", "/taxi/orders").header("Origin", SHOP);
    let preflight = preflight.header("Access-Control-Request-Method", "POST");
    let preflight = preflight.header("Access-Control-Request-Headers", "content-type");
    let answer = sent(preflight).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(header(&answer, "access-control-allow-origin"), Some(SHOP));
    let methods = header(&answer, "access-control-allow-methods");
    assert_eq!(methods, Some("OPTIONS, GET, HEAD, POST"));
    assert!(header(&answer, "access-control-allow-headers").unwrap().contains("Content-Type"));

    let order = taxi.order().header("Origin", SHOP).header("Sec-Fetch-Site", "cross-site");
    let answer = sent(order).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(header(&answer, "access-control-allow-origin"), Some(SHOP));
    assert!(header(&answer, "access-control-expose-headers").unwrap().contains("Location"));
    let answer = sent(taxi.request("GET", "/taxi/orders/1").header("Origin", SHOP)).await;
    assert_eq!(header(&answer, "vary"), Some("Accept, Origin"));
    let problem = sent(taxi.request("GET", "/taxi/orders/9").header("Origin", SHOP)).await;
    assert_eq!(header(&problem, "access-control-allow-origin"), Some(SHOP), "it reads problems");
}

#[tokio::test]
async fn a_page_of_another_origin_gets_no_permission_and_commands_nothing() {
    let (taxi, other) = (shop(), "https://other.example");
    let preflight = taxi.request("OPTIONS", "/taxi/orders").header("Origin", other);
    let answer = sent(preflight.header("Access-Control-Request-Method", "POST")).await;
    assert_eq!(header(&answer, "access-control-allow-origin"), None);
    let answer = sent(taxi.order().header("Origin", other)).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert_eq!(header(&answer, "access-control-allow-origin"), None);
    let default = Taxi::start(|_| ());
    let answer = sent(default.request("GET", "/taxi/orders").header("Origin", SHOP)).await;
    assert_eq!(header(&answer, "access-control-allow-origin"), None);
    assert_eq!(header(&answer, "vary"), Some("Accept"));
}

#[tokio::test]
async fn each_answer_tells_browsers_to_take_it_as_it_is() {
    let taxi = Taxi::start(|_| ());
    for path in ["/", "/taxi/orders", "/actuator/health", "/nothing", "/events"] {
        let answer = taxi.get(path).await;
        assert_eq!(header(&answer, "x-content-type-options"), Some("nosniff"), "{path}");
        let policy = header(&answer, "cross-origin-resource-policy");
        assert_eq!(policy, Some("same-origin"), "{path}");
        assert_eq!(header(&answer, "strict-transport-security"), None, "{path}");
    }
    let page = sent(taxi.request("GET", "/").header("Accept", "text/html")).await;
    let policy = header(&page, "content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(header(&page, "referrer-policy"), Some("same-origin"));
}
