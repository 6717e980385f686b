//! A small business with a command that takes as long as a test needs.

use madang::domain::kernel::{
    Aggregate, Business, CommandRoutes, Decision, Empty, Host, Issuer, Malformed, Rejection,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use std::sync::{Condvar, Mutex};

/// Declares the business to a server.
pub fn desk(catalogue: &mut impl Host) {
    catalogue.business::<Desk>();
}

struct Desk;

impl Business for Desk {
    const NAME: &'static str = "desk";
    type Settings = Empty;

    fn install(host: &mut impl Host) {
        host.aggregate::<Ticket>();
    }
}

/// Whether the slow command runs, and whether it may end.
static PONDERING: Mutex<Pondering> = Mutex::new(Pondering { begun: false, over: false });
static CHANGED: Condvar = Condvar::new();

struct Pondering {
    begun: bool,
    over: bool,
}

/// Waits until the slow command runs.
pub fn until_pondering() {
    drop(CHANGED.wait_while(PONDERING.lock().unwrap(), |now| !now.begun).unwrap());
}

/// Lets the slow command end.
pub fn stop_pondering() {
    PONDERING.lock().unwrap().over = true;
    CHANGED.notify_all();
}

fn ponder() {
    let mut now = PONDERING.lock().unwrap();
    now.begun = true;
    CHANGED.notify_all();
    drop(CHANGED.wait_while(now, |now| !now.over).unwrap());
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Ticket {
    stamps: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Command {
    Open,
    Stamp,
    Ponder,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Opened,
    Stamped,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
enum No {
    #[error("there is no such ticket")]
    Unknown,
}

impl Rejection for No {}

impl Aggregate for Ticket {
    const NAME: &'static str = "desk/tickets";
    type Business = Desk;
    type Command = Command;
    type Event = Event;
    type Rejection = No;

    fn issuer(_: &Command) -> Issuer {
        Issuer::Anyone
    }

    fn decide(&self, command: Command, _: Timestamp, _: &Empty) -> Decision<Self> {
        match (self.stamps, command) {
            (None, Command::Open) => Ok(vec![Event::Opened]),
            (Some(_), Command::Open) => Ok(vec![]),
            (Some(_), Command::Stamp) => Ok(vec![Event::Stamped]),
            (Some(_), Command::Ponder) => {
                ponder();
                Ok(vec![Event::Stamped])
            }
            (None, Command::Stamp | Command::Ponder) => Err(No::Unknown),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Event::Opened => Self { stamps: Some(0) },
            Event::Stamped => Self { stamps: self.stamps.map(|stamps| stamps + 1) },
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .creates("open", |_: Empty| Ok::<_, Malformed>(Command::Open))
            .command("stamp", |_: Empty| Ok(Command::Stamp))
            .command("ponder", |_: Empty| Ok(Command::Ponder))
    }
}
