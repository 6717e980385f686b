//! The pages of the server in a real browser: shown, readable, and no wider than a small phone.

use super::{ORDER, chromium, devtools::Devtools, started};
use crate::programs::{curl, has};

/// The width of a small phone, in CSS pixels.
const PHONE: u32 = 360;

#[test]
fn a_table_of_a_view_is_shown_in_a_browser() {
    if !has("chromium") || !has("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = started(folder.path(), &[]);
    let rows = "/taxi/mypages?id=4&at-least=";
    let position = curl("POST", &server.url("/taxi/orders"), ORDER);
    let position = position.head.split("x-madang-position: ").nth(1).expect("a position");
    let position = position.split('\n').next().unwrap_or_default();
    let document = chromium::document(folder.path(), &server.url(&format!("{rows}{position}")));
    assert!(document.contains("<table") && document.contains("Jung"), "{document}");
    assert!(server.terminate().success());
}

#[test]
fn pages_fit_on_a_phone_and_times_are_readable() {
    if !has("chromium") || !has("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = started(folder.path(), &[]);
    let wide = format!(r#"{{"orderType":"basic","name":"{}"}}"#, "W".repeat(60));
    let position = curl("POST", &server.url("/taxi/orders"), &wide);
    let position = position.head.split("x-madang-position: ").nth(1).expect("a position");
    let position = position.split('\n').next().unwrap_or_default();
    let rows = format!("/taxi/mypages?at-least={position}");
    let mut browser = Devtools::start(folder.path(), PHONE);
    let pages = [
        ("/", "madang"),
        ("/taxi/orders", "WWW"),
        ("/taxi/orders/5", "WWW"),
        ("/taxi/conversations/5", "WWW"),
        (&rows, "WWW"),
        ("/taxi/mypages/search", "calledAt_from"),
        ("/admin/gates", "taxi/payment"),
        ("/admin/gates/taxi/payment", "concurrency_max"),
        ("/actuator/health", "journal"),
        ("/taxi/orders/999", "there is no taxi/orders 999"),
    ];
    for (path, text) in pages {
        browser.open(&server.url(path));
        let shown = browser.value("document.querySelector('main').innerText");
        assert!(shown.as_str().is_some_and(|shown| shown.contains(text)), "{path}: {shown}");
        let style = browser.value("getComputedStyle(document.querySelector('ol')).listStyleType");
        assert_eq!(style, "none", "{path}: the policy allows the style");
        let width = browser.value("document.documentElement.scrollWidth");
        assert_eq!(width, PHONE, "{path}");
        let inner = "[...document.querySelectorAll('.scroll')].every(region =>
            region.scrollWidth <= region.clientWidth)";
        assert_eq!(browser.value(inner), true, "{path}: a table scrolls");
    }
    for path in ["/taxi/orders/5", "/taxi/conversations/5", &rows] {
        browser.open(&server.url(path));
        check_times(&mut browser, path);
    }
    drop(browser);
    assert!(server.terminate().success());
}

/// Each time of the open page is on one line, and says the same as its attributes.
fn check_times(browser: &mut Devtools, path: &str) {
    let times = browser.value(
        "[...document.querySelectorAll('time')].map(time =>
            [time.innerText, time.dateTime, time.title, time.getClientRects().length])",
    );
    let times = times.as_array().expect("a list");
    assert!(!times.is_empty(), "{path} shows no time");
    for time in times {
        let text = |nth: usize| time[nth].as_str().unwrap_or_default();
        assert_eq!(text(0).replacen(' ', "T", 1) + "Z", text(1), "{path}");
        assert!(text(2).parse::<u64>().is_ok() && time[3] == 1, "{path}: {time}");
    }
}
