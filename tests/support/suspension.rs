//! The story of a part that is down for a while: creation goes on without it, and everything is
//! finished when it is back; told of a real server that is killed meanwhile.

use super::process::{Server, assert_verified};
use reqwest::Client;
use serde_json::Value;
use std::{path::Path, time::Duration};

/// Longer than anything here takes; only so that a failing test ends.
const HANG: Duration = Duration::from_secs(120);

/// What is finished afterwards for each number: the path with `{}` for the number, a field of
/// what is shown there, and its value.
pub type Finished<'a> = (&'a str, &'a str, &'a str);

/// Suspends the context, creates so many (half of them before the server is killed, half after),
/// resumes it, waits until every one is finished, and checks that each is there exactly once.
/// The collection of the first of `finished` is empty as long as the context is suspended.
///
/// # Panics
/// When anything of that is not so, or `madang verify` finds a flaw.
pub async fn suspended_and_resumed(
    context: &str,
    (path, body): (&str, Value),
    count: usize,
    finished: &[Finished<'_>],
) {
    let folder = tempfile::tempdir().unwrap();
    let (data, config) = (folder.path().join("data"), folder.path().join("madang.toml"));
    // What waits for the suspended part is answered 202 soon.
    std::fs::write(&config, "[http]\npatience_ms = 300\n").unwrap();
    let begin = || Server::start(&data, Some(&config));
    let story = Story { client: super::client(), context, finished };

    let server = begin();
    story.turn(&server, "suspend", "SUSPENDED").await;
    story.turn(&server, "suspend", "SUSPENDED").await;
    let mut numbers = story.create(&server, path, &body, count / 2).await;
    server.kill();
    let server = begin();
    assert_eq!(story.read(&server, &story.path()).await["state"], "SUSPENDED", "after a kill");
    numbers.extend(story.create(&server, path, &body, count - count / 2).await);
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), count, "every one has a number of its own");
    story.is_kept_back(&server).await;

    story.turn(&server, "resume", "RUNNING").await;
    tokio::time::timeout(HANG, story.is_finished(&server, &numbers)).await.expect("finished");
    story.is_there_once(&server, count).await;
    assert!(server.terminate().success());
    assert_verified(&data);
    story.is_still_so(&data, begin(), count).await;
}

struct Story<'a> {
    client: Client,
    context: &'a str,
    finished: &'a [Finished<'a>],
}

impl Story<'_> {
    fn path(&self) -> String {
        format!("/admin/contexts/{}", self.context)
    }

    async fn turn(&self, server: &Server, turn: &str, state: &str) {
        let url = server.url(&format!("{}/{turn}", self.path()));
        let turned = self.client.post(url).send().await.expect("an answer");
        assert_eq!(turned.status(), 200);
        let turned: Value = turned.json().await.expect("json");
        assert_eq!((&turned["state"], &turned["name"]), (&state.into(), &self.context.into()));
    }

    /// Creates so many at once; their numbers.
    async fn create(&self, server: &Server, path: &str, body: &Value, count: usize) -> Vec<u64> {
        let creating = (0..count).map(|_| {
            let request = self.client.post(server.url(path)).json(body);
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

    async fn is_kept_back(&self, server: &Server) {
        let collection = collection_of(self.finished[0].0);
        assert_eq!(self.total(server, collection).await, 0, "{collection} while suspended");
        let health = self.read(server, "/actuator/health").await;
        assert_eq!(health["status"], "UP", "a suspension makes nothing unhealthy");
        let mut parts = health["components"].as_object().unwrap().iter();
        let is_it = |name: &str| name.ends_with(&format!(" {}", self.context));
        let out = |part: &Value| part["status"] == "OUT_OF_SERVICE";
        assert!(parts.any(|(name, part)| is_it(name) && out(part)), "{health}");
    }

    async fn is_finished(&self, server: &Server, numbers: &[u64]) {
        for number in numbers {
            for (path, field, expected) in self.finished {
                let path = path.replace("{}", &number.to_string());
                loop {
                    let shown = self.client.get(server.url(&path)).send().await.expect("an answer");
                    let shown: Value = shown.json().await.unwrap_or_default();
                    if shown[*field] == *expected {
                        break;
                    }
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    async fn is_there_once(&self, server: &Server, count: usize) {
        for (path, ..) in self.finished {
            let collection = collection_of(path);
            assert_eq!(self.total(server, collection).await, count as u64, "{collection}");
        }
    }

    /// What was finished is so after another start, and nothing came twice.
    async fn is_still_so(&self, data: &Path, server: Server, count: usize) {
        self.is_there_once(&server, count).await;
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

fn collection_of(path: &str) -> &str {
    path.split("/{}").next().unwrap_or(path)
}
