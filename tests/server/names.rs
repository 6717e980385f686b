//! The names that a business declares as texts are checked when it is installed.

use madang::{
    actors::{Installation, Runtime, Settings},
    domain::kernel::{
        Aggregate, Business, CommandRoutes, Decision, Empty, Field, Host, Id, Issuer, Link, Meta,
        Rejection, Timestamp, View,
    },
};
use serde::{Deserialize, Serialize};

struct Desk;

impl Business for Desk {
    const NAME: &'static str = "desk";
    type Settings = Empty;

    fn install(host: &mut impl Host) {
        host.aggregate::<Ticket>().view::<Row>();
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Ticket {
    #[default]
    Blank,
    Open,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Command {
    OpenTicket,
    Close,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Opened,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("there is no such ticket")]
struct Unknown;

impl Rejection for Unknown {}

impl Aggregate for Ticket {
    const NAME: &'static str = "desk/tickets";
    type Business = Desk;
    type Command = Command;
    type Event = Event;
    type Rejection = Unknown;

    fn issuer(_: &Command) -> Issuer {
        Issuer::Anyone
    }

    fn decide(&self, _: Command, _: Timestamp, _: &Empty) -> Decision<Self> {
        Ok(vec![Event::Opened])
    }

    fn evolve(self, Event::Opened: Event) -> Self {
        Self::Open
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self {
            Self::Blank => &[],
            Self::Open => &["close", "reopen"],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::by_name("open_ticket", &["close"])
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    status: String,
}

impl View for Row {
    const NAME: &'static str = "desk/board";
    const FIELDS: &'static [Field] = &[Field::key("id"), Field::text("state")];
    const LINKS: &'static [Link] = &[Link::to::<Ticket>("ticket", "ticketId")];
    type Events = (Id<Ticket>, Event);

    fn fold(row: Option<Self>, _: Self::Events, _: &Meta) -> Option<Self> {
        row
    }
}

#[test]
fn a_name_without_a_counterpart_is_refused_when_the_business_is_installed() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { data: folder.path().join("data"), ..Settings::default() };
    let install = |host: &mut Installation| _ = host.business::<Desk>();
    let refusal = Runtime::start(settings.clone(), install).err().unwrap().to_string();
    assert_eq!(
        refusal.lines().collect::<Vec<_>>(),
        [
            "desk/tickets: the command `open_ticket` is routed by its name and does not exist; \
             there are open-ticket, close",
            "desk/tickets: the command `reopen` is offered and has no route; there are \
             open_ticket, close",
            "desk/board: the field `state` is searchable and not in a row; there are status",
            "desk/board: the field `ticketId` is linked and not in a row; there are status",
        ]
    );
    assert!(!settings.data.exists(), "nothing is created");
}
