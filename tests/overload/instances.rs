//! More aggregates than active instances are allowed: the longest unused are passivated. They are
//! rehydrated when they are commanded, and read from the journal when they are read.

use crate::{
    desk::desk,
    site::{Site, header, until},
};
use futures_util::future::join_all;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};

const INSTANCES_MAX: usize = 40;

/// The number of instances in memory.
async fn active(site: &Site) -> usize {
    let health = site.shown("/actuator/health").await;
    let active = health["components"]["journal"]["details"]["activeAggregates"].as_str();
    active.and_then(|active| active.parse().ok()).expect("a number")
}

#[tokio::test]
async fn the_longest_unused_instances_are_passivated_before_the_limit_and_rehydrated_by_commands_alone()
 {
    let site = Site::of(desk, |config| config.actors.instances_max = INSTANCES_MAX);
    let active = async || active(&site).await;
    for _ in 0..2 * INSTANCES_MAX {
        assert_eq!(site.post("/desk/tickets", &json!({})).await.status(), 201);
        assert!(active().await <= INSTANCES_MAX);
    }
    // Passivation begins at four fifths of the limit.
    until(async || (active().await < INSTANCES_MAX / 5 * 4).then_some(())).await;
    let left = active().await;
    for number in 1..=2 * INSTANCES_MAX {
        site.shown(&format!("/desk/tickets/{number}")).await;
        assert!(active().await <= left, "a read needs no instance");
    }
    for number in 1..=2 * INSTANCES_MAX {
        let path = format!("/desk/tickets/{number}");
        assert_eq!(site.post(&format!("{path}/stamp"), &json!({})).await.status(), 200);
        assert_eq!(site.shown(&path).await["stamps"], 1);
    }
}

#[tokio::test]
async fn more_instances_than_are_passivated_at_once_make_room_soon_after_their_last_use() {
    let site = Site::of(desk, |config| config.actors.instances_max = 1_000);
    let opened = (0..990).map(async |_| {
        assert_eq!(site.post("/desk/tickets", &json!({})).await.status(), 201);
    });
    join_all(opened).await;
    // One portion does not suffice: passivation begins at four fifths of the limit.
    until(async || (active(&site).await < 800).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_finds_an_older_ticket_than_was_told_while_instances_come_and_go() {
    const TICKETS: u64 = 12;
    const STAMPS: u64 = 40;
    let site = Site::of(desk, |config| config.actors.instances_max = 4);
    let stamps_of = async |path: &str| site.shown(path).await["stamps"].as_u64().unwrap();
    let (site, stamps_of) = (&site, &stamps_of);
    let each = (0..TICKETS).map(async |_| {
        let opened = site.post("/desk/tickets", &json!({})).await;
        assert_eq!(opened.status(), 201);
        let path = header(&opened, "location");
        let is_over = AtomicBool::new(false);
        let stamping = async {
            for told in 1..=STAMPS {
                assert_eq!(site.post(&format!("{path}/stamp"), &json!({})).await.status(), 200);
                assert_eq!(stamps_of(&path).await, told, "{path}: the stamp that was told of");
            }
            is_over.store(true, Ordering::Release);
        };
        let reading = async {
            let mut seen = 0;
            while !is_over.load(Ordering::Acquire) {
                let stamps = stamps_of(&path).await;
                assert!(stamps >= seen, "{path}: {stamps} stamps after {seen}");
                seen = stamps;
            }
        };
        tokio::join!(stamping, reading);
    });
    join_all(each).await;
}
