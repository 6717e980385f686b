//! The messages of a stream of Server-Sent Events.

use reqwest::Response;
use serde_json::Value;

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

/// The messages of an open stream.
pub struct Messages {
    response: Response,
    text: String,
}

impl Messages {
    /// The messages of an answer that is a stream.
    pub fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next message; `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<Message> {
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
