//! A component is down for a while: creations go on without it and are finished when it is back.
//! The real server is killed meanwhile.

use super::process::{Server, assert_verified};
use reqwest::{Client, Method};
use serde_json::Value;
use std::{ops::Range, path::Path, time::Duration};

/// Longer than any step of a test; it only ends a test that fails.
pub const HANG: Duration = Duration::from_secs(120);

/// An expected value for each number: the path with `{}` for the number, a field (dots separate
/// levels), and the value as text.
pub type Shown<'a> = (&'a str, &'a str, &'a str);

/// A request: the method, the path (with `{}` for the number, if there is one) and the body.
pub type Said<'a> = (&'a str, &'a str, Value);

/// The requests and expectations while a component is down. Empty parts are skipped.
#[derive(Default)]
pub struct Outage<'a> {
    /// The component.
    pub component: &'a str,
    /// Settings beside those of HTTP, as TOML.
    pub settings: &'a str,
    /// Sent before the suspension.
    pub given: &'a [Said<'a>],
    /// The path and the body that create an aggregate during the suspension; `{}` in a text of the
    /// body becomes another number for each.
    pub wanted: (&'a str, Value),
    /// Expected of each aggregate during the suspension: all other components go on.
    pub meanwhile: &'a [Shown<'a>],
    /// Sent about each aggregate when `meanwhile` holds, during the suspension.
    pub work: &'a [Said<'a>],
    /// Expected of each aggregate, exactly once, after the resumption; the first value not before.
    pub finished: &'a [Shown<'a>],
}

/// Suspends the component and creates `count` aggregates, half of them before the server is killed
/// and half after. Then sends the pending work, resumes the component, waits until each aggregate
/// is finished, and checks that each exists exactly once.
///
/// # Panics
/// When an expectation fails, or `madang verify` finds a flaw.
pub async fn suspended_and_resumed(outage: Outage<'_>, count: usize) {
    let folder = tempfile::tempdir().unwrap();
    let (data, config) = (folder.path().join("data"), folder.path().join("madang.toml"));
    // A request that waits for the suspended component is soon answered 202.
    let settings = format!("[http]\nwait_max_ms = 300\n{}", outage.settings);
    std::fs::write(&config, settings).unwrap();
    let begin = || Server::start(&data, Some(&config));
    let story = Story { client: super::client(), outage };

    let server = begin();
    for said in story.outage.given {
        story.send(&server, said, 0).await;
    }
    story.turn(&server, "suspend", "SUSPENDED").await;
    story.turn(&server, "suspend", "SUSPENDED").await;
    let mut numbers = story.create(&server, 0..count / 2).await;
    server.kill();
    let server = begin();
    assert_eq!(story.read(&server, &story.path()).await["state"], "SUSPENDED", "after a kill");
    numbers.extend(story.create(&server, count / 2..count).await);
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), count, "each aggregate has a number of its own");
    story.goes_on(&server, &numbers).await;
    story.is_kept_back(&server, &numbers).await;

    story.turn(&server, "resume", "RUNNING").await;
    story.shows(&server, &numbers, story.outage.finished).await;
    story.is_there_once(&server, count).await;
    assert!(server.terminate().success());
    assert_verified(&data);
    story.is_still_so(&data, begin(), &numbers).await;
}

struct Story<'a> {
    client: Client,
    outage: Outage<'a>,
}

impl Story<'_> {
    fn path(&self) -> String {
        format!("/admin/components/{}", self.outage.component)
    }

    async fn turn(&self, server: &Server, turn: &str, state: &str) {
        let url = server.url(&format!("{}/{turn}", self.path()));
        let turned = self.client.post(url).send().await.expect("an answer");
        assert_eq!(turned.status(), 200);
        let turned: Value = turned.json().await.expect("json");
        let name = self.outage.component;
        assert_eq!((&turned["state"], &turned["name"]), (&state.into(), &name.into()));
    }

    async fn send(&self, server: &Server, (method, path, body): &Said<'_>, number: u64) {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let url = server.url(&about(path, number));
        let answer = self.client.request(method, &url).json(body).send().await.expect("an answer");
        let status = answer.status();
        assert!(status.is_success(), "{url}: {status} {}", answer.text().await.unwrap_or_default());
    }

    /// Creates these aggregates concurrently; returns their numbers.
    async fn create(&self, server: &Server, which: Range<usize>) -> Vec<u64> {
        let (path, body) = &self.outage.wanted;
        let creating = which.map(|nth| {
            let body = body.to_string().replace("{}", &nth.to_string());
            let request = self.client.post(server.url(path)).body(body);
            let request = request.header("Content-Type", "application/json");
            tokio::spawn(async move {
                let created = request.send().await.expect("an answer");
                let (status, head) = (created.status(), created.headers().clone());
                let body = created.text().await.unwrap_or_default();
                assert!(matches!(status.as_u16(), 201 | 202), "{status} {body}");
                let location = head.get("location").expect("a location").to_str().unwrap();
                location.rsplit('/').next().and_then(|number| number.parse().ok()).unwrap()
            })
        });
        let mut numbers: Vec<u64> = Vec::new();
        for creating in creating.collect::<Vec<_>>() {
            numbers.push(creating.await.expect("created"));
        }
        numbers
    }

    /// Waits until all aggregates are as expected without the component, and sends the work.
    async fn goes_on(&self, server: &Server, numbers: &[u64]) {
        self.shows(server, numbers, self.outage.meanwhile).await;
        for number in numbers {
            for said in self.outage.work {
                self.send(server, said, *number).await;
            }
        }
    }

    async fn is_kept_back(&self, server: &Server, numbers: &[u64]) {
        for number in numbers {
            let unfinished = !self.is_so(server, self.outage.finished[0], *number).await;
            assert!(unfinished, "{number} is finished while {} is down", self.outage.component);
        }
        let health = self.read(server, "/actuator/health").await;
        assert_eq!(health["status"], "UP", "a suspension does not count as unhealthy");
        let mut parts = health["components"].as_object().unwrap().iter();
        let is_it = |name: &str| name.ends_with(&format!(" {}", self.outage.component));
        let out = |part: &Value| part["status"] == "OUT_OF_SERVICE";
        assert!(parts.any(|(name, part)| is_it(name) && out(part)), "{health}");
    }

    /// Waits until all values are shown for each number.
    async fn shows(&self, server: &Server, numbers: &[u64], all: &[Shown<'_>]) {
        for shown in all {
            let each = async {
                for number in numbers {
                    while !self.is_so(server, *shown, *number).await {
                        tokio::task::yield_now().await;
                    }
                }
            };
            let shown = format!("{shown:?}");
            tokio::time::timeout(HANG, each).await.unwrap_or_else(|_| panic!("never {shown}"));
        }
    }

    async fn is_so(
        &self,
        server: &Server,
        (path, field, expected): Shown<'_>,
        number: u64,
    ) -> bool {
        let url = server.url(&about(path, number));
        let shown = self.client.get(url).send().await.expect("an answer");
        let shown: Value = shown.json().await.unwrap_or_default();
        let value = shown.pointer(&format!("/{}", field.replace('.', "/")));
        value.is_some_and(|value| reads(value, expected))
    }

    async fn is_there_once(&self, server: &Server, count: usize) {
        for (path, ..) in self.outage.finished {
            if let Some(collection) = path.strip_suffix("/{}") {
                assert_eq!(self.total(server, collection).await, count as u64, "{collection}");
            }
        }
    }

    async fn is_still_so(&self, data: &Path, server: Server, numbers: &[u64]) {
        self.shows(&server, numbers, self.outage.finished).await;
        self.is_there_once(&server, numbers.len()).await;
        assert_eq!(self.read(&server, &self.path()).await["state"], "RUNNING");
        server.kill();
        assert_verified(data);
    }

    async fn total(&self, server: &Server, collection: &str) -> u64 {
        let page = self.read(server, &format!("{collection}?size=1")).await;
        page["page"]["totalElements"].as_u64().expect("a total")
    }

    async fn read(&self, server: &Server, path: &str) -> Value {
        let response = self.client.get(server.url(path)).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.expect("json")
    }
}

/// The path with the number in the place of `{}`.
pub fn about(path: &str, number: u64) -> String {
    path.replace("{}", &number.to_string())
}

/// Whether the value is this text, or is written like this.
pub fn reads(value: &Value, expected: &str) -> bool {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned) == expected
}
