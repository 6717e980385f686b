//! A small business whose deciding can be held up, and how the tests talk to it.

use madang::{
    actors::{ActorSettings, IdempotencyKey, Reply, Request, RequestError, Runtime, Settings},
    domain::kernel::{
        Aggregate, Business, Decision, Host, Malformed, Nothing, Quantity, Rejection, Speaker,
        Timestamp, Vocabulary,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    path::Path,
    sync::{
        Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

pub(crate) struct Desk;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NoSettings {}

impl Business for Desk {
    const NAME: &'static str = "desk";
    type Settings = NoSettings;

    fn install(host: &mut impl Host) {
        host.aggregate::<Ticket>();
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ticket {
    is_open: bool,
    count: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Command {
    Open,
    Add(u32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Event {
    Opened,
    Added(u32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub(crate) enum No {
    #[error("there is no such ticket")]
    Unknown,
}

impl Rejection for No {}

/// Adding this waits until it is let go, and blocks its whole shard.
pub(crate) const HELD_UP: u32 = 1_000_000;

/// Where adding [`HELD_UP`] waits, in the order in which the tests arranged it.
static WAYS: Mutex<Vec<(u32, Receiver<()>)>> = Mutex::new(Vec::new());

/// The next one who adds so much more than [`HELD_UP`] waits until what is returned is dropped.
pub(crate) fn hold_up(more: u32) -> Sender<()> {
    let (let_go, way) = mpsc::channel();
    WAYS.lock().unwrap_or_else(PoisonError::into_inner).push((HELD_UP + more, way));
    let_go
}

impl Aggregate for Ticket {
    const NAME: &'static str = "desk/tickets";
    type Business = Desk;
    type Command = Command;
    type Event = Event;
    type Rejection = No;

    fn speaker(_: &Command) -> Speaker {
        Speaker::Anyone
    }

    fn decide(&self, command: Command, _: Timestamp, _: &NoSettings) -> Decision<Self> {
        if let Command::Add(count) = command {
            let mut ways = WAYS.lock().unwrap_or_else(PoisonError::into_inner);
            let way = ways.extract_if(.., |(held_up, _)| *held_up == count).next();
            drop(ways);
            // An error means that it was let go.
            let _ = way.map(|(_, way)| way.recv());
        }
        match (self.is_open, command) {
            (false, Command::Open) => Ok(vec![Event::Opened]),
            (true, Command::Open) => Ok(vec![]),
            (true, Command::Add(count)) => Ok(vec![Event::Added(count)]),
            (false, Command::Add(_)) => Err(No::Unknown),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Event::Opened => Self { is_open: true, ..self },
            Event::Added(count) => Self { count: self.count.wrapping_add(count), ..self },
        }
    }

    fn show(&self, number: u64) -> impl Serialize {
        serde_json::json!({ "id": number, "count": self.count })
    }

    fn vocabulary() -> Vocabulary<Self> {
        #[derive(Deserialize)]
        struct Add {
            count: Quantity,
        }
        Vocabulary::new()
            .creates("open", |_: Nothing| Ok::<_, Malformed>(Command::Open))
            .command("add", |add: Add| Ok(Command::Add(add.count.0)))
    }
}

pub(crate) fn start(data: &Path, actors: ActorSettings) -> Runtime {
    let settings = Settings { data: data.to_owned(), actors, ..Settings::default() };
    Runtime::start(settings, |host| {
        host.business::<Desk>();
    })
    .unwrap()
}

/// Says something, and waits for so many milliseconds at most.
pub(crate) async fn say(
    runtime: &Runtime,
    (name, number): (&str, Option<u64>),
    body: &str,
    key: Option<(u128, u128)>,
    patience_ms: u64,
) -> Result<Reply, RequestError> {
    let sayings = &runtime.resources()[0].sayings;
    let saying = sayings.iter().position(|saying| saying.name == name).unwrap();
    let request = Request {
        resource: 0,
        saying,
        number,
        body: body.as_bytes().to_vec(),
        key: key.map(|(key, fingerprint)| IdempotencyKey { key, fingerprint }),
        if_match: None,
        patience: Duration::from_millis(patience_ms),
    };
    runtime.say(request).await
}

pub(crate) fn count(reply: &Reply) -> u64 {
    serde_json::from_slice::<serde_json::Value>(&reply.body).unwrap()["count"].as_u64().unwrap()
}

/// A figure of the journal, as the health tells it.
pub(crate) fn figure(runtime: &Runtime, name: &str) -> u64 {
    let health = runtime.health();
    let journal = health.parts.iter().find(|part| part.name == "journal").unwrap();
    let figure = journal.details.iter().find(|(known, _)| *known == name);
    figure.and_then(|(_, value)| value.parse().ok()).unwrap()
}
