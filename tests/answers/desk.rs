//! A small business whose decisions a test can delay, and helpers to use it.

use madang::{
    actors::{
        ActorSettings, Caller, IdempotencyKey, Reply, Request, RequestError, Runtime, Settings,
    },
    domain::kernel::{
        Aggregate, Business, CommandRoutes, Decision, Empty, Host, Issuer, Malformed, Quantity,
        Rejection, Timestamp,
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

/// The base count of commands that wait until a test releases them, and block their whole shard.
pub(crate) const HELD_UP: u32 = 1_000_000;

/// The receivers on which these commands wait, in the order in which the tests created them.
static WAYS: Mutex<Vec<(u32, Receiver<()>)>> = Mutex::new(Vec::new());

/// The next command that adds [`HELD_UP`] and `more` waits until the result is dropped.
pub(crate) fn hold_up(more: u32) -> Sender<()> {
    let (release, way) = mpsc::channel();
    WAYS.lock().unwrap_or_else(PoisonError::into_inner).push((HELD_UP + more, way));
    release
}

impl Aggregate for Ticket {
    const NAME: &'static str = "desk/tickets";
    type Business = Desk;
    type Command = Command;
    type Event = Event;
    type Rejection = No;

    fn issuer(_: &Command) -> Issuer {
        Issuer::Anyone
    }

    fn decide(&self, command: Command, _: Timestamp, _: &NoSettings) -> Decision<Self> {
        if let Command::Add(count) = command {
            let mut ways = WAYS.lock().unwrap_or_else(PoisonError::into_inner);
            let way = ways.extract_if(.., |(held_up, _)| *held_up == count).next();
            drop(ways);
            // An error means that the sender was dropped.
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

    fn represent(&self, number: u64) -> impl Serialize {
        serde_json::json!({ "id": number, "count": self.count })
    }

    fn command_routes() -> CommandRoutes<Self> {
        #[derive(Deserialize)]
        struct Add {
            count: Quantity,
        }
        CommandRoutes::new()
            .creates("open", |_: Empty| Ok::<_, Malformed>(Command::Open))
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

/// Submits a command and waits at most this many milliseconds.
pub(crate) async fn send(
    runtime: &Runtime,
    (name, number): (&str, Option<u64>),
    body: &str,
    key: Option<(u128, u128)>,
    wait_max_ms: u64,
) -> Result<Reply, RequestError> {
    let command_routes = &runtime.resources()[0].command_routes;
    let command_route =
        command_routes.iter().position(|command_route| command_route.name == name).unwrap();
    let request = Request {
        caller: Caller::Trusted,
        resource: 0,
        command_route,
        number,
        body: body.as_bytes().to_vec(),
        key: key.map(|(key, fingerprint)| IdempotencyKey { key, fingerprint }),
        if_match: None,
        is_async: false,
        trace: None,
        wait_max: Duration::from_millis(wait_max_ms),
    };
    runtime.submit(request).await
}

pub(crate) fn count(reply: &Reply) -> u64 {
    serde_json::from_slice::<serde_json::Value>(&reply.body).unwrap()["count"].as_u64().unwrap()
}

/// A figure of the journal, from the health of the runtime.
pub(crate) fn figure(runtime: &Runtime, name: &str) -> u64 {
    let health = runtime.health();
    let journal = health.parts.iter().find(|part| part.name == "journal").unwrap();
    let figure = journal.details.iter().find(|(known, _)| *known == name);
    figure.and_then(|(_, value)| value.parse().ok()).unwrap()
}
