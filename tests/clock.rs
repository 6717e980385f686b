//! Timers fire by the monotonic clock when the wall clock of the machine is set, and an operations
//! event records the change.

mod support;

use madang::actors::clock::{self, Source};
use reqwest::Client;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use support::{client, inside::Running};

const HOUR: Duration = Duration::from_secs(3_600);

/// Both clocks, in milliseconds; the test moves them.
#[derive(Clone)]
struct Hands {
    wall: Arc<AtomicU64>,
    monotonic: Arc<AtomicU64>,
}

impl Hands {
    fn at_noon() -> Self {
        Self { wall: Arc::new(1_800_000_000_000.into()), monotonic: Arc::default() }
    }

    /// Advances both clocks.
    fn pass(&self, time: Duration) {
        self.wall.fetch_add(millis(time), Ordering::SeqCst);
        self.monotonic.fetch_add(millis(time), Ordering::SeqCst);
    }

    /// Sets the wall clock, as an administrator does.
    fn set_back(&self, by: Duration) {
        self.wall.fetch_sub(millis(by), Ordering::SeqCst);
    }

    fn set_forward(&self, by: Duration) {
        self.wall.fetch_add(millis(by), Ordering::SeqCst);
    }
}

impl Source for Hands {
    fn wall(&self) -> Duration {
        Duration::from_millis(self.wall.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.monotonic.load(Ordering::SeqCst))
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap()
}

struct Town {
    client: Client,
    running: Running,
}

impl Town {
    async fn get(&self, path: &str) -> Value {
        let url = format!("http://{}{path}", self.running.address);
        self.client.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Calls a taxi, and waits until the reservation has its timer.
    async fn call(&self) -> u64 {
        let url = format!("http://{}/taxi/orders", self.running.address);
        let body = json!({"orderType": "basic", "name": "Jung"});
        let order: Value =
            self.client.post(url).json(&body).send().await.unwrap().json().await.unwrap();
        let number = order["id"].as_u64().expect("an order");
        self.until(&format!("/taxi/conversations/{number}?as=json"), |story| {
            story["waiting"].as_array().unwrap().iter().any(|saga| !saga["timer"].is_null())
        })
        .await;
        number
    }

    /// Polls until the representation satisfies the condition.
    async fn until(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let shown = self.get(path).await;
            if is_so(&shown) {
                return shown;
            }
        }
    }

    async fn until_noted(&self, to: &str) -> Value {
        let notes = self
            .until("/admin/log", |operations_log| {
                note(operations_log, to).is_some_and(|note| !note.is_null())
            })
            .await;
        note(&notes, to).unwrap()
    }

    async fn alarms(&self, number: u64) -> usize {
        let story = self.get(&format!("/taxi/conversations/{number}?as=json&size=100")).await;
        let records = story["_embedded"]["records"].as_array().unwrap();
        records.iter().filter(|record| record["what"]["kind"] == "timer").count()
    }
}

/// The details of the event about a clock that was set in this direction.
fn note(operations_log: &Value, to: &str) -> Option<Value> {
    let notes = operations_log["_embedded"]["log"].as_array()?;
    let set = |note: &&Value| note["what"] == "ClockSet" && note["details"]["to"] == to;
    notes.iter().find(set).map(|note| note["details"].clone())
}

#[tokio::test]
async fn timers_fire_by_the_monotonic_clock_and_an_event_records_that_the_clock_was_set() {
    let hands = Hands::at_noon();
    clock::read_from(hands.clone()).unwrap();
    let running = Running::start(|config| {
        let settings = json!({ "confirm_within_s": HOUR.as_secs() });
        config.businesses.insert("taxi".to_owned(), settings);
    });
    let town = Town { client: client(), running };

    // The wall clock is set back by an hour, so it reaches the time of the timer an hour too late.
    let first = town.call().await;
    hands.set_back(HOUR);
    let details = town.until_noted("back").await;
    assert_eq!(details["by_ms"], 3_600_000);
    assert_eq!(town.get(&format!("/taxi/orders/{first}")).await["status"], "Paid");
    hands.pass(HOUR);
    let path = format!("/taxi/orders/{first}");
    town.until(&path, |order| order["status"] == "Cancelled").await;
    assert_eq!(town.alarms(first).await, 1);

    // The wall clock is set forward by three hours, two of which are ahead of the monotonic clock:
    // the timer fires at once, and once.
    let second = town.call().await;
    hands.set_forward(3 * HOUR);
    let details = town.until_noted("forward").await;
    assert_eq!(details["by_ms"], 3 * 3_600_000);
    let path = format!("/taxi/orders/{second}");
    town.until(&path, |order| order["status"] == "Cancelled").await;
    assert_eq!(town.alarms(second).await, 1);

    // The times of records do not decrease.
    let story = town.get(&format!("/taxi/conversations/{first}?as=json&size=100")).await;
    let records = story["_embedded"]["records"].as_array().unwrap();
    assert!(records.is_sorted_by_key(|record| record["at"].as_str().unwrap().to_owned()));
}
