//! More aggregates than active instances are allowed: the longest unused are passivated, and are
//! rehydrated when they are used.

use crate::{
    desk::desk,
    site::{Site, until},
};
use serde_json::json;

const INSTANCES_MAX: usize = 40;

#[tokio::test]
async fn the_longest_unused_instances_are_passivated_before_the_limit_and_rehydrated() {
    let site = Site::of(desk, |config| config.actors.instances_max = INSTANCES_MAX);
    let active = async || {
        let health = site.shown("/actuator/health").await;
        let active = health["components"]["journal"]["details"]["activeAggregates"].as_str();
        active.and_then(|active| active.parse::<usize>().ok()).expect("a number")
    };
    for _ in 0..2 * INSTANCES_MAX {
        assert_eq!(site.post("/desk/tickets", &json!({})).await.status(), 201);
        assert!(active().await <= INSTANCES_MAX);
    }
    // Passivation begins at four fifths of the limit.
    until(async || (active().await < INSTANCES_MAX / 5 * 4).then_some(())).await;
    for number in 1..=2 * INSTANCES_MAX {
        site.shown(&format!("/desk/tickets/{number}")).await;
    }
}
