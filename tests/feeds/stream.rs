//! A client of a stream of Server-Sent Events.

use reqwest::{Client, Response};
use serde_json::Value;
use std::net::SocketAddr;

/// One message of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// The kind of the message; empty for events.
    pub kind: String,
    /// The position after it.
    pub id: String,
    /// The data; `null` in a sign of life.
    pub data: Value,
}

/// An open stream.
pub struct Stream {
    response: Response,
    text: String,
}

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
        let response = request.send().await.expect("it answers");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = Self { response, text: String::new() };
        let opened = stream.message().await.expect("a sign of life");
        assert_eq!(opened.data, Value::Null, "the stream says where it begins");
        stream
    }

    /// The next message; `None` when the stream has ended.
    pub async fn message(&mut self) -> Option<Message> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let (read, rest) = (read(message), rest.to_owned());
                self.text = rest;
                return Some(read);
            }
            let part = self.response.chunk().await.expect("the connection is open")?;
            self.text.push_str(std::str::from_utf8(&part).expect("utf-8"));
        }
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

fn read(text: &str) -> Message {
    let mut message = Message::default();
    for line in text.lines() {
        match line.split_once(": ") {
            Some(("id", id)) => id.clone_into(&mut message.id),
            Some(("event", kind)) => kind.clone_into(&mut message.kind),
            Some(("data", data)) => message.data = serde_json::from_str(data).expect("json"),
            _ => {}
        }
    }
    message
}
