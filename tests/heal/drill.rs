//! Drills: faults are injected into an application while clients use it.

use crate::support::{client, inside::Running, process::assert_verified};
use madang::config::Config;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Longer than any step of a test; it only ends a test that fails.
pub const HANG: Duration = Duration::from_secs(120);

/// The call taxi with fault injection allowed.
pub struct Drill {
    running: Running,
    pub client: Client,
    /// Deleted when the application has stopped.
    data: TempDir,
}

impl Drill {
    /// Starts with two shards, configured further by `change`.
    pub fn taxi(change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let in_drill = |config: &mut Config| {
            config.only = vec!["taxi".into()];
            config.allow_faults = true;
            config.actors.shards = 2;
            // Long enough that no client is answered 202 on a slow machine.
            config.http.wait_max_ms = 30_000;
            change(config);
        };
        let running = Running::serve(data.path(), in_drill, madang::shipped);
        Self { running, client: client(), data }
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.address)
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.client.post(self.url(path)).json(body).send().await.expect("an answer")
    }

    pub async fn ask(&self, path: &str) -> Response {
        self.client.request(Method::GET, self.url(path)).send().await.expect("an answer")
    }

    pub async fn get(&self, path: &str) -> Value {
        self.ask(path).await.json().await.expect("json")
    }

    /// Injects a fault; returns the answer of the server.
    pub async fn fault(&self, fault: &Value) -> (StatusCode, Value) {
        let answer = self.post("/admin/faults", fault).await;
        (answer.status(), answer.json().await.expect("json"))
    }

    pub async fn breaks(&self, fault: &Value) {
        let (status, said) = self.fault(fault).await;
        assert_eq!(status, 200, "{said}");
    }

    /// The names of all parts that a fault can break.
    pub async fn parts(&self) -> Vec<String> {
        let (status, said) = self.fault(&json!({"fault": "break", "part": "nobody"})).await;
        assert_eq!(status, 422);
        let detail = said["detail"].as_str().expect("a sentence");
        let list = detail.strip_prefix("there is no nobody; there are ").expect("a list");
        list.split(", ").map(str::to_owned).collect()
    }

    /// The details of the operations events of this kind, the latest first.
    pub async fn noted(&self, what: &str) -> Vec<Value> {
        let operations_log = self.get("/admin/log?size=200").await;
        let notes = operations_log["_embedded"]["log"].as_array().expect("events").iter();
        let notes = notes.filter(|note| note["what"] == what);
        notes.map(|note| note["details"].clone()).collect()
    }

    /// Polls until the condition holds.
    pub async fn until<F: Future<Output = bool>>(&self, what: &str, is_so: impl Fn() -> F) {
        let asking = async {
            while !is_so().await {
                tokio::task::yield_now().await;
            }
        };
        let asked = tokio::time::timeout(HANG, asking).await;
        asked.unwrap_or_else(|_| panic!("never: {what}"));
    }

    /// Waits until the operations log has one more restart of this part; returns the duration.
    pub async fn is_restarted(&self, part: &str, restarts_before: usize) -> Duration {
        let since = Instant::now();
        let of_part = |notes: Vec<Value>| notes.iter().filter(|note| note["part"] == part).count();
        self.until(part, || async { of_part(self.noted("Restarted").await) > restarts_before })
            .await;
        since.elapsed()
    }

    pub async fn total(&self, collection: &str) -> u64 {
        let page = self.get(&format!("{collection}?size=1")).await;
        page["page"]["totalElements"].as_u64().expect("a total")
    }

    /// Waits until the count is reached, and checks that it is not exceeded.
    pub async fn has(&self, collection: &str, count: u64) {
        self.until(collection, || async { self.total(collection).await >= count }).await;
        assert_eq!(self.total(collection).await, count, "{collection}");
    }

    /// Checks that there are this many orders, each paid once and announced once per change.
    pub async fn has_orders(&self, count: u64) {
        self.has("/taxi/orders", count).await;
        self.has("/taxi/paymentHistories", count).await;
        self.has("/taxi/messages", 2 * count).await;
        self.has("/taxi/mypages", count).await;
        for page in 0..count.div_ceil(200) {
            let page = self.get(&format!("/taxi/orders?size=200&page={page}")).await;
            for order in page["_embedded"]["orders"].as_array().expect("orders") {
                assert_eq!(order["status"], "Paid", "{order}");
            }
        }
    }

    /// Stops the application and verifies its data.
    pub fn ends_well(self) {
        drop(self.running);
        assert_verified(self.data.path());
    }
}

/// Clients that place orders, each one after the other, until the load ends.
pub struct Load {
    is_over: Arc<AtomicBool>,
    placed: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Vec<Answered>>>,
}

/// The final answer to an order: the rejections before it, and the time it took.
pub struct Answered {
    pub refused: Vec<String>,
    pub after: Duration,
}

impl Load {
    /// Starts this many clients. A rejected client retries under the same key.
    pub fn on(drill: &Drill, clients: usize) -> Self {
        let (is_over, placed) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let url = drill.url("/taxi/orders");
        let clients = (0..clients).map(|name| {
            let (is_over, placed) = (Arc::clone(&is_over), Arc::clone(&placed));
            let (client, url) = (drill.client.clone(), url.clone());
            tokio::spawn(async move {
                let mut answered = Vec::new();
                while !is_over.load(Ordering::SeqCst) {
                    let key = format!("{name}-{}", answered.len());
                    answered.push(order(&client, &url, &key).await);
                    placed.fetch_add(1, Ordering::SeqCst);
                }
                answered
            })
        });
        let clients = clients.collect();
        Self { is_over, placed, clients }
    }

    /// Waits until this many more orders are placed.
    pub async fn goes_on(&self, orders: usize) {
        let from = self.placed.load(Ordering::SeqCst);
        let going = async {
            while self.placed.load(Ordering::SeqCst) < from + orders {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(HANG, going).await.expect("orders are placed");
    }

    /// Stops the clients; returns the answers to all orders.
    pub async fn ends(self) -> Vec<Answered> {
        self.is_over.store(true, Ordering::SeqCst);
        let mut all = Vec::new();
        for client in self.clients {
            let ended = tokio::time::timeout(HANG, client).await.expect("no request hangs");
            all.extend(ended.expect("no client fails"));
        }
        all
    }
}

/// Places one order under this key. It is retried until it is created.
async fn order(client: &Client, url: &str, key: &str) -> Answered {
    let (since, body) = (Instant::now(), json!({"orderType": "basic", "name": key}));
    let mut refused = Vec::new();
    loop {
        let request = client.post(url).header("idempotency-key", key).json(&body);
        let answer = request.send().await.expect("an answer");
        match answer.status().as_u16() {
            201 => return Answered { refused, after: since.elapsed() },
            503 => {
                assert!(answer.headers().contains_key("retry-after"));
                refused.push(answer.text().await.expect("a sentence"));
            }
            status => panic!("{key}: {status} {}", answer.text().await.unwrap_or_default()),
        }
        tokio::task::yield_now().await;
    }
}
