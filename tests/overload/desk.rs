//! A small business in which a command can be made to take long.

use madang::{
    actors::Installation,
    domain::kernel::{
        Aggregate, Business, Decision, Host, Malformed, Nothing, Rejection, Speaker, Timestamp,
        Vocabulary,
    },
};
use serde::{Deserialize, Serialize};
use std::sync::{Condvar, Mutex};

/// Declares the desk to a server.
pub fn desk(catalogue: &mut Installation) {
    catalogue.business::<Desk>();
}

struct Desk;

impl Business for Desk {
    const NAME: &'static str = "desk";
    type Settings = Nothing;

    fn install(host: &mut impl Host) {
        host.aggregate::<Ticket>();
    }
}

/// Whether somebody ponders, and whether it is to go on.
static PONDERING: Mutex<Pondering> = Mutex::new(Pondering { begun: false, over: false });
static CHANGED: Condvar = Condvar::new();

struct Pondering {
    begun: bool,
    over: bool,
}

/// Waits until somebody ponders.
pub fn until_somebody_ponders() {
    drop(CHANGED.wait_while(PONDERING.lock().unwrap(), |now| !now.begun).unwrap());
}

/// Lets whoever ponders come to an end.
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

    fn speaker(_: &Command) -> Speaker {
        Speaker::Anyone
    }

    fn decide(&self, command: Command, _: Timestamp, _: &Nothing) -> Decision<Self> {
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

    fn vocabulary() -> Vocabulary<Self> {
        Vocabulary::new()
            .creates("open", |_: Nothing| Ok::<_, Malformed>(Command::Open))
            .command("stamp", |_: Nothing| Ok(Command::Stamp))
            .command("ponder", |_: Nothing| Ok(Command::Ponder))
    }
}
