//! Specifications of the roster, its view and its lookup.

use super::{
    Clerks,
    Command::{Assign, Choose, Close},
    Event::{self, Assigned, Closed, Sought, Staffed},
    Office, Rejection, Workload,
};
use crate::domain::kernel::{
    Aggregate, Business, Dispatch, Host, Id, Lookup, Meta, Number, RejectedCommand, Step,
    Timestamp, View, spec::Spec,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

type Roster = super::Roster<Counter>;
type Choice = super::Choice<Counter>;

/// The smallest office.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counter;

struct Bank;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Settings {
    roster: Clerks,
}

impl Default for Settings {
    fn default() -> Self {
        Self { roster: Clerks::one(7) }
    }
}

impl Business for Bank {
    const NAME: &'static str = "bank";
    type Settings = Settings;

    fn install(host: &mut impl Host) {
        host.aggregate::<Roster>().lookup::<Choice>().view::<Workload<Counter>>();
    }
}

impl Office for Counter {
    type Business = Bank;
    const NAME: &'static str = "bank/rosters";
    const WORKLOAD: &'static str = "bank/tellers";
    const CHOICE: &'static str = "bank/choice";
    const ROLE: &'static str = "teller";

    fn clerks(settings: &Settings) -> &Clerks {
        &settings.roster
    }
}

#[test]
fn a_clerk_is_sought_and_assigned() {
    Roster::given([]).when(Assign { work: 5 }).then([sought(5)]);
    Roster::given([sought(5)]).when(Assign { work: 5 }).then([]);
    Roster::given([sought(5)]).when(choose(&[])).then([assigned(5, 7)]);
    Roster::given([sought(5), assigned(5, 7)]).when(Assign { work: 5 }).then([]);
    Roster::given([sought(5), assigned(5, 7)]).when(choose(&[])).then([]);
}

#[test]
fn work_goes_to_the_least_loaded_and_among_equals_to_the_first() {
    for (loads, clerk) in [
        (&[][..], 9),
        (&[(9, 1)], 7),
        (&[(9, 1), (7, 1)], 8),
        (&[(7, 1), (8, 1), (9, 1)], 9),
        (&[(7, 2), (8, 0), (9, 1)], 8),
        // A clerk who does not serve any more gets no work.
        (&[(3, 0), (7, 2), (8, 2), (9, 2)], 9),
    ] {
        Roster::given([sought(5)])
            .under(served_by(&[9, 7, 8]))
            .when(choose(loads))
            .then([assigned(5, clerk)]);
    }
}

#[test]
fn work_is_closed_once() {
    let past = || vec![sought(5), assigned(5, 7)];
    Roster::given(past()).when(Close { work: 5 }).then([closed(5, 7)]);
    Roster::given(past()).when(Close { work: 2 }).then([]);
    Roster::given([&past()[..], &[closed(5, 7)]].concat()).when(Close { work: 5 }).then([]);
    Roster::given([]).when(Close { work: 5 }).rejected(Rejection::Unknown);
}

#[test]
fn the_work_of_a_shared_roster_is_closed_there_and_no_more_is_assigned() {
    let past = [staffed(&[7, 8]), assigned(1, 7), assigned(2, 8), assigned(3, 7)];
    Roster::given(past.clone()).when(Close { work: 2 }).then([closed(2, 8)]);
    Roster::given(past.clone()).when(Assign { work: 1 }).then([]);
    let roster = past.into_iter().fold(Roster::default(), Roster::evolve);
    let shown = serde_json::to_value(roster.represent(1)).unwrap();
    let clerks = json!([{ "clerkId": 7, "openCnt": 2 }, { "clerkId": 8, "openCnt": 1 }]);
    assert_eq!(shown, json!({ "id": 1, "role": "teller", "openCnt": 3, "clerks": clerks }));
}

#[test]
fn the_view_counts_the_open_work_of_each_clerk() {
    let mut rows = std::collections::BTreeMap::new();
    for event in [
        staffed(&[7, 8]),
        sought(1),
        assigned(1, 7),
        assigned(2, 8),
        assigned(3, 7),
        closed(2, 8),
        closed(1, 7),
    ] {
        let heard = (Id::<Roster>::new(1), event);
        let Some(key) = Workload::<Counter>::key(&heard, &meta()) else { continue };
        let row = Workload::<Counter>::fold(rows.remove(&key), heard, &meta()).unwrap();
        rows.insert(key, row);
    }
    let shown = serde_json::to_value(rows.into_values().collect::<Vec<_>>()).unwrap();
    let expected = json!([{ "clerkId": 7, "openCnt": 1 }, { "clerkId": 8, "openCnt": 0 }]);
    assert_eq!(shown, expected);
}

#[test]
fn the_lookup_tells_the_roster_the_loads() {
    let heard = (Id::<Roster>::new(5), sought(5));
    assert!(Choice::query(&heard, &meta()).is_some());
    assert!(Choice::query(&(heard.0, assigned(5, 7)), &meta()).is_none());
    let mut row = Workload::default();
    (row.clerk_id, row.open_cnt) = (Number(7), 3);
    let dispatch = Choice::on_rows(&heard, &meta(), &[(7, row)]);
    assert_eq!(dispatch, Dispatch::new(heard.0, choose(&[(7, 3)])));
}

#[test]
fn an_office_without_clerks_cannot_be_configured() {
    let read = |text: &str| serde_json::from_str::<Clerks>(text).map_err(|error| error.to_string());
    assert_eq!(read("[7, \"8\"]"), Ok(clerks(&[7, 8])));
    assert_eq!(read("[]"), Err("a roster has at least one clerk".into()));
    assert_eq!(read("[7, 8, 7]"), Err("the roster lists the clerk 7 twice".into()));
    assert!(read("[-1]").is_err());
}

fn clerks(numbers: &[u64]) -> Clerks {
    Clerks::try_from(numbers.iter().copied().map(Number).collect::<Vec<_>>()).unwrap()
}

fn served_by(numbers: &[u64]) -> Settings {
    Settings { roster: clerks(numbers) }
}

fn choose(loads: &[(u64, u64)]) -> super::Command {
    Choose { work: 5, loads: loads.iter().map(|(clerk, load)| (Number(*clerk), *load)).collect() }
}

fn staffed(numbers: &[u64]) -> Event {
    Staffed { clerks: clerks(numbers) }
}

const fn sought(work: u64) -> Event {
    Sought { work }
}

const fn assigned(work: u64, clerk: u64) -> Event {
    Assigned { work, clerk: Number(clerk) }
}

const fn closed(work: u64, clerk: u64) -> Event {
    Closed { work, clerk: Number(clerk) }
}

const fn meta() -> Meta {
    Meta { position: 9, version: 9, time: Timestamp(0), correlation: 5 }
}

#[test]
fn work_is_closed_in_the_shared_roster_when_it_has_none_of_its_own() {
    let (me, close) = (Id::<&str>::new(7), Close { work: 7 });
    let unknown = |roster| RejectedCommand::new::<Roster>(roster, &close, Rejection::Unknown);
    let in_shared = Step::wait("closing").send(Roster::SHARED, close.clone());
    assert_eq!(Roster::close_in_shared(me, "closing", &unknown(me.of())), in_shared);
    let stuck = Step::stuck("closing", "there is no such roster");
    assert_eq!(Roster::close_in_shared(me, "closing", &unknown(Roster::SHARED)), stuck);
    let closed = Closed { work: 7, clerk: Number(7) };
    assert_eq!((closed.work(), Sought { work: 7 }.work()), (Some(7), None));
}
