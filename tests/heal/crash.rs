//! A crashed aggregate is rebuilt or quarantined, and loses nothing.

use crate::probe::{HISTORY_IS_POISONED, count, send, send_under, start};
use madang::actors::{ActorSettings, Caller, IdempotencyKey, RequestError};
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

#[actix::test]
async fn a_crashed_aggregate_is_back_within_100_ms_and_has_lost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start(folder.path(), ActorSettings::default());
    let number = send(&runtime, "open", None, "").await.unwrap().number;
    send(&runtime, "add", Some(number), r#"{"count":7}"#).await.unwrap();

    let crashed = send(&runtime, "explode", Some(number), "").await;
    let since = Instant::now();
    assert!(
        matches!(&crashed, Err(RequestError::Crashed { reason, .. }) if reason.contains("on purpose"))
    );
    let shown = runtime.show(0, number, &Caller::Trusted).await.unwrap();
    let healed_in = since.elapsed();
    assert_eq!(count(&shown), 7);
    assert!(healed_in < Duration::from_millis(100), "rebuilt in {healed_in:?}");
    runtime.stop().await;
}

#[actix::test]
async fn a_crash_does_not_affect_other_aggregates() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start(folder.path(), ActorSettings::default());
    let mut numbers = Vec::new();
    for _ in 0..8 {
        numbers.push(send(&runtime, "open", None, "").await.unwrap().number);
    }
    let (bomb, others) = numbers.split_first().unwrap();
    for round in 1..=100 {
        let exploding = send(&runtime, "explode", Some(*bomb), "");
        let adding =
            others.iter().map(|other| send(&runtime, "add", Some(*other), r#"{"count":1}"#));
        let (_, added) = futures(exploding, adding).await;
        for reply in added {
            assert_eq!(count(&reply.unwrap()), round);
        }
    }
    runtime.stop().await;
}

#[actix::test]
async fn repeated_crashes_end_in_quarantine_with_the_reason_until_the_release() {
    let folder = tempfile::tempdir().unwrap();
    let actors = ActorSettings { crashes_max: 3, ..ActorSettings::default() };
    let runtime = start(folder.path(), actors);
    let number = send(&runtime, "open", None, "").await.unwrap().number;
    for _ in 0..2 {
        let crashed = send(&runtime, "explode", Some(number), "").await;
        assert!(matches!(crashed, Err(RequestError::Crashed { .. })), "{crashed:?}");
    }
    let last = send(&runtime, "explode", Some(number), "").await;
    assert!(matches!(last, Err(RequestError::Quarantined { .. })), "{last:?}");
    let refused = send(&runtime, "add", Some(number), r#"{"count":1}"#).await;
    assert!(matches!(refused, Err(RequestError::Quarantined { .. })), "{refused:?}");

    let [entry] = &runtime.quarantine()[..] else { panic!("one entry") };
    assert_eq!((entry.resource, entry.number, entry.crashes), ("probe/counters", number, 3));
    assert_eq!(entry.reason, "panicked: exploded on purpose");
    assert_eq!(entry.command.as_deref(), Some("Explode"));

    assert!(runtime.release("probe/counters", number));
    assert!(!runtime.release("probe/counters", number), "released twice");
    let added = send(&runtime, "add", Some(number), r#"{"count":1}"#).await.unwrap();
    assert_eq!(count(&added), 1);
    runtime.stop().await;
}

#[actix::test]
async fn a_history_that_cannot_be_read_back_is_quarantined_and_never_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start(folder.path(), ActorSettings::default());
    let number = send(&runtime, "open", None, "").await.unwrap().number;
    send(&runtime, "add", Some(number), r#"{"count":666}"#).await.unwrap();
    runtime.stop().await;

    HISTORY_IS_POISONED.store(true, Ordering::SeqCst);
    let actors = ActorSettings { crashes_max: 3, ..ActorSettings::default() };
    let runtime = start(folder.path(), actors);
    let shown = runtime.show(0, number, &Caller::Trusted).await;
    assert!(
        matches!(&shown, Err(RequestError::Quarantined { reason, .. }) if reason.contains("poisoned")),
        "{shown:?}"
    );

    HISTORY_IS_POISONED.store(false, Ordering::SeqCst);
    assert!(runtime.release("probe/counters", number));
    assert_eq!(count(&runtime.show(0, number, &Caller::Trusted).await.unwrap()), 666);
    runtime.stop().await;
}

#[actix::test]
async fn a_command_repeated_under_its_key_is_carried_out_once() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start(folder.path(), ActorSettings::default());
    let key = Some(IdempotencyKey { key: 1, fingerprint: 1 });
    let first = send_under(&runtime, "open", None, "", key).await.unwrap();
    let (again, beside) = tokio::join!(
        send_under(&runtime, "open", None, "", key),
        send_under(&runtime, "open", None, "", key)
    );
    assert_eq!((again.unwrap().number, beside.unwrap().number), (first.number, first.number));
    let other = Some(IdempotencyKey { key: 1, fingerprint: 2 });
    let reused = send_under(&runtime, "open", None, "", other).await;
    assert_eq!(reused.unwrap_err(), RequestError::KeyReused);

    let key = Some(IdempotencyKey { key: 2, fingerprint: 2 });
    let add = r#"{"count":1}"#;
    send_under(&runtime, "add", Some(first.number), add, key).await.unwrap();
    send(&runtime, "add", Some(first.number), add).await.unwrap();
    let again = send_under(&runtime, "add", Some(first.number), add, key).await.unwrap();
    assert_eq!(count(&again), 1, "the answer is the first one, not the present state");
    runtime.stop().await;

    let runtime = start(folder.path(), ActorSettings::default());
    let again = send_under(&runtime, "add", Some(first.number), add, key).await.unwrap();
    assert_eq!(count(&again), 1, "the same after a restart");
    assert_eq!(count(&runtime.show(0, first.number, &Caller::Trusted).await.unwrap()), 2);
    runtime.stop().await;
}

/// Adds once and many times concurrently.
async fn futures<T, U>(
    one: impl Future<Output = T>,
    many: impl Iterator<Item = impl Future<Output = U>>,
) -> (T, Vec<U>) {
    let many: Vec<_> = many.map(Box::pin).collect();
    let all = async {
        let mut done = Vec::new();
        for each in many {
            done.push(each.await);
        }
        done
    };
    tokio::join!(one, all)
}
