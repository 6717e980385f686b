//! The call taxi with a payment provider whose behaviour a test changes.

use crate::{
    provider::Provider,
    support::{client, inside::Running, process::assert_verified, suspension::HANG},
};
use madang::{
    actors::{GateSettings, PortSettings, TransportKind},
    config::Config,
};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::ops::RangeInclusive;
use tempfile::TempDir;
use tokio::task::{JoinHandle, JoinSet};

const PAYMENT: &str = "taxi/payment";

/// A running call taxi and its provider.
pub struct TaxiServer {
    running: Option<Running>,
    client: Client,
    pub provider: Provider,
    data: TempDir,
}

impl TaxiServer {
    /// Starts with these settings of the payment port and its gate.
    pub fn open(port: impl FnOnce(&mut PortSettings), gate: &Value) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let server = Self { running: None, client: client(), provider: Provider::start(), data };
        server.reopened(port, gate)
    }

    /// Stops, and starts again with other settings and the same data.
    pub fn reopened(mut self, port: impl FnOnce(&mut PortSettings), gate: &Value) -> Self {
        drop(self.running.take());
        let mut settings = PortSettings {
            transport: TransportKind::Http,
            url: Some(self.provider.url()),
            // Long enough that no charge is abandoned on a slow machine.
            timeout_ms: 30_000,
            within_ms: 60_000,
            backoff_ms: 1,
            backoff_max_ms: 4,
            ..PortSettings::default()
        };
        port(&mut settings);
        let gate: GateSettings = serde_json::from_value(gate.clone()).expect("settings of a gate");
        let alone = |config: &mut Config| {
            config.only = vec!["taxi".into()];
            config.allow_faults = true;
            config.http.wait_max_ms = 30_000;
            config.ports.insert(PAYMENT.into(), settings);
            config.gates.insert(PAYMENT.into(), gate);
        };
        self.running = Some(Running::serve(self.data.path(), alone, madang::shipped));
        self
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let address = self.running.as_ref().expect("it runs").address;
        self.client.request(method, format!("http://{address}{path}"))
    }

    fn calling(&self) -> RequestBuilder {
        let call = json!({"orderType": "basic", "name": "Jung"});
        self.request(Method::POST, "/taxi/orders").json(&call)
    }

    fn calling_off(&self, number: u64) -> RequestBuilder {
        let cancel = json!({"status": "cancelled"});
        self.request(Method::PATCH, &format!("/taxi/orders/{number}")).json(&cancel)
    }

    /// Places an order.
    pub async fn order(&self) -> Response {
        answer(self.calling()).await
    }

    /// Places an order for a customer who waits this many seconds if the order is refused.
    pub fn order_with_patience(&self, seconds: u64) -> JoinHandle<Response> {
        tokio::spawn(answer(self.calling().header("Prefer", format!("wait={seconds}"))))
    }

    /// Waits until the gate of payments has refused this many orders.
    pub async fn has_refused(&self, orders: u64) {
        let is_so =
            async || self.get("/admin/gates/taxi/payment").await["rejected"]["open"] == orders;
        until(&format!("{orders} orders are refused"), is_so).await;
    }

    /// Places an order under this idempotency key.
    pub async fn order_once(&self, key: &str) -> Response {
        answer(self.calling().header("Idempotency-Key", key)).await
    }

    /// Places this many orders concurrently; returns the statuses of the answers.
    pub async fn order_at_once(&self, customers: usize) -> Vec<StatusCode> {
        at_once((0..customers).map(|_| self.calling())).await
    }

    /// Places an order this many times concurrently under this idempotency key; returns the
    /// statuses of the answers.
    pub async fn order_repeatedly(&self, key: &str, times: usize) -> Vec<StatusCode> {
        at_once((0..times).map(|_| self.calling().header("Idempotency-Key", key))).await
    }

    /// Cancels all these orders concurrently; returns the statuses of the answers.
    pub async fn cancel_at_once(&self, numbers: RangeInclusive<u64>) -> Vec<StatusCode> {
        at_once(numbers.map(|number| self.calling_off(number))).await
    }

    /// The representation at this path.
    pub async fn get(&self, path: &str) -> Value {
        answer(self.request(Method::GET, path)).await.json().await.expect("json")
    }

    /// Makes the next commit fail.
    pub async fn fail_next_fsync(&self) {
        let fault = json!({"fault": "fail-fsync", "times": 1});
        let said = answer(self.request(Method::POST, "/admin/faults").json(&fault)).await;
        assert_eq!(said.status(), 200);
    }

    /// Suspends or resumes the messages to customers, as an operator does.
    pub async fn operate_messages(&self, what: &str) -> StatusCode {
        let path = format!("/admin/components/taxi/sms/{what}");
        answer(self.request(Method::POST, &path)).await.status()
    }

    /// The number of orders.
    pub async fn orders(&self) -> u64 {
        let all = self.get("/taxi/orders?size=1").await;
        all["page"]["totalElements"].as_u64().expect("a total")
    }

    /// Waits until this order is shown with this status.
    pub async fn becomes(&self, number: u64, status: &str) {
        let path = format!("/taxi/orders/{number}");
        let is_so = async || self.get(&path).await["status"] == status;
        until(&format!("order {number} is {status}"), is_so).await;
    }

    /// Waits until the provider has received this many calls under the key.
    pub async fn is_asked(&self, key: &str, times: usize) {
        let is_so = async || self.provider.asked(key) >= times;
        until(&format!("{key} is asked {times} times"), is_so).await;
    }

    /// Waits until the provider has carried out this call.
    pub async fn is_done(&self, key: &str) {
        until(&format!("{key} is done"), async || self.provider.has_done(key)).await;
    }

    /// Stops the application and verifies its data.
    pub fn ends_well(mut self) {
        drop(self.running.take());
        assert_verified(self.data.path());
    }
}

/// Polls until the condition holds.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    let asked = tokio::time::timeout(HANG, asking).await;
    asked.unwrap_or_else(|_| panic!("never: {what}"));
}

async fn answer(request: RequestBuilder) -> Response {
    let answer = tokio::time::timeout(HANG, request.send()).await;
    answer.expect("an answer in time").expect("an answer")
}

async fn at_once(requests: impl Iterator<Item = RequestBuilder>) -> Vec<StatusCode> {
    let mut answers = JoinSet::new();
    for request in requests {
        answers.spawn(async { answer(request).await.status() });
    }
    answers.join_all().await
}

/// Checks that the answer is 503 with this problem, the gate of payments and `Retry-After`;
/// returns its body.
pub async fn rejected(answer: Response, name: &str) -> Value {
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let retry_after = answer.headers()["retry-after"].to_str().map(str::parse::<u64>);
    assert!(matches!(retry_after, Ok(Ok(1..))), "{retry_after:?}");
    let body: Value = answer.json().await.expect("json");
    assert_eq!(
        (&body["type"], &body["gate"]),
        (&json!(format!("/problems/{name}")), &json!(PAYMENT))
    );
    body
}
