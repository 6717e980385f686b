//! Stored types change between two versions of a binary: what was written before is read today.

use crate::support::commands::trusted;
use madang::{
    actors::{Caller, Installation, Runtime, Settings, StartError},
    domain::kernel::{Business, Host},
};
use serde_json::{Value, json};
use std::path::Path;

/// Declares one version of a lending library that thanks a reader who brings a book back. The
/// versions differ in what they store.
macro_rules! library {
    ($version:ident: $upcasters:expr,
     $event:item $state:item
     $shelved:expr, $lent:expr, $evolve:expr, $lends:expr, $returns:expr) => {
        mod $version {
            use madang::domain::kernel::{
                Aggregate, Business, CommandRoutes, Decision, Empty, Host, Id, Issuer, Meta, Saga,
                Step, Text, Timestamp, Upcasters, WaitsFor,
            };
            use serde::{Deserialize, Serialize};
            use serde_json::json;

            pub(super) struct Library;

            impl Business for Library {
                const NAME: &'static str = "library";
                type Settings = Empty;

                fn install(host: &mut impl Host) {
                    host.aggregate::<Book>().saga::<Thanks>();
                }
            }

            #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
            struct Book {
                title: Text,
                pages: u32,
                reader: Option<Text>,
                thanked: Option<Text>,
            }

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            #[serde(rename_all = "kebab-case")]
            enum Command {
                Shelve { title: Text },
                Lend { to: Text },
                BringBack,
                Thank(Text),
            }

            $event

            $state

            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
            #[error("there is no such book")]
            struct Unknown;

            impl madang::domain::kernel::Rejection for Unknown {}

            impl Aggregate for Book {
                const NAME: &'static str = "library/books";
                type Business = Library;
                type Command = Command;
                type Event = Event;
                type Rejection = Unknown;

                fn issuer(_: &Command) -> Issuer {
                    Issuer::Anyone
                }

                fn decide(&self, command: Command, _: Timestamp, _: &Empty) -> Decision<Self> {
                    Ok(vec![match command {
                        Command::Shelve { title } => $shelved(title),
                        Command::Lend { to } => $lent(to),
                        Command::BringBack => Event::BroughtBack,
                        Command::Thank(reader) => Event::Thanked(reader),
                    }])
                }

                fn evolve(self, event: Event) -> Self {
                    let evolve: fn(Self, Event) -> Self = $evolve;
                    evolve(self, event)
                }

                fn upcasters() -> Upcasters {
                    $upcasters
                }

                fn represent(&self, _: u64) -> impl Serialize {
                    json!({ "book": [self.title, self.pages, self.reader, self.thanked] })
                }

                fn command_routes() -> CommandRoutes<Self> {
                    CommandRoutes::by_name("shelve", &["lend", "bring-back"])
                }
            }

            impl Saga for Thanks {
                const NAME: &'static str = "library/thanks";
                type Events = (Id<Book>, Event);

                fn react(self, _: Id<Self>, (book, event): Self::Events, _: &Meta) -> Step<Self> {
                    let lends: fn(&Event) -> Option<Self> = $lends;
                    let returns: fn(Self) -> Option<Text> = $returns;
                    match (lends(&event), event) {
                        (Some(lent), _) => Step::wait(lent),
                        (None, Event::BroughtBack) => match returns(self) {
                            Some(reader) => Step::done().send(book, Command::Thank(reader)),
                            None => Step::done(),
                        },
                        _ => Step::wait(self),
                    }
                }

                fn upcasters() -> Upcasters {
                    $upcasters
                }

                fn waits_for(&self) -> WaitsFor {
                    WaitsFor::Person("reader")
                }
            }
        }
    };
}

library! { before: Upcasters::none(),
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Event {
        Shelved { title: Text },
        Lent { to: Text },
        BroughtBack,
        Thanked(Text),
    }
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Thanks {
        reader: Option<Text>,
    }
    |title| Event::Shelved { title },
    |to| Event::Lent { to },
    |book, event| match event {
        Event::Shelved { title } => Self { title, ..book },
        Event::Lent { to } => Self { reader: Some(to), ..book },
        Event::BroughtBack => Self { reader: None, ..book },
        Event::Thanked(reader) => Self { thanked: Some(reader), ..book },
    },
    |event| match event {
        Event::Lent { to } => Some(Self { reader: Some(to.clone()) }),
        _ => None,
    },
    |state| state.reader
}

library! { today:
    Upcasters::none()
        .fill("Event::Shelved", "pages", |_| json!(100))
        .rename_field("Event::Lent", "to", "reader")
        .change("Thanks", |state| {
            state["reader"] = state["reader"].as_str().into_iter().collect();
        }),
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Event {
        Shelved { pages: u32, title: Text },
        Lent {
            reader: Text,
            #[serde(default)]
            until: Option<Timestamp>,
        },
        BroughtBack,
        Thanked(Text),
    }
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Thanks {
        reader: Vec<Text>,
        #[serde(default)]
        is_late: bool,
    }
    |title| Event::Shelved { title, pages: 7 },
    |reader| Event::Lent { reader, until: Some(Timestamp(9)) },
    |book, event| match event {
        Event::Shelved { title, pages } => Self { title, pages, ..book },
        Event::Lent { reader, .. } => Self { reader: Some(reader), ..book },
        Event::BroughtBack => Self { reader: None, ..book },
        Event::Thanked(reader) => Self { thanked: Some(reader), ..book },
    },
    |event| match event {
        Event::Lent { reader, .. } => Some(Self { reader: vec![reader.clone()], is_late: false }),
        _ => None,
    },
    |state| state.reader.into_iter().next()
}

// The same as `before`, but a new field of an event is not declared.
library! { careless: Upcasters::none(),
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Event {
        Shelved { title: Text, pages: u32 },
        Lent { to: Text },
        BroughtBack,
        Thanked(Text),
    }
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Thanks {
        reader: Option<Text>,
    }
    |title| Event::Shelved { title, pages: 7 },
    |to| Event::Lent { to },
    |book, event| match event {
        Event::Shelved { title, pages } => Self { title, pages, ..book },
        Event::Lent { to } => Self { reader: Some(to), ..book },
        Event::BroughtBack => Self { reader: None, ..book },
        Event::Thanked(reader) => Self { thanked: Some(reader), ..book },
    },
    |event| match event {
        Event::Lent { to } => Some(Self { reader: Some(to.clone()) }),
        _ => None,
    },
    |state| state.reader
}

fn settings(data: &Path) -> Settings {
    Settings { data: data.to_owned(), ..Settings::default() }
}

fn started<B: Business>(data: &Path) -> Result<Runtime, StartError> {
    Runtime::start(settings(data), |host: &mut Installation| _ = host.business::<B>())
}

/// Runs a version of the library on its store, and stops it.
fn open_for<B: Business>(data: &Path, visit: impl AsyncFnOnce(&Runtime)) {
    actix::System::new().block_on(async {
        let runtime = started::<B>(data).unwrap();
        visit(&runtime).await;
        runtime.stop().await;
    });
}

async fn send(runtime: &Runtime, command: &str, number: Option<u64>, body: Value) {
    let routes = &runtime.resources()[0].command_routes;
    let command_route = routes.iter().position(|route| route.name == command).unwrap();
    runtime.submit(trusted((0, command_route), number, &body)).await.unwrap();
}

async fn shown(runtime: &Runtime, number: u64) -> Value {
    let body = runtime.show(0, number, &Caller::Trusted).await.unwrap().body;
    serde_json::from_slice::<Value>(&body).unwrap()["book"].take()
}

/// Returns what is wrong with the store, by this version.
fn flaws<B: Business>(data: &Path) -> Vec<String> {
    let install = |host: &mut Installation| _ = host.business::<B>();
    Installation::audit(settings(data), install, &mut |_, _, _| {}).unwrap().flaws
}

fn refusal<B: Business>(data: &Path) -> String {
    actix::System::new().block_on(async { started::<B>(data).err().unwrap().to_string() })
}

/// A store of the first version with two books, one of them lent.
fn store_of_before() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    open_for::<before::Library>(folder.path(), async |library| {
        send(library, "shelve", None, json!({"title": "Emma"})).await;
        send(library, "shelve", None, json!({"title": "Ulysses"})).await;
        send(library, "lend", Some(1), json!({"to": "Jung"})).await;
    });
    folder
}

#[test]
fn a_book_that_was_lent_before_an_event_gained_a_field_is_brought_back_after_it() {
    let folder = store_of_before();
    let data = folder.path();
    open_for::<today::Library>(data, async |library| {
        assert_eq!(shown(library, 1).await, json!(["Emma", 100, "Jung", null]));
        assert_eq!(shown(library, 2).await, json!(["Ulysses", 100, null, null]));
        send(library, "shelve", None, json!({"title": "Nana"})).await;
        send(library, "lend", Some(2), json!({"to": "Kim"})).await;
        send(library, "bring-back", Some(1), json!({})).await;
    });
    assert_eq!(flaws::<today::Library>(data), Vec::<String>::new());
    open_for::<today::Library>(data, async |library| {
        assert_eq!(shown(library, 1).await, json!(["Emma", 100, null, "Jung"]));
        assert_eq!(shown(library, 2).await, json!(["Ulysses", 100, "Kim", null]));
        assert_eq!(shown(library, 3).await, json!(["Nana", 7, null, null]));
    });
}

#[test]
fn a_binary_that_cannot_read_what_is_stored_does_not_start_and_says_what_to_declare() {
    let folder = store_of_before();
    let reason = refusal::<careless::Library>(folder.path());
    for part in [
        "library/books event",
        "Shelved",
        "missing field `pages`",
        "#[serde(default)]",
        "`upcasters` with `fill`",
    ] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    open_for::<today::Library>(folder.path(), async |_| {});
    let reason = refusal::<before::Library>(folder.path());
    for part in ["unknown field `pages`", "library/thanks", "If a newer version wrote the store"] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    open_for::<today::Library>(folder.path(), async |library| {
        assert_eq!(shown(library, 1).await, json!(["Emma", 100, "Jung", null]));
    });
}
