//! The browser for the contract in a real browser: shown, and able to send a request.

use super::{HANG, devtools::Devtools, started};
use crate::programs::has;
use std::time::Instant;

/// The width of a small laptop, in CSS pixels.
const LAPTOP: u32 = 1_280;

/// The groups of operations of all businesses, at least.
const GROUPS_MIN: u64 = 40;

#[test]
fn the_contract_is_shown_without_another_server_and_sends_an_order() {
    if !has("chromium") || !has("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = started(folder.path(), &[]);
    let mut browser = Devtools::start(folder.path(), LAPTOP);
    browser.open(&server.url("/docs"));
    let groups = "document.querySelectorAll('.opblock-tag').length";
    until(|| browser.value(groups).as_u64().is_some_and(|groups| groups >= GROUPS_MIN));
    let elsewhere = "performance.getEntriesByType('resource').map(entry => entry.name)
        .filter(name => !name.startsWith(location.origin) && !name.startsWith('data:'))";
    assert_eq!(browser.value(elsewhere), serde_json::json!([]), "another server is asked");
    // The policy of the page lets it send requests to this server.
    let order = "(() => {
        const request = new XMLHttpRequest();
        request.open('POST', '/taxi/orders', false);
        request.setRequestHeader('Content-Type', 'application/json');
        request.send('{\"orderType\":\"basic\"}');
        return request.status;
    })()";
    assert_eq!(browser.value(order), 201);
    drop(browser);
    assert!(server.terminate().success());
}

/// Repeats a question to the page until it is answered with yes.
#[track_caller]
fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < HANG, "the page does not get there");
        std::thread::yield_now();
    }
}
