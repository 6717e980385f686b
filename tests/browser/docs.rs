//! The browser for the contract in a real browser: shown, and able to send a request.

use super::{devtools::Devtools, started};
use crate::programs::has;

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
    while browser.value(groups).as_u64().is_none_or(|groups| groups < GROUPS_MIN) {
        std::thread::yield_now();
    }
    let elsewhere = "performance.getEntriesByType('resource').map(entry => entry.name)
        .filter(name => !name.startsWith(location.origin) && !name.startsWith('data:'))";
    assert_eq!(browser.value(elsewhere), serde_json::json!([]), "another server is asked");
    // The button "Execute" of the order, which is filled with the example of the contract.
    let press = |selector: &str| {
        format!(
            "(() => {{ const it = document.querySelector(`{selector}`); it?.click(); return !!it }})()"
        )
    };
    let tag = "[id='operations-tag-taxi/orders']";
    let order = "[id='operations-taxi/orders-taxi_orders_call']";
    for step in
        [tag.to_owned(), format!("{order} .opblock-summary-control"), format!("{order} .execute")]
    {
        while browser.value(&press(&step)) != true {
            std::thread::yield_now();
        }
    }
    let answered = format!(
        "document.querySelector(`{order} .responses-table.live-responses-table`)?.innerText ?? ''"
    );
    loop {
        let shown = browser.value(&answered);
        if shown.as_str().is_some_and(|shown| shown.contains("201")) {
            assert!(
                shown.as_str().is_some_and(|shown| shown.contains("\"status\": \"Paid\"")),
                "{shown}"
            );
            break;
        }
        std::thread::yield_now();
    }
    drop(browser);
    assert!(server.terminate().success());
}
