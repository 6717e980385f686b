//! Retries after later events, after kills, and after the passivation of the aggregate.

use crate::{
    HANG, Raw,
    support::{client, process::Server},
};
use reqwest::{Client, Method};
use std::path::Path;

const ORDER: &str = r#"{"orderType":"basic","name":"Jung"}"#;

/// Requests with their keys and first answers.
struct Book {
    client: Client,
    answers: Vec<(Method, &'static str, &'static str, &'static str, Raw)>,
}

impl Book {
    fn new() -> Self {
        Self { client: client(), answers: Vec::new() }
    }

    async fn send(&self, server: &Server, method: Method, path: &str, body: &str) -> Raw {
        Raw::said(&self.client, (method, server.url(path)), None, body).await
    }

    /// Submits a command for the first time under this key.
    async fn send_first(
        &mut self,
        server: &Server,
        key: &'static str,
        (method, path, body): (Method, &'static str, &'static str),
    ) -> Raw {
        let said = (method.clone(), server.url(path));
        let answer = Raw::said(&self.client, said, Some(key), body).await;
        self.answers.push((method, path, body, key, answer.clone()));
        answer
    }

    /// Repeats all commands and compares the answers with the first ones.
    async fn is_answered_again(&self, server: &Server, when: &str) {
        for (method, path, body, key, first) in &self.answers {
            let said = (method.clone(), server.url(path));
            let again = Raw::said(&self.client, said, Some(key), body).await;
            assert_eq!(again, *first, "{when}: {method} {path} under {key}");
        }
    }

    /// Reads until a member of the representation has this value.
    async fn becomes(&self, server: &Server, path: &str, member: &str, value: &str) {
        let becomes = async {
            while self.send(server, Method::GET, path, "").await.body()[member] != value {}
        };
        tokio::time::timeout(HANG, becomes).await.unwrap_or_else(|_| panic!("{path}: {value}"));
    }
}

fn configured(folder: &Path, text: &str) -> std::path::PathBuf {
    let config = folder.join("madang.toml");
    std::fs::write(&config, text).unwrap();
    config
}

#[tokio::test]
async fn each_retry_gets_the_first_answer_byte_for_byte_whatever_happens_later() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // Two instances fit into memory, so those of earlier requests are passivated.
    let config = configured(
        folder.path(),
        "[actors]\ninstances_max = 2\nsnapshot_every_events = 3\n[phone]\nship_after_s = 0\n",
    );
    let server = Server::start(&data, Some(&config));
    let mut book = Book::new();

    let created = book.send_first(&server, "create", (Method::POST, "/taxi/orders", ORDER)).await;
    assert_eq!(created.status, 201);
    assert_eq!((created.header("location"), created.header("etag")), ("/taxi/orders/1", "\"2\""));
    assert!(!created.header("x-madang-position").is_empty());
    let unknown = (Method::POST, "/taxi/orders/2/cancel", "{}");
    assert_eq!(book.send_first(&server, "unknown", unknown).await.status, 404);
    let invalid = (Method::POST, "/phone/orders", r#"{"item":"test","qty":0}"#);
    assert_eq!(book.send_first(&server, "invalid", invalid).await.status, 422);
    let sold = (Method::POST, "/phone/orders", r#"{"item":"test","qty":2,"price":100}"#);
    assert_eq!(book.send_first(&server, "sold", sold).await.status, 201);
    book.is_answered_again(&server, "at once").await;

    // Later events change the aggregates of the earlier requests.
    assert_eq!(book.send(&server, Method::POST, "/taxi/orders", ORDER).await.status, 201);
    let cancel = (Method::POST, "/taxi/orders/1/cancel", "{}");
    assert!(book.send_first(&server, "cancel", cancel).await.status.is_success());
    book.becomes(&server, "/taxi/orders/1", "status", "Cancelled").await;
    let again = (Method::POST, "/taxi/orders/1/cancel", "{}");
    book.send_first(&server, "cancel again", again).await;
    book.becomes(&server, "/phone/orders/1", "status", "Shipped").await;
    for _ in 0..4 {
        assert_eq!(book.send(&server, Method::POST, "/taxi/orders", ORDER).await.status, 201);
    }
    book.is_answered_again(&server, "after later events").await;
    server.kill();

    let server = Server::start(&data, Some(&config));
    book.is_answered_again(&server, "after kill -9").await;
    assert!(server.terminate().success());
    let server = Server::start(&data, Some(&config));
    book.is_answered_again(&server, "after a stop").await;
}

#[tokio::test]
async fn a_command_forwarded_to_another_kind_is_answered_the_same_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let config = configured(folder.path(), "");
    let server = Server::start(&data, Some(&config));
    let mut book = Book::new();
    let sold = (Method::POST, "/phone/orders", r#"{"item":"test","qty":2,"price":100}"#);
    assert_eq!(book.send_first(&server, "sold", sold).await.status, 201);
    book.becomes(&server, "/phone/rewards/1", "process", "Granted").await;
    let body = r#"{"price":200,"process":"OrderCancelled"}"#;
    let refund = (Method::PATCH, "/phone/payments/1", body);
    let refunded = book.send_first(&server, "refund", refund).await;
    assert!(refunded.status.is_success(), "{refunded:?}");
    book.becomes(&server, "/phone/payments/1", "process", "Refunded").await;
    book.is_answered_again(&server, "after it").await;
    server.kill();
    let server = Server::start(&data, Some(&config));
    book.is_answered_again(&server, "after kill -9").await;
}

#[tokio::test]
async fn a_202_under_a_key_stays_and_its_location_tells_the_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let slow = "[http]\nwait_max_ms = 50\n\
        [ports.\"taxi/payment\"]\nlatency_ms_min = 300\nlatency_ms_max = 300\n";
    let config = configured(folder.path(), slow);
    let server = Server::start(&data, Some(&config));
    let mut book = Book::new();
    let accepted = book.send_first(&server, "create", (Method::POST, "/taxi/orders", ORDER)).await;
    assert_eq!((accepted.status.as_u16(), accepted.header("location")), (202, "/taxi/orders/1"));
    assert_eq!(accepted.body()["status"], "Requested");
    book.is_answered_again(&server, "while it waits").await;
    book.becomes(&server, "/taxi/orders/1", "status", "Paid").await;
    book.is_answered_again(&server, "after it is paid").await;
    server.kill();
    let server = Server::start(&data, Some(&config));
    book.is_answered_again(&server, "after kill -9").await;
    book.becomes(&server, "/taxi/orders/1", "status", "Paid").await;
}

#[tokio::test]
async fn concurrent_retries_get_the_same_answer() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let slow = "[ports.\"taxi/payment\"]\nlatency_ms_min = 20\nlatency_ms_max = 20\n";
    let config = configured(folder.path(), slow);
    let server = Server::start(&data, Some(&config));
    let client = client();
    let url = server.url("/taxi/orders");
    for round in 0..5 {
        let key = format!("round-{round}");
        let said = (0..10).map(|_| {
            let (client, url, key) = (client.clone(), url.clone(), key.clone());
            tokio::spawn(
                async move { Raw::said(&client, (Method::POST, url), Some(&key), ORDER).await },
            )
        });
        let said: Vec<_> = said.collect();
        let mut answers = Vec::new();
        for answer in said {
            answers.push(answer.await.unwrap());
        }
        assert_eq!(answers[0].status, 201);
        assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
    }
}
