//! A lending library: a book is on its shelf, or it is lent to a reader.

use Command::*;
use Event::*;
use madang::domain::kernel::prelude::*;

pub struct Library;

impl Business for Library {
    const NAME: &'static str = "library";
    const STAFF: &'static [&'static str] = &["librarian"];
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[("books", r#"{"title":"Momo"}"#)];
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

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such book";
        AlreadyShelved: "the book is on its shelf already";
        BadTitle: invalid "the title must have 1 to 100 characters";
        BadReader: invalid "the reader must have 1 to 100 characters";
        IsLent { to: Text }: "{to} has the book";
    }
}

impl Aggregate for Book {
    const NAME: &'static str = "library/books";
    const READERS: Readers = Readers::Anyone;
    aggregate_types!(Library);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Shelve { .. } | BringBack => Issuer::Staff(&["librarian"]),
            Lend { .. } => Issuer::Customer,
        }
    }

    fn decide(&self, command: Command, _: Timestamp, _: &Empty) -> Decision<Self> {
        match (&self.status, command) {
            (_, Shelve { title }) if !title.is_name() => Err(Rejection::BadTitle),
            (_, Lend { to }) if !to.is_name() => Err(Rejection::BadReader),
            (Status::Unknown, Shelve { title }) => Ok(vec![Shelved { title }]),
            (Status::Unknown, _) => Err(Rejection::Unknown),
            (_, Shelve { .. }) => Err(Rejection::AlreadyShelved),
            (Status::OnShelf, Lend { to }) => Ok(vec![Lent { to }]),
            (Status::Lent { .. }, BringBack) => Ok(vec![BroughtBack]),
            // What is so already is accepted and changes nothing.
            (Status::OnShelf, BringBack) => Ok(vec![]),
            (Status::Lent { to }, Lend { to: again }) if *to == again => Ok(vec![]),
            (Status::Lent { to }, Lend { .. }) => Err(Rejection::IsLent { to: to.clone() }),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Shelved { title } => Self { title, status: Status::OnShelf },
            Lent { to } => Self { status: Status::Lent { to }, ..self },
            BroughtBack => Self { status: Status::OnShelf, ..self },
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
    const FIELDS: &'static [Field] = fields!(text "title", "reader");
    type Events = (Id<Book>, Event);

    fn fold(row: Option<Self>, (_, event): Self::Events, _: &Meta) -> Option<Self> {
        let row = row.unwrap_or_default();
        Some(match event {
            Shelved { title } => Self { title, reader: None },
            Lent { to } => Self { reader: Some(to), ..row },
            BroughtBack => Self { reader: None, ..row },
        })
    }
}

#[cfg(test)]
mod specs;
