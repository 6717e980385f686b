//! A call taxi with its clients.

use crate::support::{
    client,
    inside::Running,
    token::{SECRET, token},
};
use madang::config::Config;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::{fs, sync::Arc};

/// A running call taxi.
pub struct Taxi {
    pub app: Arc<Running>,
    pub client: Client,
    /// The token of each request, if there is one.
    pub token: Option<String>,
}

/// An answer: its status, its headers and its body as JSON.
#[derive(Debug)]
pub struct Heard {
    pub status: u16,
    pub head: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Heard {
    /// The header of this name; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.head.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// The detail of a problem.
    pub fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap_or_default()
    }
}

impl Taxi {
    /// Starts it without identity.
    pub fn start(change: impl FnOnce(&mut Config)) -> Self {
        Self { app: Arc::new(Running::start(change)), client: client(), token: None }
    }

    /// Starts it with identity. Without a token, it is asked by nobody.
    pub fn guarded() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let secret = folder.path().join("secret");
        fs::write(&secret, SECRET).expect("written");
        Self::start(|config| config.identity.secret_file = Some(secret))
    }

    /// The same server, asked by this client.
    pub fn of(&self, subject: &str, roles: &[&str]) -> Self {
        let roles: Vec<_> = roles.iter().map(|role| (*role).to_owned()).collect();
        let (app, client) = (Arc::clone(&self.app), self.client.clone());
        Self { app, client, token: Some(token(subject, &roles)) }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("http://{}{path}", self.app.address));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Heard {
        heard(self.request(Method::GET, path).send().await.expect("it answers")).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Heard {
        heard(self.request(Method::POST, path).json(&body).send().await.expect("it answers")).await
    }

    /// Orders a taxi and returns the number of the order.
    pub async fn order(&self, name: &str) -> u64 {
        let order = json!({ "orderType": "basic", "name": name, "cardNo": "383824245656" });
        let shown = self.post("/taxi/orders", order).await;
        assert_eq!(shown.status, 201, "{shown:?}");
        shown.body["id"].as_u64().expect("a number")
    }

    pub async fn cancel(&self, number: u64) -> Heard {
        let cancelled = self.post(&format!("/taxi/orders/{number}/cancel"), json!({})).await;
        assert_eq!(cancelled.status, 200, "{cancelled:?}");
        cancelled
    }
}

async fn heard(answer: Response) -> Heard {
    let (status, head) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await.expect("text");
    let body =
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("json") };
    Heard { status, head, body }
}
