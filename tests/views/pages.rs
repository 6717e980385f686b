//! Every answer to a read is a page for a browser.

use super::{Answered, Reader};
use crate::support::{
    inside::Running,
    markup::{self, Tag},
};
use reqwest::Method;
use serde_json::json;
use std::{
    collections::{BTreeSet, VecDeque},
    time::{Duration, Instant},
};

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// The ride below ends within milliseconds. The rest is for a busy machine.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// The tags of a page, which must be one by all its headers.
fn tags_of(path: &str, page: &Answered) -> Vec<Tag> {
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
    assert!(page.header("vary").starts_with("Accept"), "{path}");
    assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(page.header("etag"), "", "{path}");
    let policy = page.header("content-security-policy");
    let parts = ["default-src 'none'", "form-action 'none'", "frame-ancestors 'none'"];
    assert!(parts.iter().all(|part| policy.contains(part)), "{path}: {policy}");
    let tags = markup::tags(&page.text);
    let tags = tags.unwrap_or_else(|reason| panic!("{path}: {reason}: {}", page.text));
    for name in ["script", "form", "img", "link", "iframe"] {
        assert!(tags.iter().all(|tag| tag.name != name), "{path}: <{name}>");
    }
    tags
}

/// The links of a page. Those within the page must lead to an element of it.
fn links_of(path: &str, tags: &[Tag]) -> Vec<String> {
    let hrefs = tags.iter().filter_map(|tag| tag.attribute("href"));
    let has = |id: &str| tags.iter().any(|tag| tag.attribute("id") == Some(id));
    let mut links = Vec::new();
    for href in hrefs.map(|href| href.replace("&amp;", "&")) {
        let (before, id) = href.split_once('#').unwrap_or((&href, ""));
        let is_inside = before.is_empty() || before == path;
        assert!(!is_inside || id.is_empty() || has(id), "{path}: {href}");
        if !before.is_empty() {
            links.push(before.to_owned());
        }
    }
    links
}

/// Follows every link from this page. Returns the paths of all pages.
async fn crawl(reader: &Reader, from: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::from([from.to_owned()]);
    let mut queue = VecDeque::from([from.to_owned()]);
    while let Some(path) = queue.pop_front() {
        let page = reader.get_as(&path, BROWSER).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        for link in links_of(&path, &tags_of(&path, &page)) {
            if found.insert(link.clone()) {
                queue.push_back(link);
            }
        }
    }
    found
}

/// Calls taxis under names that look like markup. The ride of the first call is confirmed.
async fn ride(reader: &Reader) {
    let taxi = json!({"taxiName": "a", "companyName": "b", "stockCnt": 5, "itemPrice": 4_900});
    assert_eq!(reader.post("/taxi/taxis", taxi).await.status, 201);
    for name in ["Kim & <b>Co</b>", "\"><script>alert(1)</script>", "' onclick='x"] {
        reader.call(name).await;
    }
    let begin = Instant::now();
    loop {
        let body = json!({"status": "confirmed", "taxiId": 1});
        let request = reader.request(Method::PATCH, "/taxi/reservations/1").json(&body);
        if Answered::of(request).await.status == 200 {
            return;
        }
        assert!(begin.elapsed() < ENDS_WITHIN, "the reservation is never there");
    }
}

#[tokio::test]
async fn every_link_from_the_index_leads_to_a_page() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let running = Running::serve(data.path(), |_| {}, madang::shipped);
    let reader = Reader { running, client: crate::support::client() };
    ride(&reader).await;
    let found = crawl(&reader, "/").await;
    for path in [
        "/taxi/orders",
        "/taxi/orders/3",
        "/taxi/taxis/1",
        "/taxi/mypages/2",
        "/taxi/mypages/search",
        "/taxi/mypages?page=0&size=20&sort=calledAt,asc",
        "/taxi/conversations/1",
        "/education/mypages",
        "/admin/components/taxi/sms",
        "/admin/gates/taxi/payment",
        "/admin/log",
        "/admin/quarantine",
        "/actuator/health",
    ] {
        assert!(found.contains(path), "{path} is not among {found:#?}");
    }
}

#[tokio::test]
async fn pages_of_a_business_at_the_root_link_to_each_other() {
    let reader = Reader::start();
    ride(&reader).await;
    let found = crawl(&reader, "/orders/1").await;
    for path in ["/orders", "/orders/2", "/conversations/1", "/reservations/1"] {
        assert!(found.contains(path), "{path} is not among {found:#?}");
    }
}

#[tokio::test]
async fn the_page_of_an_order_shows_its_fields_commands_and_history() {
    let reader = Reader::start();
    ride(&reader).await;
    let page = reader.get_as("/taxi/orders/1", BROWSER).await;
    let at = |text: &str| page.text.find(text).unwrap_or_else(|| panic!("{text}: {}", page.text));
    assert!(at("<a href=\"/taxi/orders\">orders</a>") < at("<h1>taxi/orders/1</h1>"));
    let field = "<th scope=\"row\">name</th><td dir=\"auto\">Kim &amp; &lt;b&gt;Co&lt;/b&gt;</td>";
    assert!(at(field) < at("<code>POST /taxi/orders/1/cancel</code>"));
    assert!(at("<code>POST") < at("<h2>History: conversation 1</h2>"));
    assert!(at("<h2>History") < at(">Called</td>") && at(">Called</td>") < at(">Paid</td>"));
    assert!(at("<time datetime=\"20") < at("<h2>Waiting sagas</h2>"));
    assert!(page.text.contains("<a href=\"/taxi/conversations/1\">"));
    assert!(!page.text.contains("<b>Co"));
}

#[tokio::test]
async fn an_aggregate_without_a_record_in_the_conversation_of_its_number_has_no_history() {
    let reader = Reader::start();
    let taxi = json!({"taxiName": "a", "companyName": "b", "stockCnt": 5, "itemPrice": 4_900});
    assert_eq!(reader.post("/taxi/taxis", taxi).await.status, 201);
    reader.call("Jung").await;
    let page = reader.get_as("/taxi/taxis/1", BROWSER).await;
    assert!(page.status == 200 && !page.text.contains("History"), "{}", page.text);
}

#[tokio::test]
async fn a_problem_is_a_page_with_its_status() {
    let reader = Reader::start();
    reader.call("Jung").await;
    for (path, status, text) in [
        ("/nope", 404, "nothing is served at /nope"),
        ("/taxi/orders/999", 404, "there is no taxi/orders 999"),
        ("/taxi/orders?colour=red", 400, "`colour` is not a parameter here"),
        ("/taxi/orders/1/cancel", 405, "GET is not possible here"),
        ("/admin/gates/nope", 404, "there is no gate nope"),
        ("/%3Cscript%3E", 404, "/%3Cscript%3E"),
    ] {
        let page = reader.get_as(path, BROWSER).await;
        assert_eq!(page.status, status, "{path}");
        let links = links_of(path, &tags_of(path, &page));
        assert!(links.iter().any(|link| link.starts_with("/problems/")), "{path}: {links:?}");
        assert!(page.text.contains(text), "{path}: {}", page.text);
        let json = reader.get(path).await;
        assert_eq!(json.header("content-type"), "application/problem+json", "{path}");
        assert!(json.header("vary").starts_with("Accept"), "{path}");
        assert_eq!(json.status, page.status, "{path}");
        assert_eq!(json.header("allow"), page.header("allow"), "{path}");
    }
}

#[tokio::test]
async fn a_page_says_when_the_history_cannot_be_read_now() {
    let running = Running::start(|config| config.http.wait_max_ms = 50);
    let reader = Reader { running, client: crate::support::client() };
    assert_eq!(reader.post("/admin/components/conversations/suspend", json!({})).await.status, 200);
    reader.call("Jung").await;
    let page = reader.get_as("/taxi/orders/1", BROWSER).await;
    assert!(page.status == 200 && page.text.contains("<h2>History</h2>"), "{}", page.text);
    let path = "/taxi/conversations/1";
    let conversation = reader.get_as(path, BROWSER).await;
    assert_eq!(conversation.status, 503, "{}", conversation.text);
    tags_of(path, &conversation);
    let seconds = conversation.header("retry-after");
    assert!(!seconds.is_empty(), "{:?}", conversation.headers);
    assert!(conversation.text.contains(&format!("Try again in {seconds} s.")));
}

#[tokio::test]
async fn only_reads_of_clients_that_prefer_html_are_answered_with_pages() {
    let reader = Reader::start();
    reader.call("Jung").await;
    let paths = ["/", "/taxi/orders", "/taxi/orders/1", "/taxi/mypages", "/taxi/mypages/search"];
    let others = ["/taxi/conversations/1", "/admin/components", "/actuator/health", "/admin/log"];
    for path in paths.iter().chain(&others) {
        for accept in ["*/*", "application/json", "text/html;q=0.5, application/json"] {
            let json = reader.get_as(path, accept).await;
            assert!(json.body.is_object() && json.header("content-type").ends_with("json"));
            assert!(json.header("vary").starts_with("Accept"), "{path}");
        }
    }
    let order = json!({ "orderType": "basic", "name": "Jung" });
    let request = reader.request(Method::POST, "/taxi/orders").header("Accept", BROWSER);
    let created = Answered::of(request.json(&order)).await;
    assert!(created.status == 201 && created.body["id"] == 2, "{}", created.text);
    let request = reader.request(Method::POST, "/taxi/orders/9/cancel").header("Accept", BROWSER);
    assert_eq!(Answered::of(request).await.header("content-type"), "application/problem+json");
    let chosen = reader.get_as("/taxi/conversations/1?as=json", BROWSER).await;
    assert_eq!(chosen.body["number"], 1, "{}", chosen.text);
    let chosen = reader.get_as("/taxi/conversations/1?as=text", BROWSER).await;
    assert_eq!(chosen.header("content-type"), "text/plain; charset=utf-8");
}

#[tokio::test]
async fn the_page_of_an_aggregate_is_never_answered_as_unchanged() {
    let reader = Reader::start();
    reader.call("Jung").await;
    let version = reader.get("/taxi/orders/1").await.header("etag").to_owned();
    assert!(!version.is_empty());
    let asked = |accept: &str| {
        let request = reader.request(Method::GET, "/taxi/orders/1").header("Accept", accept);
        Answered::of(request.header("If-None-Match", version.clone()))
    };
    assert_eq!(asked("*/*").await.status, 304);
    assert_eq!(asked(BROWSER).await.status, 200);
}
