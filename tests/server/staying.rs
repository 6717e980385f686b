//! An order that another aggregate must agree to: the hotel whose saga `docs/business.md` quotes.

mod hotel;

use crate::support::{client, inside::Running};
use hotel::{Hotel, Stay, reservation, room};
use madang::domain::kernel::{
    Date, Empty, Host, Id, Money, Period,
    simulation::{RandomWorlds, World, crash_at_each_record, fail_each_step, repeat_each_step},
};
use reqwest::{Response, StatusCode};
use reservation::{Command, Reservation, Status};
use room::Room;
use serde_json::{Value, json};
use std::{collections::BTreeSet, process::Output};

fn install(host: &mut impl Host) {
    host.business::<Hotel>();
}

#[test]
fn the_request_that_the_start_prints_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::serve(folder.path(), |_| {}, install);
    let (_, request) = running.greeting.split_once("try:\n").expect("an example");
    assert!(request.contains("-X PUT ") && request.contains("/hotel/rooms/1 "), "{request}");
    let told = std::process::Command::new("sh").args(["-c", request]).output();
    let Output { stdout, stderr, .. } = told.expect("a shell");
    let answer = String::from_utf8_lossy(&stdout);
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}{}", String::from_utf8_lossy(&stderr));
}

async fn book(running: &Running, room: u64) -> (StatusCode, Value) {
    let url = format!("http://{}/hotel/reservations", running.address);
    let period = json!({"from": "2030-05-01", "until": "2030-05-03"});
    let body = json!({ "room": room, "period": period });
    let answer: Response = client().post(url).json(&body).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_reservation_that_its_room_refuses_exists_and_is_answered_409() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::serve(folder.path(), |_| {}, install);
    let url = format!("http://{}/hotel/rooms/7", running.address);
    let registered = client().put(url).json(&json!({"price": 100})).send().await.unwrap();
    assert_eq!(registered.status(), StatusCode::CREATED);
    assert_eq!(book(&running, 7).await.0, StatusCode::CREATED);
    for (room, reason) in
        [(7, "the room is taken on one of these nights"), (8, "there is no such room")]
    {
        let (status, body) = book(&running, room).await;
        assert_eq!((status, &body["detail"]), (StatusCode::CONFLICT, &json!(reason)), "{body}");
    }
    let url = format!("http://{}/hotel/reservations/3", running.address);
    let third: Value = client().get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&third["status"], &third["reason"]),
        (&json!("Rejected"), &json!("there is no such room"))
    );
}

/// A world that begins with a room.
fn begin() -> World {
    let mut world = World::of::<Hotel>(Empty {});
    world.submit::<Room>(1, room::Command::Register { price: Money(100) }).unwrap();
    world
}

fn stay(room: u64, from: u64) -> Stay {
    let period = Period::of_nights(Date::of_number(from), 2).unwrap();
    Stay { room: Id::new(room), period }
}

fn no_night_is_sold_twice(world: &World) -> Result<(), String> {
    let room = world.get::<Room>(1);
    let mut sold = BTreeSet::new();
    for (number, Reservation { stay, status }) in world.all::<Reservation>() {
        let has_nights = matches!(status, Status::Held | Status::CheckedIn);
        if room.has(Id::new(number)) != has_nights {
            return Err(format!("reservation {number} is {status:?}, its room says otherwise"));
        }
        let mut nights = stay.period.days().filter(|_| has_nights);
        if nights.any(|night| !sold.insert(night)) {
            return Err(format!("a night of reservation {number} is sold twice"));
        }
    }
    Ok(())
}

#[test]
fn whatever_happens_no_night_is_sold_twice() {
    let worlds = RandomWorlds::new(|_| begin()).person(1, |world, dice| {
        let (number, room) = (1 + dice.roll(4) as u64, 1 + u64::from(dice.once_in(6)));
        let command = match dice.roll(3) {
            0 => Command::Book(stay(room, dice.roll(3) as u64)),
            1 => Command::Cancel,
            _ => Command::CheckIn,
        };
        let _ = world.submit::<Reservation>(number, command);
    });
    let reached = worlds.invariants(no_night_is_sold_twice).run(2_000);
    reached.everything_but(&[
        ("state status.Rejected.how.Unavailable of hotel/reservations", "no service takes part"),
        ("state status.Rejected.how.Unpaid of hotel/reservations", "no service takes part"),
    ]);
}

#[test]
fn a_stay_survives_every_failure_repetition_and_crash() {
    let story = |world: &mut World, chapter: usize| {
        let commands = [Command::Book(stay(1, 0)), Command::CheckIn, Command::Cancel];
        let command = commands.get(chapter).cloned();
        command.map(|command| world.submit::<Reservation>(1, command)).is_some()
    };
    fail_each_step(begin, story, no_night_is_sold_twice);
    repeat_each_step(begin, story, no_night_is_sold_twice);
    crash_at_each_record(begin, story, no_night_is_sold_twice);
}
