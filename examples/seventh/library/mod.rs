//! A lending library: a book is on its shelf, or it is lent to a reader.

use Command::{BringBack, Lend, Shelve};
use madang::domain::kernel::{
    self, Aggregate, Business, CommandRoutes, Decision, Empty, Field, Host, Id, Issuer, Meta,
    RejectionKind, Text, Timestamp, View,
};
use serde::{Deserialize, Serialize};

pub struct Library;

impl Business for Library {
    const NAME: &'static str = "library";
    const EXAMPLE: Option<(&'static str, &'static str)> = Some(("books", r#"{"title":"Momo"}"#));
    type Settings = Empty;

    fn install(host: &mut impl Host) {
        host.aggregate::<Book>().view::<ShelfRow>();
    }
}

/// A book, as the events so far have left it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Book {
    title: Text,
    status: Status,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Status {
    #[default]
    Unknown,
    OnShelf,
    Lent {
        to: Text,
    },
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
    #[error("the book is on its shelf already")]
    AlreadyShelved,
    #[error("the {0} must have 1 to 100 characters")]
    BadName(Text),
    #[error("{0} has the book")]
    Lent(Text),
}

impl kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::BadName(_) => RejectionKind::Invalid,
            Self::AlreadyShelved | Self::Lent(_) => RejectionKind::Conflict,
        }
    }
}

impl Aggregate for Book {
    const NAME: &'static str = "library/books";
    type Business = Library;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Shelve { .. } | BringBack => Issuer::Staff(&["librarian"]),
            Lend { .. } => Issuer::Customer,
        }
    }

    fn decide(&self, command: Command, _: Timestamp, _: &Empty) -> Decision<Self> {
        match (&self.status, command) {
            (_, Shelve { title }) if !title.is_name() => Err(Rejection::BadName("title".into())),
            (_, Lend { to }) if !to.is_name() => Err(Rejection::BadName("reader".into())),
            (Status::Unknown, Shelve { title }) => Ok(vec![Event::Shelved { title }]),
            (Status::Unknown, Lend { .. } | BringBack) => Err(Rejection::Unknown),
            (Status::OnShelf, Lend { to }) => Ok(vec![Event::Lent { to }]),
            (Status::Lent { .. }, BringBack) => Ok(vec![Event::BroughtBack]),
            // What is so already is accepted and changes nothing.
            (Status::OnShelf, BringBack) => Ok(vec![]),
            (Status::Lent { to }, Lend { to: again }) if *to == again => Ok(vec![]),
            (Status::Lent { to }, Lend { .. }) => Err(Rejection::Lent(to.clone())),
            (Status::OnShelf | Status::Lent { .. }, Shelve { .. }) => {
                Err(Rejection::AlreadyShelved)
            }
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Event::Shelved { title } => Self { title, status: Status::OnShelf },
            Event::Lent { to } => Self { status: Status::Lent { to }, ..self },
            Event::BroughtBack => Self { status: Status::OnShelf, ..self },
        }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Unknown => &[],
            Status::OnShelf => &["lend"],
            Status::Lent { .. } => &["bring-back"],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::by_name("shelve", &["lend", "bring-back"])
    }
}

/// A row of the shelf: a book, and its reader if it is lent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShelfRow {
    pub title: Text,
    pub reader: Option<Text>,
}

impl View for ShelfRow {
    const NAME: &'static str = "library/shelf";
    const FIELDS: &'static [Field] = &[Field::text("title"), Field::text("reader")];
    type Events = (Id<Book>, Event);

    fn key((book, _): &Self::Events, _: &Meta) -> Option<u64> {
        Some(book.number())
    }

    fn fold(row: Option<Self>, (_, event): Self::Events, _: &Meta) -> Option<Self> {
        let row = row.unwrap_or_default();
        Some(match event {
            Event::Shelved { title } => Self { title, reader: None },
            Event::Lent { to } => Self { reader: Some(to), ..row },
            Event::BroughtBack => Self { reader: None, ..row },
        })
    }
}

#[cfg(test)]
mod specs;
