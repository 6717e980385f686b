//! What clients read of aggregates that change, are cached, and leave the memory.

use crate::probe::{count, send, start};
use madang::actors::{ActorSettings, Caller, RequestError, Runtime};
use std::{cell::Cell, rc::Rc};

async fn read(runtime: &Runtime, number: u64) -> u64 {
    count(&runtime.show(0, number, &Caller::Trusted).await.unwrap())
}

#[actix::test]
async fn each_read_after_a_command_shows_it_from_the_cache_as_from_the_aggregate() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start(folder.path(), ActorSettings::default());
    let number = send(&runtime, "open", None, "").await.unwrap().number;
    for round in 1..=100 {
        let added = send(&runtime, "add", Some(number), r#"{"count":1}"#).await.unwrap();
        for _ in 0..3 {
            let shown = runtime.show(0, number, &Caller::Trusted).await.unwrap();
            assert_eq!((count(&shown), shown.version), (round, added.version));
            assert!(shown.position >= added.position, "the position of a read never goes back");
        }
    }
    runtime.stop().await;
}

#[actix::test]
async fn readers_beside_a_writer_never_see_a_state_older_than_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Rc::new(start(folder.path(), ActorSettings::default()));
    let number = send(&runtime, "open", None, "").await.unwrap().number;
    let is_written = Rc::new(Cell::new(false));
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let (runtime, is_written) = (Rc::clone(&runtime), Rc::clone(&is_written));
            actix::spawn(async move {
                let mut last = 0;
                while !is_written.get() {
                    let seen = read(&runtime, number).await;
                    assert!(seen >= last, "{seen} after {last}");
                    last = seen;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for round in 1..=200 {
        send(&runtime, "add", Some(number), r#"{"count":1}"#).await.unwrap();
        assert_eq!(read(&runtime, number).await, round);
    }
    is_written.set(true);
    for reader in readers {
        reader.await.unwrap();
    }
    Rc::into_inner(runtime).unwrap().stop().await;
}

#[actix::test]
async fn aggregates_that_left_the_memory_are_read_and_go_on_where_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let actors = ActorSettings { instances_max: 1, ..ActorSettings::default() };
    let runtime = start(folder.path(), actors);
    let mut numbers = Vec::new();
    for _ in 0..20 {
        numbers.push(send(&runtime, "open", None, "").await.unwrap().number);
    }
    for round in 1..=3 {
        for number in &numbers {
            assert_eq!(read(&runtime, *number).await, round - 1);
            send(&runtime, "add", Some(*number), r#"{"count":1}"#).await.unwrap();
        }
    }
    for number in numbers {
        assert_eq!(read(&runtime, number).await, 3);
    }
    runtime.stop().await;
}

#[actix::test]
async fn an_aggregate_in_quarantine_is_not_read_from_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let actors = ActorSettings { crashes_max: 1, ..ActorSettings::default() };
    let runtime = start(folder.path(), actors);
    let number = send(&runtime, "open", None, "").await.unwrap().number;
    assert_eq!(read(&runtime, number).await, 0);
    let crashed = send(&runtime, "explode", Some(number), "").await;
    assert!(matches!(crashed, Err(RequestError::Quarantined { .. })), "{crashed:?}");
    let shown = runtime.show(0, number, &Caller::Trusted).await;
    assert!(matches!(shown, Err(RequestError::Quarantined { .. })), "{shown:?}");
    runtime.stop().await;
}
