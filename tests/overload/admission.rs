//! The gate in front of a kind of aggregate: so many under way, and so many in a second.

use crate::{
    desk::{desk, stop_pondering, until_somebody_ponders},
    site::{Site, is_problem, set_gate, within},
    support::inside::shipped,
};
use serde_json::json;

const GATE: &str = "desk/tickets";
const CROWD: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_as_many_as_may_are_under_way_all_others_are_told_so_and_nothing_is_written() {
    let site = Site::of(desk, |config| {
        config.actors.shards = 2;
        // Whoever waits for his permit is given one, however slow the machine; or turned away.
        set_gate(config, GATE, json!({"concurrency_max": 1, "waiting_calls_max": 1}));
    });
    for _ in 1..=2 {
        assert_eq!(site.post("/desk/tickets", &json!({})).await.status(), 201);
    }
    let before = site.version("/desk/tickets/2").await;
    let pondering = site.request(reqwest::Method::POST, "/desk/tickets/1/ponder").send();
    let pondering = tokio::spawn(pondering);
    tokio::task::spawn_blocking(until_somebody_ponders).await.expect("somebody ponders");

    let nothing = json!({});
    let crowd = (0..CROWD).map(|_| site.post("/desk/tickets/2/stamp", &nothing));
    for answered in within(futures(crowd)).await {
        let told = is_problem(answered, 503, "busy").await;
        assert_eq!(told["gate"], GATE);
    }
    assert_eq!(site.version("/desk/tickets/2").await, before, "a refused command was written");
    assert_eq!(site.shown("/desk/tickets/2").await["stamps"], 0);

    stop_pondering();
    let pondered = within(pondering).await.expect("a task").expect("an answer");
    assert_eq!(pondered.status(), 200);
    assert_eq!(site.post("/desk/tickets/2/stamp", &json!({})).await.status(), 200);
    assert_eq!(site.shown("/desk/tickets/2").await["stamps"], 1);
}

#[tokio::test]
async fn more_than_the_rate_allows_are_told_when_to_come_back_and_nothing_is_written() {
    let site = Site::of(desk, |config| {
        set_gate(config, GATE, json!({"rate_per_s": 0.001, "burst_calls": 1}));
    });
    assert_eq!(site.post("/desk/tickets", &json!({})).await.status(), 201);
    for _ in 0..3 {
        let told = is_problem(site.post("/desk/tickets", &json!({})).await, 429, "too-many").await;
        assert_eq!(told["gate"], GATE);
    }
    assert_eq!(site.total("/desk/tickets").await, 1);
}

#[tokio::test]
async fn what_was_answered_or_could_not_be_understood_holds_no_place() {
    let site = Site::of(desk, |config| {
        set_gate(config, GATE, json!({"concurrency_max": 1, "waiting_calls_max": 1}));
    });
    for _ in 0..3 {
        assert_eq!(site.post("/desk/tickets", &json!({})).await.status(), 201);
        assert_eq!(site.post("/desk/tickets", &json!({"colour": "red"})).await.status(), 422);
        assert_eq!(site.post("/desk/tickets/99/stamp", &json!({})).await.status(), 409);
        let again = site.request(reqwest::Method::POST, "/desk/tickets");
        let again = again.header("Idempotency-Key", "7f3").json(&json!({}));
        assert_eq!(again.send().await.expect("an answer").status(), 201);
    }
    assert_eq!(site.total("/desk/tickets").await, 4);
}

#[tokio::test]
async fn no_more_wait_for_a_payment_at_this_machine_than_may_and_nothing_is_written_of_the_others()
{
    let site = Site::of(shipped, |config| config.actors.unanswered_max = 0);
    let order = json!({"orderType": "basic", "name": "Jung"});
    let told = is_problem(site.post("/taxi/orders", &order).await, 503, "busy").await;
    assert_eq!(told["gate"], "taxi/payment");
    assert_eq!(site.total("/taxi/orders").await, 0);
    let taxi = json!({"taxiName": "sonata", "companyName": "tmap", "stockCnt": 1, "itemPrice": 1});
    assert_eq!(site.post("/taxi/taxis", &taxi).await.status(), 201, "nobody waits for anybody");
    let gate = site.shown("/admin/gates/taxi/payment").await;
    assert_eq!(gate["turnedAway"]["full"], 1);
}

#[tokio::test]
async fn one_after_the_other_all_are_served_however_few_may_wait() {
    let site = Site::of(shipped, |config| config.actors.unanswered_max = 1);
    for _ in 0..8 {
        let order = json!({"orderType": "basic", "name": "Jung"});
        assert_eq!(site.post("/taxi/orders", &order).await.status(), 201);
    }
}

/// All of them at once.
async fn futures<F>(all: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: Future,
{
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<_> = all.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in all.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}
