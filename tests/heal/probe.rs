//! A small business that crashes on purpose, and helpers to use it.

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
        Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

pub struct Probe;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NoSettings {}

impl Business for Probe {
    const NAME: &'static str = "probe";
    type Settings = NoSettings;

    fn install(host: &mut impl Host) {
        host.aggregate::<Counter>();
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counter {
    exists: bool,
    count: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    Open,
    Add(u32),
    Explode,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Opened,
    Added(u32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum No {
    #[error("there is no such counter")]
    Unknown,
}

impl Rejection for No {}

/// While this is set, the history of a counter cannot be read back.
pub static HISTORY_IS_POISONED: AtomicBool = AtomicBool::new(false);

/// The number that makes a history unreadable.
const POISON: u32 = 666;

impl Aggregate for Counter {
    const NAME: &'static str = "probe/counters";
    type Business = Probe;
    type Command = Command;
    type Event = Event;
    type Rejection = No;

    fn issuer(_: &Command) -> Issuer {
        Issuer::Anyone
    }

    fn decide(&self, command: Command, _: Timestamp, _: &NoSettings) -> Decision<Self> {
        if command == Command::Add(DAWDLED) {
            DAWDLING.pass();
        }
        match (self.exists, command) {
            (false, Command::Open) => Ok(vec![Event::Opened]),
            (true, Command::Open) => Ok(vec![]),
            (true, Command::Add(count)) => Ok(vec![Event::Added(count)]),
            (true, Command::Explode) => panic!("exploded on purpose"),
            (false, Command::Add(_) | Command::Explode) => Err(No::Unknown),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Event::Opened => Self { exists: true, ..self },
            Event::Added(count) => {
                let is_poison = count == POISON && HISTORY_IS_POISONED.load(Ordering::SeqCst);
                assert!(!is_poison, "a poisoned history");
                Self { count: self.count + count, ..self }
            }
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
            .command("explode", |_: Empty| Ok(Command::Explode))
    }
}

/// A command with this number takes as long as a test needs.
pub const DAWDLED: u32 = 555;

/// Where a command with [`DAWDLED`] waits until it is released, and blocks its whole shard.
pub static DAWDLING: Dawdling =
    Dawdling { way: Mutex::new(None), is_reached: AtomicBool::new(false) };

pub struct Dawdling {
    way: Mutex<Option<Receiver<()>>>,
    is_reached: AtomicBool,
}

impl Dawdling {
    /// Makes the next such command wait until the result is dropped.
    pub fn begin(&self) -> Sender<()> {
        let (release, way) = mpsc::channel();
        *self.way.lock().unwrap() = Some(way);
        release
    }

    /// Whether a command waits.
    pub fn is_reached(&self) -> bool {
        self.is_reached.load(Ordering::SeqCst)
    }

    fn pass(&self) {
        let way = self.way.lock().unwrap().take();
        if let Some(way) = way {
            self.is_reached.store(true, Ordering::SeqCst);
            let _ = way.recv();
        }
    }
}

pub fn start(data: &Path, actors: ActorSettings) -> Runtime {
    start_in(Settings { data: data.to_owned(), actors, ..Settings::default() })
}

pub fn start_in(settings: Settings) -> Runtime {
    Runtime::start(settings, |host| {
        host.business::<Probe>();
    })
    .unwrap()
}

pub async fn send(
    runtime: &Runtime,
    name: &str,
    number: Option<u64>,
    body: &str,
) -> Result<Reply, RequestError> {
    send_under(runtime, name, number, body, None).await
}

pub async fn send_under(
    runtime: &Runtime,
    name: &str,
    number: Option<u64>,
    body: &str,
    key: Option<IdempotencyKey>,
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
        key,
        if_match: None,
        is_async: false,
        trace: None,
        wait_max: Duration::from_secs(30),
    };
    runtime.submit(request).await
}

pub fn count(reply: &Reply) -> u64 {
    serde_json::from_slice::<serde_json::Value>(&reply.body).unwrap()["count"].as_u64().unwrap()
}
