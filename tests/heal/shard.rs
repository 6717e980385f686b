//! A shard whose event loop is blocked: other shards go on, another loop replaces it, and the
//! replaced loop writes nothing when it resumes.

use crate::{
    drill::{Drill, HANG, Load},
    probe::{DAWDLED, DAWDLING, Probe, count, send, start_in},
};
use madang::actors::{
    ActorSettings, Caller, Installation, Page, Reply, RequestError, Runtime, Settings,
};
use serde_json::json;
use std::{path::Path, time::Instant};
use tokio::task::JoinHandle;

const ADD_ONE: &str = r#"{"count":1}"#;

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(HANG, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

fn settings(data: &Path) -> Settings {
    let actors = ActorSettings { shards: 2, shard_blocked_ms: 300, ..ActorSettings::default() };
    Settings { data: data.to_owned(), actors, ..Settings::default() }
}

/// The number of replaced shards in the operations log.
async fn replacements(runtime: &Runtime) -> usize {
    let page = Page { number: 0, size: 200, sort: Vec::new() };
    let notes = runtime.operations_log(page).await.unwrap().items;
    notes.iter().filter(|note| note.what == "ShardReplaced").count()
}

fn add_later(
    runtime: &Runtime,
    number: u64,
    count: u32,
) -> JoinHandle<Result<Reply, RequestError>> {
    let (runtime, body) = (runtime.clone(), format!(r#"{{"count":{count}}}"#));
    actix::spawn(async move { send(&runtime, "add", Some(number), &body).await })
}

#[actix::test]
async fn a_replaced_shard_that_resumes_writes_nothing_and_forwards_its_waiting_commands() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start_in(settings(folder.path()));
    for _ in 1..=4 {
        send(&runtime, "open", None, "").await.unwrap();
    }
    let dawdling = DAWDLING.begin();
    let dawdler = add_later(&runtime, 2, DAWDLED);
    until("the command waits", || DAWDLING.is_reached()).await;
    let queued = add_later(&runtime, 4, 1);

    // The other shard is not affected, and the blocked one is soon replaced.
    assert_eq!(count(&send(&runtime, "add", Some(1), ADD_ONE).await.unwrap()), 1);
    // Commands that were posted before are forwarded only when the old loop resumes.
    while replacements(&runtime).await == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(count(&send(&runtime, "add", Some(2), r#"{"count":10}"#).await.unwrap()), 10);
    assert_eq!(
        count(&runtime.show(0, 4, &Caller::Trusted).await.unwrap()),
        0,
        "its envelope is not delivered yet"
    );
    assert_eq!(runtime.blocked(), ["shard 0"], "liveness is red while the loop is blocked");

    drop(dawdling);
    let late = dawdler.await.unwrap();
    assert!(matches!(late, Err(RequestError::Busy { .. })), "it was not carried out: {late:?}");
    assert_eq!(count(&queued.await.unwrap().unwrap()), 1, "the waiting command was forwarded");
    until("the old loop has resumed", || runtime.blocked().is_empty()).await;
    let stands = async |runtime: &Runtime| {
        for (number, expected) in [(1, 1), (2, 10), (3, 0), (4, 1)] {
            assert_eq!(
                count(&runtime.show(0, number, &Caller::Trusted).await.unwrap()),
                expected,
                "{number}"
            );
        }
    };
    stands(&runtime).await;
    runtime.stop().await;
    drop(runtime);

    let runtime = start_in(settings(folder.path()));
    stands(&runtime).await;
    runtime.stop().await;
    drop(runtime);
    let install = |host: &mut Installation| {
        madang::domain::kernel::Host::business::<Probe>(host);
    };
    let findings = Installation::audit(settings(folder.path()), install, &mut |_, _, _| {});
    assert_eq!(findings.unwrap().flaws, Vec::<String>::new());
}

#[tokio::test]
async fn a_blocked_shard_turns_liveness_red_and_is_replaced_under_load() {
    let taxi = Drill::taxi(|_| {});
    let load = Load::on(&taxi, 6);
    load.goes_on(20).await;
    assert_eq!(taxi.get("/actuator/health/liveness").await, json!({"status": "UP"}));
    let since = Instant::now();
    taxi.breaks(&json!({"fault": "block-shard", "shard": 0, "for_ms": 3_000})).await;
    taxi.until("liveness is red", || async {
        let liveness = taxi.ask("/actuator/health/liveness").await;
        liveness.status() == 503
    })
    .await;
    println!("red after {:?}", since.elapsed());
    // Earlier requests wait until the old loop resumes, so this polls with new ones.
    taxi.until("the shard is back", || async {
        taxi.noted("ShardReplaced").await.first().is_some_and(|note| note["shard"] == 0)
    })
    .await;
    assert_eq!(taxi.ask("/taxi/orders/2").await.status(), 200);
    println!("served again after {:?}", since.elapsed());
    let liveness = taxi.get("/actuator/health/liveness").await;
    assert!(
        liveness == json!({"status": "DOWN", "blocked": ["shard 0"]})
            || liveness["status"] == "UP" && since.elapsed().as_secs() >= 3,
        "{liveness}"
    );
    assert_eq!(taxi.ask("/actuator/health/readiness").await.status(), 200);
    taxi.until("liveness is green", || async {
        taxi.ask("/actuator/health/liveness").await.status() == 200
    })
    .await;
    load.goes_on(20).await;
    let answered = load.ends().await;
    taxi.has_orders(answered.len() as u64).await;
    taxi.ends_well();
}
