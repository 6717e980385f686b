//! The gate in front of an aggregate kind: its limits of concurrency and rate.

use crate::{
    desk::{desk, stop_pondering, until_pondering},
    site::{Site, is_problem, set_gate, within},
};
use futures_util::future::join_all;
use serde_json::json;

const GATE: &str = "desk/tickets";
const CROWD: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_above_the_concurrency_limit_are_refused_and_nothing_is_written() {
    let site = Site::of(desk, |config| {
        config.actors.shards = 2;
        // The gate admits or rejects each waiting call, however slow the machine is.
        set_gate(config, GATE, json!({"concurrency_max": 1, "waiting_calls_max": 1}));
    });
    for _ in 1..=2 {
        assert_eq!(site.post("/desk/tickets", &json!({})).await.status(), 201);
    }
    let before = site.version("/desk/tickets/2").await;
    let pondering = site.request(reqwest::Method::POST, "/desk/tickets/1/ponder").send();
    let pondering = tokio::spawn(pondering);
    tokio::task::spawn_blocking(until_pondering).await.expect("the command waits");

    let nothing = json!({});
    let crowd = (0..CROWD).map(|_| site.post("/desk/tickets/2/stamp", &nothing));
    for answered in within(join_all(crowd)).await {
        let told = is_problem(answered, 503, "busy").await;
        assert_eq!(told["gate"], GATE);
    }
    assert_eq!(site.version("/desk/tickets/2").await, before, "a refused command was written");
    assert_eq!(site.shown("/desk/tickets/2").await["stamps"], 0);

    stop_pondering();
    let pondered = within(pondering).await.expect("a task").expect("an answer");
    assert_eq!(pondered.status(), 200);
    assert_eq!(site.post("/desk/tickets/2/stamp", &json!({})).await.status(), 200);
    assert_eq!(site.shown("/desk/tickets/2").await["stamps"], 1);
}

#[tokio::test]
async fn commands_above_the_rate_get_retry_after_and_nothing_is_written() {
    let site = Site::of(desk, |config| {
        set_gate(config, GATE, json!({"rate_per_s": 0.001, "burst_calls": 1}));
    });
    assert_eq!(site.post("/desk/tickets", &json!({})).await.status(), 201);
    for _ in 0..3 {
        let told = is_problem(site.post("/desk/tickets", &json!({})).await, 429, "too-many").await;
        assert_eq!(told["gate"], GATE);
    }
    assert_eq!(site.total("/desk/tickets").await, 1);
}

#[tokio::test]
async fn answered_and_malformed_commands_hold_no_permit() {
    let site = Site::of(desk, |config| {
        set_gate(config, GATE, json!({"concurrency_max": 1, "waiting_calls_max": 1}));
    });
    for _ in 0..3 {
        assert_eq!(site.post("/desk/tickets", &json!({})).await.status(), 201);
        assert_eq!(site.post("/desk/tickets", &json!({"colour": "red"})).await.status(), 422);
        assert_eq!(site.post("/desk/tickets/99/stamp", &json!({})).await.status(), 409);
        let again = site.request(reqwest::Method::POST, "/desk/tickets");
        let again = again.header("Idempotency-Key", "7f3").json(&json!({}));
        assert_eq!(again.send().await.expect("an answer").status(), 201);
    }
    assert_eq!(site.total("/desk/tickets").await, 4);
}

#[tokio::test]
async fn orders_above_the_limit_of_waiting_payments_are_refused_and_nothing_is_written() {
    let site = Site::of(madang::shipped, |config| config.actors.unanswered_max = 0);
    let order = json!({"orderType": "basic", "name": "Jung"});
    let told = is_problem(site.post("/taxi/orders", &order).await, 503, "busy").await;
    assert_eq!(told["gate"], "taxi/payment");
    assert_eq!(site.total("/taxi/orders").await, 0);
    let taxi = json!({"taxiName": "sonata", "companyName": "tmap", "stockCnt": 1, "itemPrice": 1});
    assert_eq!(site.post("/taxi/taxis", &taxi).await.status(), 201, "it waits for no port");
    let gate = site.shown("/admin/gates/taxi/payment").await;
    assert_eq!(gate["rejected"]["full"], 1);
}

#[tokio::test]
async fn sequential_orders_are_all_served_however_few_may_wait() {
    let site = Site::of(madang::shipped, |config| config.actors.unanswered_max = 1);
    for _ in 0..8 {
        let order = json!({"orderType": "basic", "name": "Jung"});
        assert_eq!(site.post("/taxi/orders", &order).await.status(), 201);
    }
}
