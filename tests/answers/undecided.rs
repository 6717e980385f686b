//! A command that was accepted and is not decided in time: 202, and never 404 or "nothing was done".

use crate::{
    HANG,
    desk::{HELD_UP, count, hold_up, say, start},
};
use madang::actors::{ActorSettings, Outcome, Page, Reply, RequestError, Runtime};

/// For what is expected to be held up.
const PATIENCE_MS: u64 = 50;

/// For everything else.
const LONG_MS: u64 = 30_000;

fn held_up(more: u32) -> String {
    format!(r#"{{"count":{}}}"#, HELD_UP + more)
}

fn one_shard() -> ActorSettings {
    ActorSettings { shards: 1, shard_blocked_ms: 600_000, ..ActorSettings::default() }
}

#[track_caller]
fn is_accepted(reached: &Result<Reply, RequestError>, number: u64) {
    let reply = reached.as_ref().unwrap_or_else(|trouble| panic!("{trouble:?}"));
    assert_eq!((reply.outcome, reply.number), (Outcome::Pending, number));
}

fn bytes(reply: &Reply) -> (Outcome, u64, u32, u64, Vec<u8>, Vec<String>) {
    let Reply { outcome, number, version, position, body, possible } = reply;
    let possible = possible.names().map(str::to_owned).collect();
    (*outcome, *number, *version, *position, body.clone(), possible)
}

async fn exists(runtime: &Runtime, number: u64) -> Reply {
    let exists = async {
        loop {
            match runtime.show(0, number).await {
                Ok(reply) => return reply,
                Err(RequestError::NotYet(_) | RequestError::NotFound { .. }) => {
                    tokio::task::yield_now().await;
                }
                Err(trouble) => panic!("{trouble:?}"),
            }
        }
    };
    tokio::time::timeout(HANG, exists).await.expect("it is carried out")
}

#[actix::test]
async fn what_waits_in_a_blocked_shard_is_accepted_with_a_location() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start(folder.path(), one_shard());
    say(&runtime, ("open", None), "", None, LONG_MS).await.unwrap();
    let let_go = hold_up(1);
    let held = say(&runtime, ("add", Some(1)), &held_up(1), None, PATIENCE_MS).await;
    is_accepted(&held, 1);

    let unkeyed = say(&runtime, ("open", None), "", None, PATIENCE_MS).await;
    is_accepted(&unkeyed, 2);
    let key = Some((7, 8));
    let keyed = say(&runtime, ("open", None), "", key, PATIENCE_MS).await;
    is_accepted(&keyed, 3);
    let first = bytes(&keyed.unwrap());
    let added = say(&runtime, ("add", Some(1)), r#"{"count":5}"#, Some((9, 9)), PATIENCE_MS).await;
    is_accepted(&added, 1);
    let again = say(&runtime, ("open", None), "", key, PATIENCE_MS).await;
    assert_eq!(bytes(&again.unwrap()), first, "a retry is answered the same at once");
    let other = say(&runtime, ("open", None), "", Some((7, 9)), PATIENCE_MS).await;
    assert_eq!(other.unwrap_err(), RequestError::KeyReused);
    for number in [2, 3] {
        let shown = runtime.show(0, number).await;
        assert!(matches!(shown, Err(RequestError::NotYet(_))), "{shown:?}");
    }
    let shown = runtime.show(0, 4).await;
    assert!(matches!(shown, Err(RequestError::NotFound { .. })), "{shown:?}");

    drop(let_go);
    for number in [2, 3] {
        assert_eq!(count(&exists(&runtime, number).await), 0);
    }
    assert_eq!(count(&runtime.show(0, 1).await.unwrap()), u64::from(HELD_UP) + 6);
    let again = say(&runtime, ("open", None), "", key, LONG_MS).await;
    assert_eq!(bytes(&again.unwrap()), first, "and after it was carried out");
    runtime.stop().await;
    drop(runtime);

    let runtime = start(folder.path(), one_shard());
    let again = say(&runtime, ("open", None), "", key, LONG_MS).await;
    assert_eq!(bytes(&again.unwrap()), first, "and after a restart");
    let shown = runtime.show(0, 4).await;
    assert!(
        matches!(shown, Err(RequestError::NotFound { .. })),
        "nothing was done twice: {shown:?}"
    );
    runtime.stop().await;
}

#[actix::test]
async fn who_gave_up_waiting_before_the_answer_lets_the_next_one_have_it() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start(folder.path(), one_shard());
    say(&runtime, ("open", None), "", None, LONG_MS).await.unwrap();
    let let_go = hold_up(2);
    is_accepted(&say(&runtime, ("add", Some(1)), &held_up(2), None, PATIENCE_MS).await, 1);
    let key = Some((7, 8));
    // The client goes away while its request waits.
    let gone = say(&runtime, ("open", None), "", key, LONG_MS);
    let patience = std::time::Duration::from_millis(PATIENCE_MS);
    tokio::time::timeout(patience, gone).await.expect_err("it is held up");
    let retried = say(&runtime, ("open", None), "", key, PATIENCE_MS).await;
    is_accepted(&retried, 2);
    let first = bytes(&retried.unwrap());
    drop(let_go);
    exists(&runtime, 2).await;
    let again = say(&runtime, ("open", None), "", key, LONG_MS).await;
    assert_eq!(bytes(&again.unwrap()), first);
    assert!(matches!(runtime.show(0, 3).await, Err(RequestError::NotFound { .. })));
    runtime.stop().await;
}

#[actix::test]
async fn what_waits_in_a_shard_that_was_replaced_is_accepted_with_a_location() {
    let folder = tempfile::tempdir().unwrap();
    let actors = ActorSettings { shard_blocked_ms: 300, ..one_shard() };
    let runtime = start(folder.path(), actors);
    say(&runtime, ("open", None), "", None, LONG_MS).await.unwrap();
    let let_go = hold_up(3);
    let holding = {
        let runtime = runtime.clone();
        actix::spawn(
            async move { say(&runtime, ("add", Some(1)), &held_up(3), None, LONG_MS).await },
        )
    };
    // Long enough for another loop to have taken the place of the blocked one.
    let ordered = {
        let runtime = runtime.clone();
        actix::spawn(async move { say(&runtime, ("open", None), "", Some((7, 8)), 1_500).await })
    };
    let page = || Page { number: 0, size: 200, sort: Vec::new() };
    while runtime.diary(page()).await.unwrap().items.iter().all(|n| n.what != "ShardReplaced") {
        tokio::task::yield_now().await;
    }
    let ordered = ordered.await.unwrap();
    is_accepted(&ordered, 2);
    drop(let_go);
    let late = holding.await.unwrap();
    assert!(matches!(late, Err(RequestError::Busy { .. })), "it was not done: {late:?}");
    assert_eq!(count(&exists(&runtime, 2).await), 0, "it was passed on, and is carried out");
    let again = say(&runtime, ("open", None), "", Some((7, 8)), LONG_MS).await;
    assert_eq!(bytes(&again.unwrap()), bytes(&ordered.unwrap()));
    runtime.stop().await;
}
