//! An event that changes several rows of a view: a booking changes one row for each of its nights.

use crate::support::commands::trusted;
use madang::{
    actors::{Caller, Installation, Page, Row, Runtime, Settings, ViewQuery},
    domain::kernel::{
        prelude::*,
        simulation::{Dice, World},
    },
};
use std::time::Duration;

struct Inn;

impl Business for Inn {
    const NAME: &'static str = "inn";
    type Settings = Empty;

    fn install(host: &mut impl Host) {
        host.aggregate::<Stay>().view::<Night>();
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Stay {
    #[default]
    Blank,
    Booked {
        from: u64,
        nights: u64,
    },
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Command {
    Book { from: u64, nights: u64 },
    Cancel,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Booked { from: u64, nights: u64 },
    Cancelled { from: u64, nights: u64 },
}

rejections! {
    enum Rejection {
        Unknown: unknown "there is no such stay";
        AlreadyBooked: "the stay has been booked already";
    }
}

impl Aggregate for Stay {
    const NAME: &'static str = "inn/stays";
    aggregate_types!(Inn);

    fn issuer(_: &Command) -> Issuer {
        Issuer::Anyone
    }

    fn decide(&self, command: Command, _: Timestamp, _: &Empty) -> Decision<Self> {
        match (self, command) {
            (Self::Blank, Command::Book { from, nights }) => {
                Ok(vec![Event::Booked { from, nights }])
            }
            (Self::Booked { from, nights }, Command::Cancel) => {
                Ok(vec![Event::Cancelled { from: *from, nights: *nights }])
            }
            (Self::Cancelled, Command::Cancel) => Ok(vec![]),
            (Self::Blank, Command::Cancel) => Err(Rejection::Unknown),
            (_, Command::Book { .. }) => Err(Rejection::AlreadyBooked),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Event::Booked { from, nights } => Self::Booked { from, nights },
            Event::Cancelled { .. } => Self::Cancelled,
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        object! { "id": number }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::by_name("book", &["cancel"])
    }
}

/// One night of the calendar, numbered by its day: the number of guests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Night {
    day: u64,
    guests: u64,
}

impl View for Night {
    const NAME: &'static str = "inn/nights";
    const FIELDS: &'static [Field] = fields!(key "day"; number "guests");
    type Events = (Id<Stay>, Event);

    fn keys((_, event): &Self::Events, _: &Meta) -> Vec<u64> {
        let (Event::Booked { from, nights } | Event::Cancelled { from, nights }) = event;
        (*from..from + nights).collect()
    }

    fn fold_row(day: u64, row: Option<Self>, (_, event): Self::Events, _: &Meta) -> Option<Self> {
        let guests = row.map_or(0, |night| night.guests);
        let guests = match event {
            Event::Booked { .. } => guests + 1,
            // A board shows what each event changes, also without the events before it.
            Event::Cancelled { .. } => guests.saturating_sub(1),
        };
        (guests > 0).then_some(Self { day, guests })
    }
}

/// The stays: the first night, the number of nights, and the stay that is cancelled afterwards.
const STAYS: [(u64, u64, Option<u64>); 3] = [(3, 3, None), (4, 2, Some(1)), (7, 1, None)];

/// The nights with guests, and their number.
const CALENDAR: [(u64, u64); 3] = [(4, 1), (5, 1), (7, 1)];

#[test]
fn a_booking_changes_every_night_of_the_calendar() {
    let mut world = World::of::<Inn>(Empty {});
    for (number, (from, nights, cancelled)) in (1..).zip(STAYS) {
        world.submit::<Stay>(number, Command::Book { from, nights }).unwrap();
        if let Some(cancelled) = cancelled {
            world.submit::<Stay>(cancelled, Command::Cancel).unwrap();
        }
    }
    world.settle(&mut Dice::new(1));
    let nights = world.rows::<Night>().into_iter().map(|(day, night)| (day, night.guests));
    assert_eq!(nights.collect::<Vec<_>>(), CALENDAR);
}

#[test]
fn the_calendar_is_the_same_after_every_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || Settings { data: folder.path().join("data"), ..Settings::default() };
    let install = |host: &mut Installation| _ = host.business::<Inn>();
    for (from, nights, cancelled) in STAYS {
        let rows = actix::System::new().block_on(async {
            let runtime = Runtime::start(settings(), install).unwrap();
            let book = json!({ "from": from, "nights": nights });
            let mut position = send(&runtime, None, &book).await;
            if cancelled.is_some() {
                position = send(&runtime, cancelled, &json!({})).await;
            }
            let rows = nights_at(&runtime, position).await;
            runtime.stop().await;
            rows
        });
        if from == STAYS[2].0 {
            assert_eq!(rows, CALENDAR);
        }
    }
    let findings = Installation::audit(settings(), install, &mut |_, _, _| ()).unwrap();
    assert_eq!(findings.flaws, Vec::<String>::new());
}

/// Books a stay, or cancels the one with this number. Returns the position of the event.
async fn send(runtime: &Runtime, number: Option<u64>, body: &Value) -> u64 {
    let name = if number.is_none() { "book" } else { "cancel" };
    let resources = runtime.resources();
    let resource = resources.iter().position(|known| known.name == "stays").unwrap();
    let routes = &resources[resource].command_routes;
    let command_route = routes.iter().position(|route| route.name == name).unwrap();
    let request = trusted((resource, command_route), number, body);
    runtime.submit(request).await.unwrap().position
}

/// The nights with guests, once the view has this position.
async fn nights_at(runtime: &Runtime, position: u64) -> Vec<(u64, u64)> {
    let page = Page { number: 0, size: 99, sort: vec![] };
    let at_least = Some(position);
    let query = ViewQuery { owner: None, conditions: vec![], page, at_least, wait_max: WAIT_MAX };
    let rows = runtime.search(0, query, &Caller::Trusted).await.unwrap();
    let night = |row: &Row| {
        let night: Night = serde_json::from_slice(&row.body).unwrap();
        (night.day, night.guests)
    };
    rows.items.iter().map(night).collect()
}

const WAIT_MAX: Duration = Duration::from_secs(60);
