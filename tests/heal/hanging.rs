//! A hanging disk: writers wait, and the health of the server shows the reason.

use crate::drill::Drill;
use serde_json::json;

/// A commit hangs for `HANGS_MS`. Commits that begin after `FOR_MS` do not hang.
const HANGS_MS: u64 = 7_000;
const FOR_MS: u64 = 5_000;

#[tokio::test]
async fn a_hanging_commit_is_reported_until_it_ends() {
    // Liveness is red after two and a half seconds.
    let taxi = Drill::taxi(|config| config.actors.shard_blocked_ms = 250);
    let fault = json!({"fault": "slow-journal", "by_ms": HANGS_MS, "for_ms": FOR_MS});
    taxi.breaks(&fault).await;
    let body = json!({"taxiName": "k5", "companyName": "tmap", "stockCnt": 1, "itemPrice": 1});
    let fleet = taxi.client.post(taxi.url("/taxi/taxis")).json(&body).send();
    let fleet = tokio::spawn(fleet);

    taxi.until("the journal is down", || async {
        let journal = &taxi.get("/actuator/health").await["components"]["journal"];
        assert!(journal["status"] == "UP" || journal["status"] == "DOWN", "{journal}");
        journal["status"] == "DOWN"
            && journal["details"]["reason"] == "a commit has taken longer than 2 s"
    })
    .await;
    assert_eq!(taxi.ask("/actuator/health/readiness").await.status(), 503);
    taxi.until("liveness is red", || async {
        let liveness = taxi.get("/actuator/health/liveness").await;
        let blocked = liveness["blocked"].as_array().cloned().unwrap_or_default();
        blocked.contains(&json!("journal"))
    })
    .await;

    let fleet = fleet.await.expect("it was sent").expect("an answer");
    assert_eq!(fleet.status(), 201, "the command succeeded late");
    taxi.until("the journal is up", || async {
        taxi.get("/actuator/health").await["status"] == "UP"
            && taxi.ask("/actuator/health/liveness").await.status() == 200
    })
    .await;
    taxi.until("it is recorded", || async { !taxi.noted("JournalRecovered").await.is_empty() })
        .await;
    let broke = json!({"reason": "a commit has taken longer than 2 s"});
    assert_eq!(taxi.noted("JournalUnavailable").await, [broke]);
    taxi.ends_well();
}
