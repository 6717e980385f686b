//! The text of a scrape, and what it counts.

use crate::{
    promtool,
    scrape::{Desk, Scrape},
    support::{client, inside::Running},
};
use serde_json::json;
use std::path::Path;

#[tokio::test]
async fn promtool_finds_no_fault_in_the_figures() {
    let app = Running::start(|_| {});
    let desk = Desk::of(&app);
    assert_eq!(desk.order().await, 201);
    desk.get("/taxi/mypages").await;
    let text = desk.text().await;
    let checked = promtool(&["check", "metrics"], Path::new("."), &text);
    let Some((is_good, said)) = checked else { return };
    assert!(is_good && said.is_empty(), "{said}\n{text}");
}

#[tokio::test]
async fn open_metrics_is_served_to_clients_that_ask_for_it() {
    let app = Running::start(|_| {});
    let request = client().get(format!("http://{}/metrics", app.address));
    let request = request.header("Accept", "application/openmetrics-text;version=1.0.0,*/*;q=0.1");
    let answer = request.send().await.expect("an answer");
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.headers()["content-type"], content_type);
    assert!(answer.headers()["vary"].to_str().expect("text").contains("Accept"));
    let text = answer.text().await.expect("text");
    assert!(text.ends_with("# EOF\n") && text.contains("# TYPE madang_http_requests counter\n"));
}

#[tokio::test]
async fn commands_and_queries_are_counted_by_outcome_and_timed() {
    let app = Running::start(|_| {});
    let desk = Desk::of(&app);
    assert_eq!(desk.order().await, 201);
    assert_eq!(desk.post("/taxi/orders", &json!({ "orderType": 7 })).await.0, 422);
    assert_eq!(desk.post("/taxi/orders/99/cancel", &json!({})).await.0, 404);
    assert_eq!(desk.get("/taxi/mypages").await.0, 200);
    assert_eq!(desk.get("/taxi/mypages/99").await.0, 404);
    let scrape = desk.scrape().await;
    let orders = |outcome| {
        let labels = [("business", "taxi"), ("kind", "orders"), ("outcome", outcome)];
        scrape.sum("madang_commands_total", &labels)
    };
    assert_eq!(orders("ok"), Some(1.0), "{scrape:?}");
    assert_eq!(orders("invalid").unwrap_or_default() + orders("refused").unwrap_or_default(), 2.0);
    assert_eq!(orders("failed"), Some(0.0), "a first failure is a rise from 0");
    let of_orders = [("business", "taxi"), ("kind", "orders")];
    assert_eq!(scrape.sum("madang_command_duration_seconds_count", &of_orders), Some(3.0));
    let queries = [("business", "taxi"), ("view", "mypages")];
    assert_eq!(scrape.sum("madang_view_queries_total", &queries), Some(2.0));
    assert_eq!(scrape.sum("madang_http_requests_total", &[("code", "2xx")]), Some(2.0));
    assert_eq!(scrape.sum("madang_http_requests_total", &[("code", "4xx")]), Some(3.0));
    assert_eq!(scrape.sum("madang_http_requests_in_flight", &[]), Some(1.0), "the scrape");
}

#[tokio::test]
async fn the_figures_of_all_parts_are_there() {
    let app = Running::start(|_| {});
    let desk = Desk::of(&app);
    assert_eq!(desk.order().await, 201);
    let scrape = desk.scrape().await;
    let at_least = |name: &str, labels: &[(&str, &str)], least: f64| {
        let value = scrape.sum(name, labels);
        assert!(value >= Some(least), "{name} {labels:?} is {value:?}");
    };
    for (name, least) in [
        ("madang_journal_records_total", 2.0),
        ("madang_journal_accepting", 1.0),
        ("madang_journal_commit_duration_seconds_count", 1.0),
        ("madang_journal_sync_duration_seconds_count", 1.0),
        ("madang_journal_commit_records_sum", 2.0),
        ("madang_aggregates_active", 1.0),
        ("madang_aggregate_activations_total", 1.0),
        ("madang_filesystem_free_bytes", 1.0),
        ("process_resident_memory_bytes", 1_000_000.0),
        ("process_open_fds", 3.0),
        ("process_threads", 2.0),
        ("process_cpu_seconds_total", 0.01),
        ("madang_uptime_seconds", 0.000_001),
        ("madang_supervisor_checks_total", 0.0),
    ] {
        at_least(name, &[], least);
    }
    at_least("madang_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    at_least("madang_aggregates", &[("business", "taxi"), ("kind", "orders")], 1.0);
    at_least("madang_file_bytes", &[("part", "write-ahead log")], 1.0);
    at_least("madang_view_file_bytes", &[("view", "taxi/mypages")], 1.0);
    at_least(
        "madang_port_attempts_total",
        &[("port", "taxi/payment"), ("outcome", "answered")],
        1.0,
    );
    at_least("madang_port_attempt_duration_seconds_count", &[("port", "taxi/payment")], 1.0);
    let gate = [("gate", "taxi/payment"), ("guards", "port")];
    at_least("madang_gate_permits_total", &gate, 1.0);
    at_least("madang_gate_state", &[("gate", "taxi/payment"), ("state", "closed")], 1.0);
    at_least("madang_subscriber_lag_records", &[("part", "view"), ("name", "taxi/mypages")], 0.0);
    at_least("madang_subscriber_unfinished", &[("part", "port"), ("name", "taxi/payment")], 0.0);
    at_least("madang_quarantine_entries", &[("name", "taxi/orders")], 0.0);
    at_least("madang_component_suspended", &[("component", "taxi/payment")], 0.0);
    at_least("madang_operations_events_total", &[("event", "Restarted")], 0.0);
}

#[tokio::test]
async fn open_sagas_are_counted_by_what_they_wait_for_with_the_age_of_the_oldest() {
    let app = Running::start(|_| {});
    let desk = Desk::of(&app);
    for _ in 0..3 {
        assert_eq!(desk.order().await, 201);
    }
    let waiting = [("saga", "taxi/ride"), ("state", "waits for a person")];
    desk.shows("madang_sagas_open", &waiting, |open| open == 3.0).await;
    let age = desk.figure("madang_saga_oldest_age_seconds", &waiting).await;
    assert!((0.0..600.0).contains(&age), "{age}");
    assert_eq!(desk.figure("madang_saga_census_cut", &[("saga", "taxi/ride")]).await, 0.0);
}

/// The labels come from declarations: what clients send makes no series.
#[tokio::test]
async fn requests_add_no_series_with_names_of_their_own() {
    let app = Running::start(|_| {});
    let desk = Desk::of(&app);
    assert_eq!(desk.order().await, 201);
    desk.get("/taxi/mypages").await;
    // The oldest saga has a series for each state that it passes.
    let is_counted =
        |line: &&str| !line.starts_with('#') && !line.starts_with("madang_saga_oldest_age");
    let series = |text: &str| text.lines().filter(is_counted).count();
    let before = series(&desk.text().await);
    for number in 0..20 {
        desk.get(&format!("/taxi/x{number}")).await;
        desk.get(&format!("/taxi/mypages/{number}")).await;
        desk.post(&format!("/taxi/orders/{number}/x{number}"), &json!({})).await;
        let terms = json!({ "start": "now", "filter": {} });
        assert_eq!(desk.put(&format!("/subscriptions/s{number}"), &terms).await.0, 201);
    }
    let text = desk.text().await;
    assert_eq!(series(&text), before, "{text}");
    assert_eq!(Scrape::of(&text).sum("madang_subscriptions", &[]), Some(20.0));
}
