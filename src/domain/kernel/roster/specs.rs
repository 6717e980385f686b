//! Specifications of the roster.

use super::{
    Clerks,
    Command::{Assign, Close},
    Event::{self, Assigned, Closed, Staffed},
    Office, Rejection,
};
use crate::domain::kernel::{Aggregate, Business, Host, Number, spec::Spec};
use serde::{Deserialize, Serialize};
use serde_json::json;

type Roster = super::Roster<Counter>;

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
        host.aggregate::<Roster>();
    }
}

impl Office for Counter {
    type Business = Bank;
    const NAME: &'static str = "bank/rosters";
    const ROLE: &'static str = "teller";

    fn clerks(settings: &Settings) -> &Clerks {
        &settings.roster
    }
}

#[test]
fn the_first_assignment_records_the_clerks() {
    Roster::given([]).when(Assign { work: 1 }).then([staffed(&[7]), assigned(1, 7)]);
    Roster::given([staffed(&[7]), assigned(1, 7)]).when(Assign { work: 2 }).then([assigned(2, 7)]);
}

#[test]
fn work_goes_to_the_least_loaded_and_among_equals_to_the_first() {
    let past = [staffed(&[9, 7, 8])];
    for (past, clerk) in [
        (past.to_vec(), 9),
        ([&past[..], &[assigned(1, 9)]].concat(), 7),
        ([&past[..], &[assigned(1, 9), assigned(2, 7)]].concat(), 8),
        ([&past[..], &[assigned(1, 9), assigned(2, 7), assigned(3, 8)]].concat(), 9),
        ([&past[..], &[assigned(1, 9), assigned(2, 7), assigned(3, 8), closed(3, 8)]].concat(), 8),
    ] {
        Roster::given(past)
            .under(served_by(&[9, 7, 8]))
            .when(Assign { work: 5 })
            .then([assigned(5, clerk)]);
    }
}

#[test]
fn open_work_stays_with_its_clerk() {
    Roster::given([staffed(&[7, 8]), assigned(1, 7)])
        .under(served_by(&[7, 8]))
        .when(Assign { work: 1 })
        .then([]);
}

#[test]
fn work_is_closed_once() {
    let past = || [staffed(&[7]), assigned(1, 7)];
    Roster::given(past()).when(Close { work: 1 }).then([closed(1, 7)]);
    Roster::given(past()).when(Close { work: 2 }).then([]);
    Roster::given([&past()[..], &[closed(1, 7)]].concat()).when(Close { work: 1 }).then([]);
    Roster::given([]).when(Close { work: 1 }).rejected(Rejection::Unknown);
}

#[test]
fn a_changed_configuration_applies_to_the_next_work() {
    Roster::given([staffed(&[7]), assigned(1, 7), assigned(2, 7)])
        .under(served_by(&[8, 7]))
        .when(Assign { work: 3 })
        .then([staffed(&[8, 7]), assigned(3, 8)]);
    Roster::given([staffed(&[7]), assigned(1, 7)])
        .under(served_by(&[8]))
        .when(Close { work: 1 })
        .then([closed(1, 7)]);
}

#[test]
fn clerks_who_serve_or_have_open_work_are_shown() {
    let past = [staffed(&[7]), assigned(1, 7), staffed(&[8, 9]), assigned(2, 8)];
    assert_eq!(shown(past.clone()), json!([[7, 1], [8, 1], [9, 0]]));
    assert_eq!(shown([&past[..], &[closed(1, 7), closed(2, 8)]].concat()), json!([[8, 0], [9, 0]]));
}

#[test]
fn an_office_without_clerks_cannot_be_configured() {
    let read = |text: &str| serde_json::from_str::<Clerks>(text).map_err(|error| error.to_string());
    assert_eq!(read("[7, \"8\"]"), Ok(clerks(&[7, 8])));
    assert_eq!(read("[]"), Err("a roster has at least one clerk".into()));
    assert_eq!(read("[7, 8, 7]"), Err("the roster lists the clerk 7 twice".into()));
    assert!(read("[-1]").is_err());
}

fn shown(past: impl IntoIterator<Item = Event>) -> serde_json::Value {
    let roster = past.into_iter().fold(Roster::default(), Roster::evolve);
    let shown = serde_json::to_value(roster.represent(1)).unwrap();
    let loads = shown["clerks"].as_array().unwrap().iter();
    loads.map(|load| json!([load["clerkId"], load["openCnt"]])).collect()
}

fn clerks(numbers: &[u64]) -> Clerks {
    Clerks::try_from(numbers.iter().copied().map(Number).collect::<Vec<_>>()).unwrap()
}

fn served_by(numbers: &[u64]) -> Settings {
    Settings { roster: clerks(numbers) }
}

fn staffed(numbers: &[u64]) -> Event {
    Staffed { clerks: clerks(numbers) }
}

const fn assigned(work: u64, clerk: u64) -> Event {
    Assigned { work, clerk: Number(clerk) }
}

const fn closed(work: u64, clerk: u64) -> Event {
    Closed { work, clerk: Number(clerk) }
}
