//! The condition of an alert, caused in a real server: its metric crosses the threshold of the rule.
//! The rules that combine such metrics over time are tested by `promtool`.

use crate::{expressions::alerts, scrape::Desk, support::inside::Running};
use madang::{
    actors::{GateSettings, PortSettings, TransportKind},
    config::Config,
};
use serde_json::{Value, json};

/// The last number of the rule of this alert, which is its threshold.
fn threshold(alert: &str) -> f64 {
    let alerts = alerts();
    let expression = alerts.get(alert).unwrap_or_else(|| panic!("there is no alert {alert}"));
    let last = expression.split_whitespace().next_back().expect("a word");
    last.parse().unwrap_or_else(|_| panic!("{alert}: {expression}"))
}

/// Whether the expression of an alert names this metric and these labels.
fn is_about(alert: &str, name: &str, labels: &[(&str, &str)]) {
    let expression = &alerts()[alert];
    assert!(expression.contains(name), "{alert}: {expression}");
    for (_, value) in labels {
        assert!(expression.contains(value), "{alert}: {expression} has no {value}");
    }
}

fn breakable(change: impl FnOnce(&mut Config)) -> Running {
    Running::start(|config| {
        config.allow_faults = true;
        change(config);
    })
}

fn gate(settings: &Value) -> GateSettings {
    serde_json::from_value(settings.clone()).expect("settings of a gate")
}

/// A payment provider that no connection reaches, behind a gate that opens at once.
fn without_provider(config: &mut Config) {
    let port = PortSettings {
        transport: TransportKind::Http,
        url: Some("http://127.0.0.1:1/".to_owned()),
        retries: 0,
        ..PortSettings::default()
    };
    config.ports.insert("taxi/payment".into(), port);
    let opens = json!({ "consecutive_failures": 1, "open_ms": 600_000, "open_ms_max": 600_000 });
    config.gates.insert("taxi/payment".into(), gate(&opens));
}

#[tokio::test]
async fn a_service_that_is_down_opens_its_gate() {
    let app = breakable(without_provider);
    let desk = Desk::of(&app);
    assert_eq!(desk.order().await, 503);
    let labels = [("gate", "taxi/payment"), ("state", "open")];
    is_about("MadangGateOpen", "madang_gate_state", &labels[1..]);
    let open = threshold("MadangGateOpen");
    desk.shows("madang_gate_state", &labels, |state| state == open).await;
    let failed = [("port", "taxi/payment"), ("outcome", "failed")];
    assert_eq!(desk.figure("madang_port_attempts_total", &failed).await, 1.0);
    assert_eq!(desk.order().await, 503);
    let refused = [("gate", "taxi/payment"), ("reason", "open")];
    assert_eq!(desk.figure("madang_gate_rejections_total", &refused).await, 1.0);
    let outcome = [("kind", "orders"), ("outcome", "overloaded")];
    assert_eq!(desk.figure("madang_commands_total", &outcome).await, 1.0);
}

#[tokio::test]
async fn more_orders_than_a_gate_admits_are_overload() {
    let app = breakable(|config| {
        let slow = json!({ "rate_per_s": 0.001, "burst_calls": 1 });
        config.gates.insert("taxi/orders".into(), gate(&slow));
    });
    let desk = Desk::of(&app);
    assert_eq!(desk.order().await, 201);
    for _ in 0..3 {
        assert_eq!(desk.order().await, 429);
    }
    let orders = async |outcome| {
        let labels = [("kind", "orders"), ("outcome", outcome)];
        desk.figure("madang_commands_total", &labels).await
    };
    let (overloaded, ok) = (orders("overloaded").await, orders("ok").await);
    is_about("MadangOverloaded", "madang_commands_total", &[("outcome", "overloaded")]);
    assert!(overloaded / (overloaded + ok) > threshold("MadangOverloaded"), "{overloaded} of {ok}");
}

#[tokio::test]
async fn an_aggregate_that_crashes_again_and_again_fails_is_rebuilt_and_is_put_in_quarantine() {
    let app = breakable(|config| config.actors.crashes_max = 5);
    let desk = Desk::of(&app);
    assert_eq!(desk.order().await, 201);
    desk.breaks(&json!({ "fault": "poison", "resource": "taxi/orders", "number": 1 })).await;
    let entries = [("name", "taxi/orders")];
    while desk.figure("madang_quarantine_entries", &entries).await
        <= threshold("MadangInQuarantine")
    {
        desk.post("/taxi/orders/1/cancel", &json!({})).await;
    }
    let failed = [("command", "cancel"), ("outcome", "failed")];
    assert!(desk.figure("madang_commands_total", &failed).await > 0.0);
    let rebuilt = [("event", "Rebuilt")];
    is_about("MadangPartsRestarted", "madang_operations_events_total", &rebuilt);
    let limit = threshold("MadangPartsRestarted");
    desk.shows("madang_operations_events_total", &rebuilt, |count| count > limit).await;
    let unavailable = [("command", "cancel"), ("outcome", "unavailable")];
    desk.post("/taxi/orders/1/cancel", &json!({})).await;
    assert!(desk.figure("madang_commands_total", &unavailable).await > 0.0);
}

#[tokio::test]
async fn a_suspended_view_lags_and_a_suspended_port_has_a_backlog() {
    let app = breakable(|_| {});
    let desk = Desk::of(&app);
    for component in ["taxi/mypages", "taxi/sms"] {
        let (status, _) =
            desk.post(&format!("/admin/components/{component}/suspend"), &json!({})).await;
        assert_eq!(status, 200);
        let labels = [("component", component)];
        let suspended = desk.figure("madang_component_suspended", &labels).await;
        assert_eq!(suspended, threshold("MadangSuspended"));
    }
    for _ in 0..3 {
        assert_eq!(desk.order().await, 201);
    }
    let view = [("part", "view"), ("name", "taxi/mypages")];
    is_about(
        "MadangSubscriberLags",
        "madang_subscriber_lag_records",
        &[("part", "part!=\"port\"")],
    );
    desk.shows("madang_subscriber_lag_records", &view, |lag| lag >= 3.0).await;
    let port = [("part", "port"), ("name", "taxi/sms")];
    is_about("MadangPortBacklog", "madang_subscriber_unfinished", &[("part", "port")]);
    desk.shows("madang_subscriber_unfinished", &port, |unfinished| unfinished >= 3.0).await;
}

#[tokio::test]
async fn a_saga_whose_part_is_suspended_is_parked() {
    let app = breakable(|_| {});
    let desk = Desk::of(&app);
    let suspend = "/admin/components/taxi/reservations/suspend";
    assert_eq!(desk.post(suspend, &json!({})).await.0, 200);
    desk.order().await;
    let labels = [("saga", "taxi/ride"), ("state", "parked")];
    desk.shows("madang_sagas_open", &labels, |count| count == 1.0).await;
    desk.shows("madang_saga_oldest_age_seconds", &labels, |age| age >= 0.0).await;
}

#[tokio::test]
async fn parked_events_and_the_lag_of_a_subscription_show() {
    let app = breakable(|_| {});
    let desk = Desk::of(&app);
    assert_eq!(desk.order().await, 201);
    let terms = json!({ "start": "beginning", "filter": { "aggregate": "orders" } });
    assert_eq!(desk.put("/subscriptions/a", &terms).await.0, 201);
    assert!(desk.figure("madang_subscription_lag_records_max", &[]).await >= 2.0);
    let (_, claim) = desk.post("/subscriptions/a/claim", &json!({})).await;
    let events: Vec<_> = claim["events"].as_array().expect("events").iter().collect();
    let events: Vec<_> = events.iter().map(|event| event["id"].clone()).collect();
    let park = json!({ "lease": claim["lease"], "events": events, "reason": "unreadable" });
    assert_eq!(desk.post("/subscriptions/a/park", &park).await.0, 200);
    let parked = [("state", "parked")];
    is_about("MadangEventsParked", "madang_subscription_events", &parked);
    let count = desk.figure("madang_subscription_events", &parked).await;
    assert!(count > threshold("MadangEventsParked"), "{count}");
}

#[tokio::test]
async fn a_full_disk_stops_writes_and_shows() {
    let app = breakable(|_| {});
    let desk = Desk::of(&app);
    assert_eq!(desk.order().await, 201);
    desk.breaks(&json!({ "fault": "no-space", "for_ms": 3_600_000 })).await;
    let refusing = threshold("MadangNotAcceptingWrites");
    desk.shows("madang_journal_accepting", &[], |accepting| accepting == refusing).await;
    assert_eq!(desk.order().await, 507);
    let labels = [("kind", "orders"), ("outcome", "unavailable")];
    is_about("MadangCommandsUnavailable", "madang_commands_total", &labels[1..]);
    assert_eq!(desk.figure("madang_commands_total", &labels).await, 1.0);
}

#[tokio::test]
async fn a_failed_sync_and_slow_commits_show() {
    let app = breakable(|_| {});
    let desk = Desk::of(&app);
    assert_eq!(desk.order().await, 201);
    desk.breaks(&json!({ "fault": "fail-fsync", "times": 1 })).await;
    desk.order().await;
    let none = threshold("MadangJournalFailed");
    desk.shows("madang_journal_failures_total", &[], |failures| failures > none).await;
    desk.shows("madang_journal_accepting", &[], |accepting| accepting == 1.0).await;
    desk.breaks(&json!({ "fault": "slow-journal", "by_ms": 2_600, "for_ms": 3_600_000 })).await;
    let order = tokio::spawn({
        let desk = Desk::at(app.address);
        async move { desk.order().await }
    });
    let hangs = threshold("MadangCommitHangs");
    desk.shows("madang_journal_commit_age_seconds", &[], |age| age > hangs).await;
    desk.breaks(&json!({ "fault": "slow-journal", "by_ms": 1, "for_ms": 1 })).await;
    order.await.expect("an answer");
    let limit = format!("{:?}", threshold("MadangCommitsSlow"));
    let slow = async |name: &str, limit: &str| {
        let scrape = desk.scrape().await;
        let count = scrape.sum(&format!("{name}_count"), &[]);
        count.unwrap_or_default()
            - scrape.sum(&format!("{name}_bucket"), &[("le", limit)]).unwrap_or_default()
    };
    assert!(slow("madang_journal_commit_duration_seconds", &limit).await >= 1.0);
    let limit = format!("{:?}", threshold("MadangCommandsSlow"));
    assert!(slow("madang_command_duration_seconds", &limit).await >= 1.0);
}

#[tokio::test]
async fn a_blocked_shard_and_a_saga_that_dies_show() {
    let app = breakable(|config| config.actors.shard_blocked_ms = 250);
    let desk = Desk::of(&app);
    assert_eq!(desk.order().await, 201);
    desk.breaks(&json!({ "fault": "block-shard", "shard": 0, "for_ms": 3_000 })).await;
    let none = threshold("MadangLoopBlocked");
    desk.shows("madang_blocked_loops", &[], |blocked| blocked > none).await;
    let replaced = [("event", "ShardReplaced")];
    desk.shows("madang_operations_events_total", &replaced, |count| count == 1.0).await;
    desk.breaks(&json!({ "fault": "break", "part": "saga taxi/ride" })).await;
    let restarted = [("event", "Restarted")];
    is_about("MadangPartsRestarted", "madang_operations_events_total", &restarted);
    desk.shows("madang_operations_events_total", &restarted, |count| count >= 1.0).await;
}
