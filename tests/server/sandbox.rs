//! The outside services of `madang sandbox`: their actions, answers, counts and faults.

use crate::support::process::{Server, assert_verified};
use reqwest::{Client, Response, StatusCode, header::RETRY_AFTER};
use serde_json::{Value, json};
use std::{
    process::{Command, Output},
    time::Duration,
};

/// Longer than any step of a test; it only ends a test that fails.
const HANG: Duration = Duration::from_secs(60);

/// The running services and a client.
struct Outside {
    server: Server,
    client: Client,
}

impl Outside {
    fn start(arguments: &[&str]) -> Self {
        Self { server: Server::sandbox(arguments), client: crate::support::client() }
    }

    async fn call(&self, service: &str, key: &str, body: Value) -> Response {
        let request = self.client.post(self.server.url(service)).header("Idempotency-Key", key);
        request.json(&body).send().await.expect("an answer")
    }

    async fn charge(&self, key: &str) -> StatusCode {
        self.call("/payment", key, json!({ "operation": "charge" })).await.status()
    }

    async fn refund(&self, key: &str, charge: &str) -> StatusCode {
        let body = json!({ "operation": "refund", "charge": charge });
        self.call("/payment", key, body).await.status()
    }

    /// Starts a call in a task; aborting the task drops the connection.
    fn charge_in_background(&self, key: &str) -> tokio::task::JoinHandle<()> {
        let request = self.client.post(self.server.url("/payment")).header("Idempotency-Key", key);
        let request = request.json(&json!({}));
        tokio::spawn(async move { drop(request.send().await) })
    }

    async fn change(&self, service: &str, changes: Value) -> (StatusCode, Value) {
        let url = self.server.url(&format!("/admin/services/{service}"));
        let response = self.client.put(url).json(&changes).send().await.expect("an answer");
        (response.status(), response.json().await.expect("json"))
    }

    async fn read(&self, path: &str) -> Value {
        let response = self.client.get(self.server.url(path)).send().await.expect("an answer");
        response.json().await.expect("json")
    }

    async fn ledger(&self) -> Value {
        self.read("/admin/ledger/payment").await
    }

    /// Polls the ledger until a count has this value.
    async fn wait_for(&self, name: &str, count: u64) {
        let counted = async { while self.ledger().await[name] != count {} };
        tokio::time::timeout(HANG, counted)
            .await
            .unwrap_or_else(|_| panic!("{name} is not {count}"));
    }
}

/// Some counts of a ledger, by name.
fn counts<const N: usize>(ledger: &Value, names: [&str; N]) -> [u64; N] {
    names.map(|name| ledger[name].as_u64().unwrap_or_else(|| panic!("{name} in {ledger}")))
}

#[tokio::test]
async fn a_refund_that_names_the_transaction_of_another_charge_is_declined() {
    let outside = Outside::start(&[]);
    let charged = outside.call("/payment", "charge-1", json!({ "operation": "charge" })).await;
    let charged: Value = charged.json().await.expect("json");
    assert_eq!(charged, json!({ "status": "approved", "transactionId": "t-charge-1" }));
    for (transaction, status) in [("t-charge-2", 422), ("t-charge-1", 200)] {
        let body = json!({ "charge": "charge-1", "transactionId": transaction });
        assert_eq!(outside.call("/payment", "refund-1", body).await.status(), status);
    }
    assert_eq!(counts(&outside.ledger().await, ["charges", "refunds"]), [1, 1]);
}

#[tokio::test]
async fn asking_again_under_the_same_key_charges_once() {
    let outside = Outside::start(&[]);
    for key in ["charge-1", "charge-1", "charge-2", "charge-1"] {
        assert_eq!(outside.charge(key).await, StatusCode::OK);
    }
    let names = ["charges", "standing", "doubles", "calls", "repeats"];
    assert_eq!(counts(&outside.ledger().await, names), [2, 2, 0, 4, 2]);
    let entry = json!({ "state": "charged", "calls": 3, "acted": 1 });
    assert_eq!(outside.read("/admin/ledger/payment?key=charge-1").await, entry);
    assert_eq!(outside.read("/admin/ledger/payment?key=charge-9").await["status"], 404);
}

#[tokio::test]
async fn a_refund_gives_back_once_and_spoils_a_charge_that_comes_after_it() {
    let outside = Outside::start(&[]);
    outside.charge("charge-1").await;
    outside.charge("charge-2").await;
    for _ in 0..2 {
        assert_eq!(outside.refund("refund-1", "charge-1").await, StatusCode::OK);
    }
    assert_eq!(outside.refund("refund-3", "charge-3").await, StatusCode::OK);
    assert_eq!(outside.charge("charge-3").await, StatusCode::CONFLICT);
    let names = ["charges", "refunds", "standing", "spoilt", "doubles"];
    assert_eq!(counts(&outside.ledger().await, names), [2, 1, 1, 1, 0]);
    assert_eq!(outside.read("/admin/ledger/payment/standing").await, json!(["charge-2"]));
}

#[tokio::test]
async fn every_service_has_a_ledger_of_its_own_and_its_own_field_for_a_refund() {
    let outside = Outside::start(&[]);
    for (service, given_back_as) in [("review-desk", "release"), ("reward-bank", "reclaim")] {
        let path = format!("/{service}/deeds");
        outside.call(&path, "deed", json!({ "operation": given_back_as })).await;
        outside.call(&path, "undone", json!({ given_back_as: "deed" })).await;
        let ledger = outside.read(&format!("/admin/ledger/{service}")).await;
        assert_eq!(counts(&ledger, ["charges", "refunds", "standing"]), [1, 1, 0], "{service}");
    }
    assert_eq!(counts(&outside.ledger().await, ["keys", "calls"]), [0, 0]);
    assert_eq!(outside.read("/admin/ledger/bakery").await["status"], 404);
    assert_eq!(outside.call("/bakery", "bun", json!({})).await.status(), StatusCode::OK);
    assert_eq!(outside.read("/admin/ledger/bakery").await["standing"], 1);
}

#[tokio::test]
async fn a_key_that_was_declined_stays_declined_although_the_behaviour_changes() {
    let outside = Outside::start(&["--decline-rate", "0.5"]);
    let mut first = Vec::new();
    for key in 0..40 {
        first.push(outside.charge(&format!("charge-{key}")).await);
    }
    let declined = first.iter().filter(|status| **status == StatusCode::PAYMENT_REQUIRED).count();
    assert!((5..35).contains(&declined), "{declined} of 40");
    outside.change("payment", json!({ "decline_rate": 0 })).await;
    for (key, status) in first.iter().enumerate() {
        assert_eq!(outside.charge(&format!("charge-{key}")).await, *status, "charge-{key}");
    }
    let ledger = outside.ledger().await;
    assert_eq!(counts(&ledger, ["declined", "standing"]), [declined as u64, 40 - declined as u64]);
    // Another process declines the same keys.
    let another = Outside::start(&["--decline-rate", "0.5"]);
    for (key, status) in first.iter().enumerate() {
        assert_eq!(another.charge(&format!("charge-{key}")).await, *status, "charge-{key}");
    }
}

#[tokio::test]
async fn a_charge_may_have_happened_although_no_answer_came() {
    let outside = Outside::start(&["--failure-rate", "1"]);
    assert_eq!(outside.charge("charge-1").await, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(counts(&outside.ledger().await, ["standing", "failures"]), [1, 1]);
    outside.change("payment", json!({ "failure_rate": 0 })).await;
    assert_eq!(outside.charge("charge-1").await, StatusCode::OK);
    assert_eq!(counts(&outside.ledger().await, ["standing", "doubles"]), [1, 0]);
}

#[tokio::test]
async fn a_service_that_only_acts_when_it_answers_leaves_nothing_behind() {
    let outside = Outside::start(&["--failure-rate", "1", "--acts", "answering"]);
    assert_eq!(outside.charge("charge-1").await, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(counts(&outside.ledger().await, ["standing", "calls"]), [0, 1]);
}

#[tokio::test]
async fn the_doubles_of_a_service_that_forgets_keys_are_counted() {
    let outside = Outside::start(&["--forgets-keys"]);
    for _ in 0..2 {
        assert_eq!(outside.charge("charge-1").await, StatusCode::OK);
    }
    assert_eq!(counts(&outside.ledger().await, ["charges", "doubles"]), [1, 1]);
}

#[tokio::test]
async fn an_abandoned_call_is_carried_out_to_its_end() {
    let outside = Outside::start(&["--latency-ms", "100", "--acts", "last"]);
    let call = outside.charge_in_background("charge-1");
    outside.wait_for("calls", 1).await;
    call.abort();
    outside.wait_for("standing", 1).await;
}

#[tokio::test]
async fn calls_above_the_capacity_get_retry_after() {
    let outside = Outside::start(&["--latency-ms", "600000", "--capacity", "2"]);
    let calls = ["charge-1", "charge-2"].map(|key| outside.charge_in_background(key));
    outside.wait_for("calls", 2).await;
    let rejected = outside.call("/payment", "charge-3", json!({})).await;
    assert_eq!(rejected.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(rejected.headers()[RETRY_AFTER], "600");
    assert_eq!(counts(&outside.ledger().await, ["calls", "rejected", "keys"]), [2, 1, 2]);
    for call in calls {
        call.abort();
    }
}

#[tokio::test]
async fn a_call_that_hangs_keeps_its_place_until_the_client_goes() {
    let outside = Outside::start(&["--hang-rate", "1", "--capacity", "1"]);
    let hanging = outside.charge_in_background("charge-1");
    outside.wait_for("hangs", 1).await;
    outside.change("payment", json!({ "hang_rate": 0 })).await;
    assert_eq!(outside.charge("charge-2").await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!hanging.is_finished());
    hanging.abort();
    let answered = async { while outside.charge("charge-2").await != StatusCode::OK {} };
    tokio::time::timeout(HANG, answered).await.expect("the capacity is free again");
}

#[tokio::test]
async fn a_behaviour_is_changed_while_running_and_an_invalid_change_is_refused() {
    let outside = Outside::start(&["--latency-ms", "0..1"]);
    let (status, sms) = outside.change("sms", json!({ "capacity": 3, "acts": "last" })).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&sms["capacity"], &sms["acts"], &sms["latency_ms"]),
        (&json!(3), &json!("last"), &json!("0..1"))
    );
    for (changes, word) in [
        (json!({ "capacity": 7, "colour": "red" }), "colour"),
        (json!({ "capacity": 7, "failure_rate": 2 }), "failure_rate"),
        (json!([1]), "body"),
    ] {
        let (status, problem) = outside.change("sms", changes).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    }
    assert_eq!(outside.read("/admin/services/sms").await, sms);
    let services = &outside.read("/admin/services").await["services"];
    assert_eq!((&services["sms"], &services["payment"]["capacity"]), (&sms, &Value::Null));
}

#[tokio::test]
async fn malformed_calls_and_calls_beyond_the_ledger_are_refused() {
    let outside = Outside::start(&["--keys-max", "1"]);
    let typeless = || outside.client.post(outside.server.url("/payment"));
    let post = || typeless().header("Content-Type", "application/json");
    let long = "k".repeat(257);
    for (request, status) in [
        (typeless().header("Idempotency-Key", "k").body("{}"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (post().json(&json!({})), StatusCode::BAD_REQUEST),
        (post().header("Idempotency-Key", &long).json(&json!({})), StatusCode::BAD_REQUEST),
        (post().header("Idempotency-Key", "k").body("pay!"), StatusCode::BAD_REQUEST),
        (
            post().header("Idempotency-Key", "k").json(&json!({ "charge": long })),
            StatusCode::BAD_REQUEST,
        ),
        (
            post().header("Idempotency-Key", "k").body(vec![b' '; 70_000]),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        (post().header("Idempotency-Key", "k").json(&json!({})), StatusCode::OK),
        (post().header("Idempotency-Key", "l").json(&json!({})), StatusCode::INSUFFICIENT_STORAGE),
        (post().header("Idempotency-Key", "k").json(&json!({})), StatusCode::OK),
    ] {
        assert_eq!(request.send().await.expect("an answer").status(), status);
    }
    assert_eq!(counts(&outside.ledger().await, ["keys", "calls"]), [1, 2]);
}

#[tokio::test]
async fn a_foreign_page_and_a_foreign_host_are_refused_before_anything_is_called_or_changed() {
    let outside = Outside::start(&["--host", "bank"]);
    let call = |name: &'static str, value: &str| {
        let request = outside.client.post(outside.server.url("/bakery"));
        request.header("Idempotency-Key", "k").header(name, value).json(&json!({}))
    };
    let change = |name: &'static str, value: &str| {
        let request = outside.client.put(outside.server.url("/admin/services/payment"));
        request.header(name, value).json(&json!({ "failure_rate": 1 }))
    };
    for (name, value, status) in [
        ("Origin", "http://evil.test", StatusCode::FORBIDDEN),
        ("Origin", "null", StatusCode::FORBIDDEN),
        ("Sec-Fetch-Site", "cross-site", StatusCode::FORBIDDEN),
        ("Host", "evil.test", StatusCode::MISDIRECTED_REQUEST),
    ] {
        for request in [call(name, value), change(name, value)] {
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), status, "{name}: {value}");
            let problem: Value = answer.json().await.expect("json");
            assert!(problem["detail"].as_str().is_some_and(|it| it.len() > 20), "{problem}");
        }
    }
    assert_eq!(outside.read("/admin/ledger/bakery").await["status"], 404);
    assert_eq!(outside.read("/admin/services/payment").await["failure_rate"], 0.0);
    assert_eq!(call("Host", "bank:8090").send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn it_stops_on_a_signal_although_calls_hang() {
    let outside = Outside::start(&["--hang-rate", "1"]);
    let hanging = outside.charge_in_background("charge-1");
    outside.wait_for("hangs", 1).await;
    assert!(outside.server.terminate().success());
    tokio::time::timeout(HANG, hanging).await.expect("the connection is closed").unwrap();
}

#[test]
fn it_does_not_start_with_an_invalid_behaviour() {
    for (arguments, word) in [
        (["--listen", "0.0.0.0:0"], "--insecure"),
        (["--failure-rate", "2"], "failure_rate"),
        (["--latency-ms", "soon"], "400..620"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_madang"));
        let Output { status, stderr, .. } =
            command.arg("sandbox").args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&stderr);
        assert!(!status.success() && said.contains(word), "{said}");
    }
}

#[tokio::test]
async fn a_server_uses_it_as_its_outside_services() {
    let outside = Outside::start(&["--decline-rate", "0.5"]);
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = (folder.path().join("madang.toml"), folder.path().join("data"));
    let url = outside.server.url("/payment");
    let port = format!(
        "[ports.\"taxi/payment\"]\ntransport = \"http\"\nurl = \"{url}\"\ntimeout_ms = 30000\n"
    );
    std::fs::write(&config, port).unwrap();
    let server = Server::start(&data, Some(&config));
    let mut paid = Vec::new();
    for _ in 0..20 {
        let order = json!({ "orderType": "basic", "name": "Jung" });
        let request = outside.client.post(server.url("/taxi/orders")).json(&order);
        let response = request.send().await.expect("an answer");
        match response.status() {
            StatusCode::CREATED => {
                let order: Value = response.json().await.expect("json");
                paid.push(format!("charge-{}", order["id"]));
            }
            status => assert_eq!(status, StatusCode::PAYMENT_REQUIRED),
        }
    }
    let standing = outside.read("/admin/ledger/payment/standing").await;
    let standing: Vec<String> = serde_json::from_value(standing).unwrap();
    let ours = |key: &String| key.split_once("/taxi/payment/").expect("of our port").1.to_owned();
    let mut standing: Vec<_> = standing.iter().map(ours).collect();
    paid.sort();
    standing.sort();
    assert_eq!(paid, standing);
    assert!((1..20).contains(&paid.len()), "some are declined and some are not");
    assert!(server.terminate().success());
    assert_verified(&data);
}
