//! The conventions of HTTP that hold for all paths: preferences, keys, methods, times, origins,
//! limits and codings.

mod codings;
mod limits;
mod origins;
mod paths;
mod preferences;
#[path = "../support/mod.rs"]
mod support;
mod times;
mod tls;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use support::inside::Running;

/// The call taxi, and a client.
struct Taxi {
    running: Running,
    client: Client,
}

impl Taxi {
    fn start(change: impl FnOnce(&mut madang::config::Config)) -> Self {
        Self { running: Running::start(change), client: support::client() }
    }

    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().expect("a method");
        self.client.request(method, format!("http://{}{path}", self.running.address))
    }

    fn order(&self) -> RequestBuilder {
        let order = json!({ "orderType": "basic", "name": "Jung", "phone": "010" });
        self.request("POST", "/taxi/orders").json(&order)
    }

    async fn get(&self, path: &str) -> Response {
        sent(self.request("GET", path)).await
    }
}

async fn sent(request: RequestBuilder) -> Response {
    request.send().await.expect("it answers")
}

async fn json_of(response: Response) -> Value {
    response.json().await.expect("json")
}

#[track_caller]
fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().expect("a visible value"))
}
