//! A hotel whose clients choose the numbers of rooms, or leave them to the server.

use crate::support::{commands::trusted, inside::Running};
use madang::{
    actors::{IdempotencyKey, Reply, Request, Runtime},
    domain::kernel::{Method, Place, prelude::*},
};
use reqwest::StatusCode;
use std::{path::Path, time::Duration};

/// The hotel.
pub struct Hotel;

impl Business for Hotel {
    const NAME: &'static str = "hotel";
    type Settings = Empty;

    fn install(host: &mut impl Host) {
        host.aggregate::<Room>().saga::<Copying>();
    }
}

/// A room has a name, and may be copied or cleaned under another number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Room {
    name: Option<String>,
    is_built: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Command {
    Register(Register),
    Copied,
    Clean(Empty),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Register {
    name: String,
    #[serde(default)]
    copied_to: Option<u64>,
    #[serde(default)]
    cleaned: Option<u64>,
    /// The client waits until the room is cleaned.
    #[serde(default)]
    is_built_first: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Registered(Register),
    Cleaned,
}

rejections! {
    enum Rejection {
        Unknown: unknown "there is no such room";
        Taken: "the room has another name";
    }
}

impl Aggregate for Room {
    const NAME: &'static str = "hotel/rooms";
    aggregate_types!(Hotel);

    fn issuer(command: &Command) -> Issuer {
        if *command == Command::Copied { Issuer::Internal } else { Issuer::Anyone }
    }

    fn decide(&self, command: Command, _: Timestamp, _: &Empty) -> Decision<Self> {
        let register = match command {
            Command::Clean(_) if self.name.is_none() => return Err(Rejection::Unknown),
            Command::Clean(_) => return Ok(vec![Event::Cleaned]),
            Command::Copied => Register { name: "copy".into(), ..Register::default() },
            Command::Register(register) => register,
        };
        match &self.name {
            None => Ok(vec![Event::Registered(register)]),
            Some(name) if *name == register.name => Ok(vec![]),
            Some(_) => Err(Rejection::Taken),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Event::Registered(Register { name, is_built_first, .. }) => {
                Self { name: Some(name), is_built: !is_built_first }
            }
            Event::Cleaned => Self { is_built: true, ..self },
        }
    }

    fn progress(&self) -> Progress {
        let is_pending = self.name.is_some() && !self.is_built;
        if is_pending { Progress::Pending } else { Progress::Established }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        object! { "id": number, "name": self.name.clone() }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .creates("register", Command::Register)
            .on_item("register in place", [Method::Put], Command::Register)
            .command("clean", Command::Clean)
    }
}

/// Copies a new room to another number, and cleans a room that may not exist.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Copying;

impl Saga for Copying {
    const NAME: &'static str = "hotel/copying";
    type Events = (Id<Room>, Event);

    fn react(self, _: Id<Self>, (_, event): Self::Events, _: &Meta) -> Step<Self> {
        let Event::Registered(Register { copied_to, cleaned, .. }) = event else {
            return Step::done();
        };
        let step = match cleaned {
            Some(number) => Step::done().send(Id::<Room>::new(number), Command::Clean(Empty {})),
            None => Step::done(),
        };
        match copied_to {
            Some(number) => step.send(Id::<Room>::new(number), Command::Copied),
            None => step,
        }
    }

    fn on_rejected(self, _: Id<Self>, _: &RejectedCommand) -> Step<Self> {
        Step::done()
    }

    fn waits_for(&self) -> WaitsFor {
        WaitsFor::Nothing
    }
}

/// Installs the hotel.
pub fn install(host: &mut impl Host) {
    host.business::<Hotel>();
}

/// A hotel that clients reach over HTTP.
pub struct Desk {
    running: Running,
    client: reqwest::Client,
}

/// What a client sees of an answer.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub location: Option<String>,
    pub body: Value,
}

impl Desk {
    pub fn open(data: &Path) -> Self {
        Self { running: Running::serve(data, |_| {}, install), client: crate::support::client() }
    }

    pub async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        key: &str,
        body: Value,
    ) -> Answer {
        let url = format!("http://{}/hotel/rooms{path}", self.running.address);
        let mut request = self.client.request(method, url).json(&body);
        if !key.is_empty() {
            request = request.header("Idempotency-Key", format!("\"{key}\""));
        }
        let answer = request.send().await.unwrap();
        let location = answer.headers().get("location");
        let location = location.map(|location| location.to_str().unwrap().to_owned());
        Answer { status: answer.status(), location, body: answer.json().await.unwrap() }
    }

    pub async fn put(&self, number: u64, body: Value) -> Answer {
        self.send(reqwest::Method::PUT, &format!("/{number}"), "", body).await
    }

    pub async fn post(&self, body: Value) -> Answer {
        self.send(reqwest::Method::POST, "", "", body).await
    }

    pub async fn get(&self, number: u64) -> Answer {
        self.send(reqwest::Method::GET, &format!("/{number}"), "", json!({})).await
    }

    /// Waits until the saga has copied a room to this number.
    pub async fn copied(&self, number: u64) {
        while self.get(number).await.status != StatusCode::OK {}
    }

    pub async fn creates(&self, body: Value) -> u64 {
        let answer = self.post(body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.body["id"].as_u64().unwrap()
    }
}

/// The body that registers a room of this name.
pub fn named(name: impl Into<String>) -> Value {
    json!({ "name": name.into() })
}

/// Registers a room under this number, or under the next one.
pub async fn submit(
    runtime: &Runtime,
    number: Option<u64>,
    key: Option<u64>,
    body: Value,
) -> Reply {
    let place = if number.is_some() { Place::Item } else { Place::Collection };
    request(runtime, (place, number), key, body).await
}

/// Cleans a room.
pub async fn clean(runtime: &Runtime, number: u64) -> Reply {
    request(runtime, (Place::Action, Some(number)), None, json!({})).await
}

async fn request(
    runtime: &Runtime,
    (place, number): (Place, Option<u64>),
    key: Option<u64>,
    body: Value,
) -> Reply {
    let routes = &runtime.resources()[0].command_routes;
    let command_route = routes.iter().position(|route| route.place == place).unwrap();
    let key = key.map(|key| IdempotencyKey { key: key.into(), fingerprint: key.into() });
    let wait_max = Duration::from_secs(30);
    let request = Request { key, wait_max, ..trusted((0, command_route), number, &body) };
    runtime.submit(request).await.unwrap()
}
