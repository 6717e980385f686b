//! A view is a table for clients that prefer HTML.

use super::Reader;
use madang::http::PositionToken;
use reqwest::Method;
use serde_json::json;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn a_browser_gets_a_table_and_other_clients_get_json() {
    let reader = Reader::start();
    let at = reader.call("Jung").await;
    let path = format!("/taxi/mypages?at-least={at}");
    let page = reader.get_as(&path, BROWSER).await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("vary").starts_with("Accept"));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let at = |text: &str| page.text.find(text).unwrap_or_else(|| panic!("{text}: {}", page.text));
    assert!(at(">id</a>") < at(">orderId</a>") && at(">orderId</a>") < at(">reservationId</th>"));
    assert!(at("<td data-label=\"name\" dir=\"auto\">Jung</td>") < at("page 1 of 1, 1 row<"));
    for accept in ["*/*", "application/json", "text/html;q=0.5, application/json", "text/html;q=0"]
    {
        let answered = reader.get_as(&path, accept).await;
        assert_eq!(answered.numbers("mypages"), [1], "{accept}");
        assert!(answered.header("vary").starts_with("Accept"));
    }
}

#[tokio::test]
async fn the_links_of_a_table_lead_to_its_other_pages_and_orders() {
    let reader = Reader::start();
    let mut at = PositionToken(0);
    for name in ["Jung", "Kim & Co", "Kim & Co", "Kim & Co"] {
        at = reader.call(name).await;
    }
    let path = format!("/taxi/mypages?name=Kim%20%26%20Co&size=1&page=1&at-least={at}");
    let page = reader.get_as(&path, BROWSER).await;
    let links: Vec<String> = page
        .text
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('"')?.0.replace("&amp;", "&")))
        .filter(|link| link.starts_with("/taxi/mypages?"))
        .collect();
    assert!(links.len() > 5, "{links:?}");
    for link in &links {
        let followed = reader.get_as(link, BROWSER).await;
        assert_eq!(followed.status, 200, "{link}");
        assert!(
            followed.text.contains("Kim &amp; Co") && !followed.text.contains("Jung"),
            "{link}"
        );
    }
    assert!(links.iter().any(|link| link.contains("page=2")));
    assert!(links.iter().any(|link| link.contains("sort=calledAt,asc")));
}

#[tokio::test]
async fn the_name_of_a_customer_is_always_text() {
    let reader = Reader::start();
    let mut at = PositionToken(0);
    let names = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "&lt;b&gt; &#60;b&#62;",
        "\u{1b}[31mred\u{0}\u{7}\u{9b}",
        "\u{202e}gnuJ\u{2066}",
        "</td></table><h1>",
        "정 Ünïcödé שלום",
    ];
    for name in names {
        at = reader.call(name).await;
    }
    let page = reader.get_as(&format!("/taxi/mypages?at-least={at}"), BROWSER).await.text;
    for evil in ["<script", "<img", "onerror=alert(1)>", "<h1><", "' on", "\u{202e}", "\u{2066}"] {
        assert!(!page.contains(evil), "{evil}");
    }
    assert!(!page.chars().any(|c| c.is_control() && c != '\n'));
    assert_eq!(page.matches("<tr>").count(), names.len() + 1);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("&amp;lt;b&amp;gt; &amp;#60;b&amp;#62;"));
    assert!(page.contains("\\u{1b}[31mred\\u{0}\\u{7}\\u{9b}") && page.contains("\\u{202e}gnuJ"));
    assert!(page.contains("정 Ünïcödé שלום"));
    // The query is shown in links, and stays a query there.
    let evil = "%22%3E%3Cscript%3E";
    let page = reader.get_as(&format!("/taxi/mypages?name={evil}&size=1"), BROWSER).await;
    assert!(page.status == 200 && !page.text.contains("<script"));
    let sorted = reader.get_as(&format!("/taxi/mypages?sort={evil}"), BROWSER).await;
    assert_eq!(sorted.status, 400);
    assert!(!sorted.text.contains("<script") && sorted.text.contains("&lt;script"));
}

#[tokio::test]
async fn an_empty_view_is_a_page_without_rows() {
    let reader = Reader::start();
    let page = reader.get_as("/taxi/mypages?page=7", BROWSER).await;
    assert!(page.status == 200 && page.text.contains("page 8 of 0, 0 rows"));
    let head = reader.request(Method::HEAD, "/taxi/mypages").header("Accept", "text/html");
    assert_eq!(head.send().await.expect("an answer").status(), 200);
    let taxi = json!({"taxiName": "a", "companyName": "b", "stockCnt": 1, "itemPrice": 1});
    assert_eq!(reader.post("/taxi/taxis", taxi).await.status, 201);
}
