//! A lending library: a book is on its shelf, or it is lent to a reader.

use Command::{BringBack, Lend, Shelve};
use madang::domain::kernel::{
    self, Aggregate, Business, CommandRoutes, Decision, Empty, Field, Host, Id, Issuer, Meta, Text,
    Timestamp, View,
};
use serde::{Deserialize, Serialize};

pub struct Library;

impl Business for Library {
    const NAME: &'static str = "library";
    type Settings = Empty;

    fn install(host: &mut impl Host) {
        host.aggregate::<Book>().view::<Book>();
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Book {
    title: Text,
    reader: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    Shelve { title: Text },
    Lend { to: Text },
    BringBack,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Shelved { title: Text },
    Lent { to: Text },
    BroughtBack,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
pub enum Rejection {
    #[error("there is no such book")]
    Unknown,
    #[error("{0} has the book")]
    Lent(Text),
}

impl kernel::Rejection for Rejection {}

impl Aggregate for Book {
    const NAME: &'static str = "library/books";
    type Business = Library;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(_: &Command) -> Issuer {
        Issuer::Anyone
    }

    fn decide(&self, command: Command, _: Timestamp, _: &Empty) -> Decision<Self> {
        match (&self.reader, command) {
            (None, Shelve { title }) if title.is_name() => Ok(vec![Event::Shelved { title }]),
            _ if self.title.0.is_empty() => Err(Rejection::Unknown),
            (None, Lend { to }) => Ok(vec![Event::Lent { to }]),
            (Some(_), BringBack) => Ok(vec![Event::BroughtBack]),
            (None, _) => Ok(vec![]),
            (Some(to), _) => Err(Rejection::Lent(to.clone())),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Event::Shelved { title } => Self { title, ..self },
            Event::Lent { to } => Self { reader: Some(to), ..self },
            Event::BroughtBack => Self { reader: None, ..self },
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::by_name("shelve", &["lend", "bring-back"])
    }
}

impl View for Book {
    const NAME: &'static str = "library/shelf";
    const FIELDS: &'static [Field] = &[Field::text("title"), Field::text("reader")];
    type Events = (Id<Book>, Event);

    fn key((book, _): &Self::Events, _: &Meta) -> Option<u64> {
        Some(book.number())
    }

    fn fold(row: Option<Self>, (_, event): Self::Events, _: &Meta) -> Option<Self> {
        Some(row.unwrap_or_default().evolve(event))
    }
}
