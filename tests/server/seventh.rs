//! A business outside madang, in one small folder: all behaviour follows from its declarations.

#[path = "../../examples/seventh/library/mod.rs"]
mod library;

use crate::support::inside::Running;
use library::{Book, Command, Library, ShelfRow};
use madang::http::PositionToken;
use madang::{
    actors::{Installation, Settings},
    domain::kernel::{
        Empty, Host,
        simulation::{Dice, World, random_worlds},
    },
    model::{self, ModelBuilder},
};
use serde_json::{Value, json};
use std::{fs, path::Path};

const LINES_MAX: usize = 145;

fn install(host: &mut impl Host) {
    host.business::<Library>();
}

async fn ask(method: reqwest::Method, running: &Running, path: &str, body: Value) -> (u16, Value) {
    let url = format!("http://{}{path}", running.address);
    let answer = crate::support::client().request(method, url).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn post(running: &Running, path: &str, body: Value) -> (u16, Value) {
    ask(reqwest::Method::POST, running, path, body).await
}

async fn get(running: &Running, path: &str) -> (u16, Value) {
    ask(reqwest::Method::GET, running, path, json!({})).await
}

#[test]
fn it_has_at_most_145_lines_besides_its_specification() {
    let lines = fs::read_to_string("examples/seventh/library/mod.rs").unwrap().lines().count();
    assert!(lines <= LINES_MAX, "{lines} lines");
}

#[tokio::test]
async fn it_is_served_and_stored_and_its_invariants_hold() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::serve(folder.path(), |_| {}, install);
    let (status, book) = post(&running, "/library/books", json!({"title": "Momo"})).await;
    assert_eq!((status, &book["id"], &book["title"]), (201, &json!(1), &json!("Momo")));
    assert_eq!(book["_links"]["lend"]["href"], "/library/books/1/lend");
    let (status, unknown) = post(&running, "/library/books/99/lend", json!({"to": "Kim"})).await;
    assert_eq!((status, &unknown["detail"]), (404, &json!("there is no such book")));
    for (path, body) in [("", json!({"title": ""})), ("/1/lend", json!({"to": ""}))] {
        let (status, _) = post(&running, &format!("/library/books{path}"), body).await;
        assert_eq!(status, 422, "{path}");
    }
    let (status, _) = post(&running, "/library/books/1/lend", json!({"to": "Kim"})).await;
    assert_eq!(status, 200);
    let (status, refusal) = post(&running, "/library/books/1/lend", json!({"to": "Lee"})).await;
    assert_eq!((status, &refusal["detail"]), (409, &json!("Kim has the book")));
    assert_eq!(post(&running, "/library/books", json!({"name": "Momo"})).await.0, 422);
    drop(running);
    let running = Running::serve(folder.path(), |_| {}, install);
    let (status, book) = get(&running, "/library/books/1").await;
    assert_eq!((status, &book["status"]), (200, &json!({"Lent": {"to": "Kim"}})));
    let (_, found) =
        get(&running, &format!("/library/shelf?reader=Kim&at-least={}", PositionToken(2))).await;
    assert_eq!(found["_embedded"]["shelf"][0]["title"], "Momo");
    let (status, book) = post(&running, "/library/books/1/bring-back", json!({})).await;
    assert_eq!((status, &book["status"]), (200, &json!("OnShelf")));
    drop(running);
    assert_eq!(findings(folder.path()), Vec::<String>::new());
}

fn findings(data: &Path) -> Vec<String> {
    let settings = Settings { data: data.to_owned(), ..Settings::default() };
    Installation::audit(settings, install, &mut |_, _, _| {}).unwrap().flaws
}

#[test]
fn its_board_is_drawn() {
    let mut builder = ModelBuilder::default();
    builder.business::<Library>();
    let boards = builder.boards();
    let lend = &boards[0].aggregates[0].commands[1];
    assert_eq!((lend.what.name.as_str(), lend.what.fields[0].kind.as_str()), ("Lend", "Text"));
    assert!(lend.leads_to.contains("Lent") && lend.refused_as.contains("Unknown"), "{lend:?}");
    assert!(model::svg(&boards).contains(">Lend<"));
    assert!(model::page(&boards[0]).contains("POST /library/books/{number}/bring-back"));
}

#[test]
fn whatever_happens_the_shelf_shows_where_the_books_are() {
    random_worlds(1_000, |_| World::of::<Library>(Empty {}), readers, the_shelf_is_true);
}

fn readers(world: &mut World, dice: &mut Dice) {
    let number = 1 + dice.roll(3) as u64;
    let _ = match dice.roll(3) {
        0 => world.submit::<Book>(number, Command::Shelve { title: "Momo".into() }),
        1 => {
            world.submit::<Book>(number, Command::Lend { to: ["Kim", "Lee"][dice.roll(2)].into() })
        }
        _ => world.submit::<Book>(number, Command::BringBack),
    };
}

fn the_shelf_is_true(world: &World) -> Result<(), String> {
    let shelf = world.rows::<ShelfRow>();
    if shelf.len() != world.all::<Book>().len() {
        return Err(format!("not every book is on the shelf: {shelf:?}"));
    }
    for (number, row) in shelf {
        let book = world.shown::<Book>(number);
        let reader = &book["status"]["Lent"]["to"];
        if (&json!(row.title), &json!(row.reader)) != (&book["title"], reader) {
            return Err(format!("{book} is not what {row:?} shows"));
        }
    }
    Ok(())
}
