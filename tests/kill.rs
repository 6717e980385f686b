//! A server killed at random moments under load: nothing acknowledged is lost, nothing is done twice.
//!
//! `KILL_TEST_KILLS` says how often it is killed (100 by default), `KILL_TEST_SEED` which moments.

mod support;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use support::{
    process::{Server, assert_verified},
    provider::Provider,
};
use tokio::sync::watch;

const CLIENTS: usize = 32;

/// At most so many answers between two kills.
const ANSWERS_BETWEEN_KILLS_MAX: u64 = 120;

/// What a client was answered under a key.
#[derive(Clone, Debug, PartialEq)]
struct Answered {
    status: StatusCode,
    order: u64,
    body: Value,
}

#[derive(Default)]
struct Memory {
    answers: Mutex<HashMap<String, Answered>>,
    count: AtomicUsize,
}

/// Where the server is; `None` while it is down, or for good.
type Whereabouts = watch::Receiver<Option<String>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_and_doubles_nothing() {
    let kills = from_environment("KILL_TEST_KILLS", 100);
    let seed = from_environment("KILL_TEST_SEED", 0x5eed);
    let folder = tempfile::tempdir().unwrap();
    let (data, config) = (folder.path().join("data"), folder.path().join("madang.toml"));
    let provider = Provider::start();
    std::fs::write(&config, provider.config()).unwrap();

    let memory = Arc::new(Memory::default());
    let (tell, whereabouts) = watch::channel(None);
    let (stop, stopped) = watch::channel(false);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|nth| {
            tokio::spawn(order_on_and_on(
                nth,
                Arc::clone(&memory),
                whereabouts.clone(),
                stopped.clone(),
            ))
        })
        .collect();

    let mut dice = Dice(seed);
    let mut checked = 0;
    for kill in 0..kills {
        let server = Server::start(&data, Some(&config));
        checked = check_answers_since(checked, &memory, &server).await;
        tell.send_replace(Some(server.url("/taxi/orders")));
        let enough = memory.count.load(Ordering::SeqCst) + dice.roll(ANSWERS_BETWEEN_KILLS_MAX);
        while memory.count.load(Ordering::SeqCst) < enough {
            tokio::task::yield_now().await;
        }
        server.kill();
        tell.send_replace(None);
        assert_verified(&data);
        if kill % 10 == 9 {
            println!("{} kills, {} orders answered", kill + 1, memory.count.load(Ordering::SeqCst));
        }
    }

    let server = Server::start(&data, Some(&config));
    stop.send_replace(true);
    tell.send_replace(Some(server.url("/taxi/orders")));
    for client in clients {
        client.await.unwrap();
    }
    check_answers_since(0, &memory, &server).await;
    each_was_charged_once(&memory, &provider);
    assert!(server.terminate().success());
    assert_verified(&data);
}

/// Orders under new keys; a key that was not answered is tried again until it is.
async fn order_on_and_on(
    nth: usize,
    memory: Arc<Memory>,
    mut whereabouts: Whereabouts,
    stopped: watch::Receiver<bool>,
) {
    let client = support::client();
    for order in 0.. {
        if *stopped.borrow() {
            return;
        }
        let key = format!("client-{nth}-order-{order}");
        let answered = loop {
            let Ok(url) = whereabouts.wait_for(Option::is_some).await.map(|url| url.clone()) else {
                return;
            };
            if let Some(answered) = place_order(&client, &url.unwrap_or_default(), &key).await {
                break answered;
            }
        };
        memory.answers.lock().unwrap().insert(key, answered);
        memory.count.fetch_add(1, Ordering::SeqCst);
    }
}

/// The answer under this key, unless the server is gone or busy.
async fn place_order(client: &Client, url: &str, key: &str) -> Option<Answered> {
    let body = json!({ "orderType": "basic", "name": key });
    let request = client.post(url).header("Idempotency-Key", key).json(&body);
    let response = request.send().await.ok()?;
    let status = response.status();
    if status != StatusCode::CREATED {
        assert!(
            matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::ACCEPTED),
            "{key}: {status} {}",
            response.text().await.unwrap_or_default()
        );
        return None;
    }
    let body: Value = response.json().await.ok()?;
    Some(Answered { status, order: body["id"].as_u64().unwrap(), body })
}

/// Says every request answered since again, and expects the first answer; reads every order.
async fn check_answers_since(checked: usize, memory: &Memory, server: &Server) -> usize {
    let client = support::client();
    let answers = memory.answers.lock().unwrap().clone();
    let mut newest: Vec<_> = answers.into_iter().collect();
    newest.sort_by_key(|(_, answered)| std::cmp::Reverse(answered.order));
    newest.truncate(newest.len() - checked.min(newest.len()) + CLIENTS);
    let count = newest.len();
    let url = server.url("/taxi/orders");
    for (key, first) in &newest {
        let again = place_order(&client, &url, key).await;
        assert_eq!(again.as_ref(), Some(first), "{key}: another answer than the first");
        let order = client.get(format!("{url}/{}", first.order)).send().await.unwrap();
        let order: Value = order.json().await.unwrap();
        assert_eq!(order["name"], key.as_str(), "order {} is another one", first.order);
    }
    checked + count.min(memory.count.load(Ordering::SeqCst) - checked)
}

#[track_caller]
fn each_was_charged_once(memory: &Memory, provider: &Provider) {
    let charges = provider.charges_and_refunds();
    let answers = memory.answers.lock().unwrap();
    let mut orders = HashMap::new();
    for (key, answered) in answers.iter() {
        let other = orders.insert(answered.order, key);
        assert_eq!(other, None, "order {} has two keys", answered.order);
        assert_eq!(charges.get(&answered.order), Some(&(1, 0)), "order {}", answered.order);
    }
    for (order, counts) in &charges {
        assert_eq!(*counts, (1, 0), "order {order}: charges and refunds");
    }
    println!("{} orders, each charged once", orders.len());
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Small, deterministic and good enough (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides).unwrap()
    }
}
