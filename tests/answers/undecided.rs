//! An accepted command that is not decided in time is answered 202. It is never answered 404 or
//! "nothing was done".

use crate::{
    HANG,
    desk::{HELD_UP, count, hold_up, send, start},
};
use madang::actors::{ActorSettings, Caller, Outcome, Page, Reply, RequestError, Runtime};

/// The wait for commands that are expected to be delayed.
const PATIENCE_MS: u64 = 50;

/// The wait for all other commands.
const LONG_MS: u64 = 30_000;

fn held_up(more: u32) -> String {
    format!(r#"{{"count":{}}}"#, HELD_UP + more)
}

fn one_shard() -> ActorSettings {
    ActorSettings { shards: 1, shard_blocked_ms: 600_000, ..ActorSettings::default() }
}

#[track_caller]
fn is_accepted(reached: &Result<Reply, RequestError>, number: u64) {
    let reply = reached.as_ref().unwrap_or_else(|request_error| panic!("{request_error:?}"));
    assert_eq!((reply.outcome, reply.number), (Outcome::Pending, number));
}

fn bytes(reply: &Reply) -> (Outcome, u64, u32, u64, Vec<u8>, Vec<String>) {
    let Reply { outcome, number, version, position, body, available_commands } = reply;
    let available_commands = available_commands.names().map(str::to_owned).collect();
    (*outcome, *number, *version, *position, body.clone(), available_commands)
}

async fn exists(runtime: &Runtime, number: u64) -> Reply {
    let exists = async {
        loop {
            match runtime.show(0, number, &Caller::Trusted).await {
                Ok(reply) => return reply,
                Err(RequestError::NotYet(_) | RequestError::NotFound { .. }) => {
                    tokio::task::yield_now().await;
                }
                Err(request_error) => panic!("{request_error:?}"),
            }
        }
    };
    tokio::time::timeout(HANG, exists).await.expect("it is carried out")
}

#[actix::test]
async fn a_command_that_waits_in_a_blocked_shard_is_accepted_with_a_location() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start(folder.path(), one_shard());
    send(&runtime, ("open", None), "", None, LONG_MS).await.unwrap();
    let release = hold_up(1);
    let held = send(&runtime, ("add", Some(1)), &held_up(1), None, PATIENCE_MS).await;
    is_accepted(&held, 1);

    let unkeyed = send(&runtime, ("open", None), "", None, PATIENCE_MS).await;
    is_accepted(&unkeyed, 2);
    let key = Some((7, 8));
    let keyed = send(&runtime, ("open", None), "", key, PATIENCE_MS).await;
    is_accepted(&keyed, 3);
    let first = bytes(&keyed.unwrap());
    let added = send(&runtime, ("add", Some(1)), r#"{"count":5}"#, Some((9, 9)), PATIENCE_MS).await;
    is_accepted(&added, 1);
    let again = send(&runtime, ("open", None), "", key, PATIENCE_MS).await;
    assert_eq!(bytes(&again.unwrap()), first, "a retry is answered the same at once");
    let other = send(&runtime, ("open", None), "", Some((7, 9)), PATIENCE_MS).await;
    assert_eq!(other.unwrap_err(), RequestError::KeyReused);
    for number in [2, 3] {
        let shown = runtime.show(0, number, &Caller::Trusted).await;
        assert!(matches!(shown, Err(RequestError::NotYet(_))), "{shown:?}");
    }
    let shown = runtime.show(0, 4, &Caller::Trusted).await;
    assert!(matches!(shown, Err(RequestError::NotFound { .. })), "{shown:?}");

    drop(release);
    for number in [2, 3] {
        assert_eq!(count(&exists(&runtime, number).await), 0);
    }
    assert_eq!(count(&runtime.show(0, 1, &Caller::Trusted).await.unwrap()), u64::from(HELD_UP) + 6);
    let again = send(&runtime, ("open", None), "", key, LONG_MS).await;
    assert_eq!(bytes(&again.unwrap()), first, "the same after the command was carried out");
    runtime.stop().await;
    drop(runtime);

    let runtime = start(folder.path(), one_shard());
    let again = send(&runtime, ("open", None), "", key, LONG_MS).await;
    assert_eq!(bytes(&again.unwrap()), first, "the same after a restart");
    let shown = runtime.show(0, 4, &Caller::Trusted).await;
    assert!(
        matches!(shown, Err(RequestError::NotFound { .. })),
        "no command was carried out twice: {shown:?}"
    );
    runtime.stop().await;
}

#[actix::test]
async fn a_retry_gets_the_answer_after_the_first_client_gave_up() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start(folder.path(), one_shard());
    send(&runtime, ("open", None), "", None, LONG_MS).await.unwrap();
    let release = hold_up(2);
    is_accepted(&send(&runtime, ("add", Some(1)), &held_up(2), None, PATIENCE_MS).await, 1);
    let key = Some((7, 8));
    // The client disconnects while its request waits.
    let gone = send(&runtime, ("open", None), "", key, LONG_MS);
    let wait_max = std::time::Duration::from_millis(PATIENCE_MS);
    tokio::time::timeout(wait_max, gone).await.expect_err("it is held up");
    let retried = send(&runtime, ("open", None), "", key, PATIENCE_MS).await;
    is_accepted(&retried, 2);
    let first = bytes(&retried.unwrap());
    drop(release);
    exists(&runtime, 2).await;
    let again = send(&runtime, ("open", None), "", key, LONG_MS).await;
    assert_eq!(bytes(&again.unwrap()), first);
    assert!(matches!(
        runtime.show(0, 3, &Caller::Trusted).await,
        Err(RequestError::NotFound { .. })
    ));
    runtime.stop().await;
}

#[actix::test]
async fn a_command_that_waits_in_a_replaced_shard_is_accepted_with_a_location() {
    let folder = tempfile::tempdir().unwrap();
    let actors = ActorSettings { shard_blocked_ms: 300, ..one_shard() };
    let runtime = start(folder.path(), actors);
    send(&runtime, ("open", None), "", None, LONG_MS).await.unwrap();
    let release = hold_up(3);
    let holding = {
        let runtime = runtime.clone();
        actix::spawn(
            async move { send(&runtime, ("add", Some(1)), &held_up(3), None, LONG_MS).await },
        )
    };
    // Long enough for the replacement of the blocked event loop.
    let ordered = {
        let runtime = runtime.clone();
        actix::spawn(async move { send(&runtime, ("open", None), "", Some((7, 8)), 1_500).await })
    };
    let page = || Page { number: 0, size: 200, sort: Vec::new() };
    while runtime
        .operations_log(page())
        .await
        .unwrap()
        .items
        .iter()
        .all(|n| n.what != "ShardReplaced")
    {
        tokio::task::yield_now().await;
    }
    let ordered = ordered.await.unwrap();
    is_accepted(&ordered, 2);
    drop(release);
    let late = holding.await.unwrap();
    assert!(matches!(late, Err(RequestError::Busy { .. })), "it was not carried out: {late:?}");
    assert_eq!(count(&exists(&runtime, 2).await), 0, "the command is forwarded and carried out");
    let again = send(&runtime, ("open", None), "", Some((7, 8)), LONG_MS).await;
    assert_eq!(bytes(&again.unwrap()), bytes(&ordered.unwrap()));
    runtime.stop().await;
}
