//! More aggregates than active instances are allowed: the longest unused are passivated, and are
//! rehydrated when they are used.

use crate::{
    desk::desk,
    site::{Site, until},
};
use serde_json::json;

const LIVING_MAX: usize = 40;

#[tokio::test]
async fn the_longest_unused_instances_are_passivated_before_the_limit_and_rehydrated() {
    let site = Site::of(desk, |config| config.actors.instances_max = LIVING_MAX);
    let living = async || {
        let health = site.shown("/actuator/health").await;
        let living = health["components"]["journal"]["details"]["activeAggregates"].as_str();
        living.and_then(|living| living.parse::<usize>().ok()).expect("a number")
    };
    for _ in 0..2 * LIVING_MAX {
        assert_eq!(site.post("/desk/tickets", &json!({})).await.status(), 201);
        assert!(living().await <= LIVING_MAX);
    }
    // Passivation begins at four fifths of the limit.
    until(async || (living().await < LIVING_MAX / 5 * 4).then_some(())).await;
    for number in 1..=2 * LIVING_MAX {
        site.shown(&format!("/desk/tickets/{number}")).await;
    }
}
