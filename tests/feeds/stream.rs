//! A client of a stream of the feed.

use crate::support::messages::{Message, Messages};
use reqwest::Client;
use serde_json::Value;
use std::net::SocketAddr;

/// An open stream.
pub struct Stream(Messages);

impl Stream {
    /// Opens a stream at this path, after the position that was seen last.
    pub async fn open(
        client: &Client,
        address: SocketAddr,
        path: &str,
        last_seen: Option<&str>,
    ) -> Self {
        let request = client.get(format!("http://{address}{path}"));
        let request = request.header("Accept", "text/event-stream");
        let request = match last_seen {
            Some(id) => request.header("Last-Event-ID", id),
            None => request,
        };
        let mut stream = Self(Messages::of(request.send().await.expect("it answers")));
        let opened = stream.message().await.expect("a sign of life");
        assert_eq!(opened.data, Value::Null, "the stream says where it begins");
        stream
    }

    /// The next message; `None` when the stream has ended.
    pub async fn message(&mut self) -> Option<Message> {
        self.0.next().await
    }

    /// The next event.
    pub async fn event(&mut self) -> Value {
        loop {
            let message = self.message().await.expect("the stream is open");
            if message.data != Value::Null {
                assert_eq!(message.data["id"], *message.id);
                return message.data;
            }
        }
    }

    /// The next events, as many as asked for.
    pub async fn events(&mut self, count: usize) -> Vec<Value> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.event().await);
        }
        events
    }
}
