//! Clients that keep their connections and send orders under keys. A request that fails, fails the
//! test: nothing is repeated.

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    sync::watch,
    task::JoinHandle,
};

/// An answer: its status, whether the connection ends with it, and its body.
pub struct Answered {
    pub status: u16,
    pub is_last: bool,
    pub body: Value,
}

/// A connection that is kept.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    pub async fn open(address: SocketAddr) -> std::io::Result<Self> {
        Ok(Self(BufReader::new(TcpStream::connect(address).await?)))
    }

    /// Sends a request, and reads its answer.
    pub async fn ask(&mut self, head: &str, body: &str) -> std::io::Result<Answered> {
        let length = body.len();
        let request = format!(
            "{head} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n"
        );
        self.send(&format!("{request}\r\n{body}")).await?;
        self.answer().await
    }

    /// Orders under this key.
    pub async fn order(&mut self, key: &str) -> std::io::Result<Answered> {
        let body = json!({ "orderType": "basic", "name": key }).to_string();
        let length = body.len();
        self.send(&format!(
            "POST /taxi/orders HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             idempotency-key: {key}\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await?;
        self.answer().await
    }

    pub async fn send(&mut self, text: &str) -> std::io::Result<()> {
        self.0.write_all(text.as_bytes()).await
    }

    pub async fn answer(&mut self) -> std::io::Result<Answered> {
        let (mut status, mut length, mut is_last) = (0, 0, false);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().expect("a status");
            } else if let Some(bytes) = line.strip_prefix("content-length: ") {
                length = bytes.parse().expect("a length");
            } else if line == "connection: close" {
                is_last = true;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Ok(Answered { status, is_last, body })
    }
}

/// What clients got: the numbers of their orders by key, and the longest wait.
#[derive(Debug, Default)]
pub struct Placed {
    pub orders: BTreeMap<String, u64>,
    pub longest: Duration,
}

/// Clients that order until they are stopped.
pub struct Clients {
    running: Vec<JoinHandle<Placed>>,
    stop: watch::Sender<bool>,
    placed: watch::Sender<usize>,
}

impl Clients {
    pub fn begin(address: SocketAddr, clients: usize) -> Self {
        let (stop, stopped) = watch::channel(false);
        let placed = watch::Sender::new(0);
        let run = |nth| tokio::spawn(place(address, nth, stopped.clone(), placed.clone()));
        Self { running: (0..clients).map(run).collect(), stop, placed }
    }

    /// Waits until so many further orders are placed.
    pub async fn further(&self, orders: usize) {
        let mut placed = self.placed.subscribe();
        let until = *placed.borrow() + orders;
        assert!(placed.wait_for(|placed| *placed >= until).await.is_ok(), "the clients run");
    }

    /// Stops the clients; returns what they got.
    pub async fn end(self) -> Placed {
        self.stop.send_replace(true);
        let mut all = Placed::default();
        for client in self.running {
            let placed = client.await.expect("no request fails");
            all.orders.extend(placed.orders);
            all.longest = all.longest.max(placed.longest);
        }
        all
    }
}

async fn place(
    address: SocketAddr,
    nth: usize,
    stopped: watch::Receiver<bool>,
    count: watch::Sender<usize>,
) -> Placed {
    let mut placed = Placed::default();
    let mut connection = Connection::open(address).await.expect("a connection");
    for number in 1.. {
        if *stopped.borrow() {
            break;
        }
        let (key, begun) = (format!("{nth}-{number}"), Instant::now());
        let answer = connection.order(&key).await.expect("an answer");
        placed.longest = placed.longest.max(begun.elapsed());
        assert!((200..300).contains(&answer.status), "{key}: {} {}", answer.status, answer.body);
        placed.orders.insert(key, answer.body["id"].as_u64().expect("a number"));
        count.send_modify(|count| *count += 1);
        if answer.is_last {
            connection = Connection::open(address).await.expect("a connection");
        }
    }
    placed
}

/// The names in all orders, by number.
pub async fn names(address: SocketAddr) -> BTreeMap<u64, String> {
    let mut names = BTreeMap::new();
    let mut connection = Connection::open(address).await.expect("a connection");
    for page in 0.. {
        let head = format!("GET /taxi/orders?size=200&page={page}");
        let answer = connection.ask(&head, "").await.expect("an answer");
        let orders = answer.body["_embedded"]["orders"].as_array().cloned().unwrap_or_default();
        if orders.is_empty() {
            break;
        }
        for order in orders {
            let name = order["name"].as_str().expect("a name").to_owned();
            names.insert(order["id"].as_u64().expect("a number"), name);
        }
    }
    names
}

/// Asserts that the server has exactly these orders.
pub async fn assert_has(address: SocketAddr, placed: &Placed) {
    let found = names(address).await;
    assert_eq!(found.len(), placed.orders.len(), "lost or doubled");
    for (key, number) in &placed.orders {
        assert_eq!(found.get(number), Some(key), "order {number}");
    }
}
