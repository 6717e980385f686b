//! More aggregates than may be alive at once: the longest unused make room, and are read again
//! when they are asked for.

use crate::{
    desk::desk,
    site::{Site, until},
};
use serde_json::json;

const LIVING_MAX: usize = 40;

#[tokio::test]
async fn whoever_nobody_asks_for_makes_room_before_there_is_none_and_is_read_again() {
    let site = Site::of(desk, |config| config.actors.living_max = LIVING_MAX);
    let living = async || {
        let health = site.shown("/actuator/health").await;
        let living = health["components"]["journal"]["details"]["livingAggregates"].as_str();
        living.and_then(|living| living.parse::<usize>().ok()).expect("a number")
    };
    for _ in 0..2 * LIVING_MAX {
        assert_eq!(site.post("/desk/tickets", &json!({})).await.status(), 201);
        assert!(living().await <= LIVING_MAX);
    }
    // Room is made from four fifths on.
    until(async || (living().await < LIVING_MAX / 5 * 4).then_some(())).await;
    for number in 1..=2 * LIVING_MAX {
        site.shown(&format!("/desk/tickets/{number}")).await;
    }
}
