//! A scrape as a test reads it.

use crate::support::{client, inside::Running};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, Instant},
};

/// The longest time until a condition shows in a scrape.
const SHOWN_WITHIN: Duration = Duration::from_secs(30);

/// The samples of one scrape.
#[derive(Debug)]
pub struct Scrape(Vec<Sample>);

/// One line of a scrape.
#[derive(Debug)]
pub struct Sample {
    /// The name of the metric.
    pub name: String,
    /// The labels, as they are written.
    labels: String,
    /// The value.
    pub value: f64,
}

impl Scrape {
    /// Reads the text of a scrape.
    pub fn of(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(lines.map(Sample::of).collect())
    }

    /// The sum of the samples of this name that have all these labels; `None` without one.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut samples =
            self.0.iter().filter(|one| one.name == name && one.has(labels)).peekable();
        samples.peek()?;
        Some(samples.map(|sample| sample.value).sum())
    }

    /// The names of all samples.
    pub fn names(&self) -> BTreeSet<&str> {
        self.0.iter().map(|sample| sample.name.as_str()).collect()
    }
}

impl Sample {
    fn of(line: &str) -> Self {
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        Self { name: name.to_owned(), labels: labels.trim_end_matches('}').to_owned(), value }
    }

    fn has(&self, labels: &[(&str, &str)]) -> bool {
        labels.iter().all(|(name, value)| {
            let label = format!("{name}=\"{value}\"");
            self.labels.split("\",").any(|one| format!("{}\"", one.trim_end_matches('"')) == label)
        })
    }
}

/// A client of a server and of its figures.
pub struct Desk {
    address: SocketAddr,
    client: Client,
}

impl Desk {
    /// The desk of this application.
    pub fn of(app: &Running) -> Self {
        Self::at(app.address)
    }

    /// The desk of the server at this address.
    pub fn at(address: SocketAddr) -> Self {
        Self { address, client: client() }
    }

    /// The text of the figures.
    pub async fn text(&self) -> String {
        let request = self.client.get(format!("http://{}/metrics", self.address));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.text().await.expect("text")
    }

    /// The figures.
    pub async fn scrape(&self) -> Scrape {
        Scrape::of(&self.text().await)
    }

    /// The sum of these samples; 0 without one.
    pub async fn figure(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.scrape().await.sum(name, labels).unwrap_or_default()
    }

    /// Scrapes until these samples are as wanted.
    ///
    /// # Panics
    /// When they are not within 30 s.
    #[track_caller]
    pub fn shows<'a>(
        &'a self,
        name: &'a str,
        labels: &'a [(&'a str, &'a str)],
        is_wanted: impl Fn(f64) -> bool + 'a,
    ) -> impl Future<Output = f64> + 'a {
        let begun = Instant::now();
        async move {
            loop {
                let scrape = self.scrape().await;
                match scrape.sum(name, labels) {
                    Some(value) if is_wanted(value) => return value,
                    value => {
                        let is_late = begun.elapsed() > SHOWN_WITHIN;
                        assert!(!is_late, "{name} {labels:?} is {value:?}");
                        tokio::task::yield_now().await;
                    }
                }
            }
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    /// Sends a body of JSON; returns the status and the answer.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Sends a body of JSON with `PUT`; returns the status and the answer.
    pub async fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// Reads JSON.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.send(Method::GET, path, None).await
    }

    /// Breaks a part of the server on purpose.
    pub async fn breaks(&self, fault: &Value) {
        let (status, said) = self.post("/admin/faults", fault).await;
        assert!((200..300).contains(&status), "{said}");
    }

    /// Places an order of the call taxi; returns the status.
    pub async fn order(&self) -> u16 {
        self.post("/taxi/orders", &json!({ "orderType": "basic", "name": "Kim" })).await.0
    }
}
