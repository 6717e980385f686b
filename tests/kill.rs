//! A server is killed at random moments under load: no acknowledged command is lost or done twice.
//!
//! `KILLS` sets the number of kills (100 by default), `KILL_SEED` their moments. The moments are
//! counted in answers and scheduler turns of this process, so they fall anywhere. The assertions
//! hold for any moment. Each answer is compared with the first one under its key byte for byte:
//! the status, the headers that describe the outcome, and the body.

mod support;

use reqwest::{
    Client, StatusCode,
    header::{DATE, LOCATION, RETRY_AFTER},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use support::{
    client,
    dice::Dice,
    process::{Server, assert_verified},
    provider::Provider,
};
use tokio::sync::watch;

const CLIENTS: usize = 32;

/// The most answers, and then the most scheduler turns of this process, between two kills.
const ANSWERS_BETWEEN_KILLS_MAX: u64 = 40;
const TURNS_BETWEEN_KILLS_MAX: u64 = 400;

/// One kill in this many falls into a start, within this many microseconds.
const KILLS_PER_KILL_AT_START: u64 = 8;
const START_US_MAX: u64 = 40_000;

/// The whole store is verified after every fifth kill and the last one: damage stays in it, and a
/// verification reads all records since the first kill.
const KILLS_PER_VERIFICATION: u64 = 5;

/// Longer than any step of a test; it only ends a test that fails.
const HANG: Duration = Duration::from_secs(60);

/// The answer to a client under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answered {
    status: StatusCode,
    /// All headers except the date.
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Answered {
    /// The number of the order: at the end of its location, or in the problem of a rejected one.
    fn order(&self) -> u64 {
        let place = self.headers.iter().find(|(name, _)| name == LOCATION.as_str());
        let place = place.and_then(|(_, place)| std::str::from_utf8(place).ok());
        let number = place.and_then(|place| place.rsplit('/').next()?.parse().ok());
        number.or_else(|| number_of(&serde_json::from_slice(&self.body).ok()?)).expect("a number")
    }
}

/// The state that all clients share.
struct Shared {
    answers: Mutex<BTreeMap<String, Answered>>,
    count: watch::Sender<usize>,
    /// The number of retries, and those that differ from the first answer.
    compared: Mutex<(usize, Vec<String>)>,
    /// The address of the server; `None` while it is down.
    place: watch::Sender<Option<String>>,
    is_over: watch::Sender<bool>,
}

impl Shared {
    /// Counts a retry, and stores it when it differs from the first answer.
    fn compare(&self, key: &str, first: &Answered, again: Option<&Answered>) {
        let mut compared = self.compared.lock().unwrap();
        compared.0 += 1;
        if again != Some(first) {
            compared.1.push(format!("{key}: {first:?}, then {again:?}"));
        }
    }
}

/// The server under test: its data, its provider and the state of its clients.
struct Trial {
    data: PathBuf,
    config: PathBuf,
    provider: Provider,
    shared: Arc<Shared>,
    client: Client,
}

#[tokio::test]
async fn a_killed_server_loses_nothing_and_doubles_nothing() {
    let kills = from_environment("KILLS", 100);
    let mut dice = Dice(from_environment("KILL_SEED", 0x5eed));
    let folder = tempfile::tempdir().unwrap();
    let trial = Trial::build(folder.path());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|nth| tokio::spawn(order_on_and_on(nth, Arc::clone(&trial.shared))))
        .collect();

    let begin = Instant::now();
    let mut checked = HashSet::new();
    for kill in 1..=kills {
        if kill % KILLS_PER_KILL_AT_START == 0 {
            trial.kill_while_starting(Duration::from_micros(dice.roll(START_US_MAX))).await;
        } else {
            trial.kill_under_load(&mut dice, &mut checked).await;
        }
        if kill % KILLS_PER_VERIFICATION == 0 || kill == kills {
            assert_verified(&trial.data);
        }
        if kill % 10 == 0 || kill == kills {
            let (orders, took) = (*trial.shared.count.borrow(), begin.elapsed());
            println!("{kill} kills, {orders} orders answered, {took:.1?}");
        }
    }

    let server = trial.start();
    trial.shared.is_over.send_replace(true);
    trial.shared.place.send_replace(Some(server.url("/taxi/orders")));
    for client in clients {
        tokio::time::timeout(HANG, client).await.expect("every key is answered").unwrap();
    }
    trial.check(&server, &mut HashSet::new()).await;
    trial.every_retry_got_the_first_answer();
    trial.each_order_exists_once(&server).await;
    trial.check(&server, &mut HashSet::new()).await;
    trial.every_retry_got_the_first_answer();
    assert!(server.terminate().success());
    assert_verified(&trial.data);
}

impl Trial {
    fn build(folder: &Path) -> Self {
        let (data, config) = (folder.join("data"), folder.join("madang.toml"));
        let provider = Provider::start();
        std::fs::write(&config, provider.config()).unwrap();
        let shared = Arc::new(Shared {
            answers: Mutex::default(),
            count: watch::Sender::new(0),
            compared: Mutex::default(),
            place: watch::Sender::new(None),
            is_over: watch::Sender::new(false),
        });
        Self { data, config, provider, shared, client: client() }
    }

    fn start(&self) -> Server {
        Server::start(&self.data, Some(&self.config))
    }

    /// Kills a server during its start.
    async fn kill_while_starting(&self, after: Duration) {
        let server = Server::launch(&self.data, Some(&self.config));
        // The moment itself is under test, so nothing is awaited.
        tokio::time::sleep(after).await;
        server.kill();
    }

    /// Starts the server, checks all earlier answers, runs the load, and kills it at any moment.
    async fn kill_under_load(&self, dice: &mut Dice, checked: &mut HashSet<String>) {
        let server = self.start();
        self.check(&server, checked).await;
        let Shared { count, place, .. } = &*self.shared;
        place.send_replace(Some(server.url("/taxi/orders")));
        let answers = usize::try_from(dice.roll(ANSWERS_BETWEEN_KILLS_MAX)).unwrap();
        let enough = *count.borrow() + answers;
        let mut counted = count.subscribe();
        let answered = tokio::time::timeout(HANG, counted.wait_for(|count| *count >= enough));
        answered.await.expect("the server answers").unwrap();
        for _ in 0..dice.roll(TURNS_BETWEEN_KILLS_MAX) {
            tokio::task::yield_now().await;
        }
        server.kill();
        place.send_replace(None);
    }

    /// Repeats every answered request that is not checked yet, and compares the answers. Then reads
    /// the orders, and checks the charges of the provider.
    async fn check(&self, server: &Server, checked: &mut HashSet<String>) {
        let answers = self.shared.answers.lock().unwrap().clone();
        let url = server.url("/taxi/orders");
        for (key, first) in answers.iter().filter(|(key, _)| !checked.contains(*key)) {
            let again = place_order(&self.client, &url, key).await;
            self.shared.compare(key, first, again.as_ref());
            let order = self.read(&format!("{url}/{}", first.order())).await;
            assert_eq!(order["name"], key.as_str(), "order {} is another one", first.order());
        }
        let charges = self.provider.charges_and_refunds();
        let paid = answers.values().filter(|answered| answered.status == StatusCode::CREATED);
        for answered in paid {
            let order = answered.order();
            assert_eq!(charges.get(&order), Some(&(1, 0)), "order {order}: charges, refunds");
        }
        checked.extend(answers.into_keys());
    }

    /// Every key was answered, so there are as many orders as keys, and no others.
    async fn each_order_exists_once(&self, server: &Server) {
        let answers = self.shared.answers.lock().unwrap().clone();
        let orders: HashSet<_> = answers.values().map(Answered::order).collect();
        assert_eq!(orders.len(), answers.len(), "two keys share an order");
        let rejected = self.rejected(server, &answers).await;
        let (all, kept) = (answers.len() as u64, (answers.len() - rejected.len()) as u64);
        for (resource, count) in
            [("orders", all), ("paymentHistories", all), ("reservations", kept)]
        {
            // The saga continues after the answer, so the last reservations may be incomplete.
            let counted = async { while self.total(server, resource).await < count {} };
            tokio::time::timeout(HANG, counted).await.unwrap_or_else(|_| panic!("{resource}"));
            assert_eq!(self.total(server, resource).await, count, "{resource}");
        }
        let mut charges = self.provider.charges_and_refunds();
        for order in &rejected {
            let refunded = charges.remove(order);
            // It may be unknown whether the service was asked. The refund then comes first, and the
            // service refuses a charge that arrives later.
            assert!(
                matches!(refunded, None | Some((0 | 1, 1))),
                "rejected order {order}: {refunded:?}"
            );
        }
        assert_eq!(charges.len() as u64, kept, "each kept order is charged, and no other");
        let rejected = rejected.len();
        println!("{kept} orders, each there once and charged once; {rejected} rejected");
    }

    /// The orders that were rejected because the payment service was not reached in time.
    async fn rejected(&self, server: &Server, answers: &BTreeMap<String, Answered>) -> Vec<u64> {
        let mut rejected = Vec::new();
        for answered in answers.values().filter(|it| it.status != StatusCode::CREATED) {
            let order = answered.order();
            let order_now = self.read(&server.url(&format!("/taxi/orders/{order}"))).await;
            rejected.extend((order_now["status"] == "Rejected").then_some(order));
        }
        rejected
    }

    fn every_retry_got_the_first_answer(&self) {
        let compared = self.shared.compared.lock().unwrap();
        let (retries, different) = (compared.0, compared.1.len());
        println!(
            "{retries} retries compared byte for byte with the first answer, {different} differ"
        );
        assert_eq!(compared.1, Vec::<String>::new());
    }

    async fn total(&self, server: &Server, resource: &str) -> u64 {
        let page = self.read(&server.url(&format!("/taxi/{resource}?size=1"))).await;
        page["page"]["totalElements"].as_u64().expect("a total")
    }

    async fn read(&self, url: &str) -> Value {
        let response = self.client.get(url).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK, "{url}");
        response.json().await.expect("json")
    }
}

/// Orders under new keys. A key without an answer is tried again until it has one.
async fn order_on_and_on(nth: usize, shared: Arc<Shared>) {
    let client = client();
    let mut place = shared.place.subscribe();
    for order in 0.. {
        if *shared.is_over.borrow() {
            return;
        }
        let key = format!("client-{nth}-order-{order}");
        let answered = loop {
            let url = place.wait_for(Option::is_some).await.expect("the sender exists").clone();
            if let Some(answered) = place_order(&client, &url.unwrap_or_default(), &key).await {
                break answered;
            }
        };
        shared.answers.lock().unwrap().insert(key, answered);
        shared.count.send_modify(|count| *count += 1);
    }
}

/// The answer under this key, unless the server is gone or busy.
async fn place_order(client: &Client, url: &str, key: &str) -> Option<Answered> {
    let body = json!({ "orderType": "basic", "name": key });
    let request = client.post(url).header("Idempotency-Key", key).json(&body);
    let response = request.send().await.ok()?;
    let status = response.status();
    // `Retry-After` is advice about the present, not part of the outcome.
    let headers = response.headers().iter();
    let headers = headers.filter(|(name, _)| *name != DATE && *name != RETRY_AFTER);
    let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    // The order of the headers has no meaning and differs between processes.
    let mut headers: Vec<_> = headers.collect();
    headers.sort_unstable();
    let body = response.bytes().await.ok()?.to_vec();
    // A client that is answered 202 finds the outcome at the location.
    if matches!(status, StatusCode::CREATED | StatusCode::ACCEPTED) {
        return Some(Answered { status, headers, body });
    }
    let details: Value = serde_json::from_slice(&body).ok()?;
    let problem = details["type"].as_str().unwrap_or_default();
    // An order whose payment could not be asked for in time is rejected; that is its outcome.
    if problem == "/problems/unavailable" && number_of(&details).is_some() {
        return Some(Answered { status, headers, body });
    }
    let is_passing = matches!(problem, "/problems/busy" | "/problems/not-yet" | "/problems/failed");
    assert!(is_passing, "{key}: {status} {details}");
    None
}

/// The number of the order that a problem is about.
fn number_of(problem: &Value) -> Option<u64> {
    problem["correlation"].as_str()?.parse().ok()
}

fn from_environment(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
