//! One aggregate crashes: it is rebuilt or quarantined, and has lost nothing.

use crate::probe::{HISTORY_IS_POISONED, count, say, say_under, start};
use madang::actors::{ActorSettings, IdempotencyKey, Trouble};
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

#[actix::test]
async fn a_crashed_aggregate_is_back_within_100_ms_and_has_lost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let courtyard = start(folder.path(), ActorSettings::default());
    let number = say(&courtyard, "open", None, "").await.unwrap().number;
    say(&courtyard, "add", Some(number), r#"{"count":7}"#).await.unwrap();

    let crashed = say(&courtyard, "explode", Some(number), "").await;
    let since = Instant::now();
    assert!(
        matches!(&crashed, Err(Trouble::Crashed { because, .. }) if because.contains("on purpose"))
    );
    let shown = courtyard.show(0, number).await.unwrap();
    let healed_in = since.elapsed();
    assert_eq!(count(&shown), 7);
    assert!(healed_in < Duration::from_millis(100), "healed in {healed_in:?}");
    courtyard.stop().await;
}

#[actix::test]
async fn others_never_notice_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let courtyard = start(folder.path(), ActorSettings::default());
    let mut numbers = Vec::new();
    for _ in 0..8 {
        numbers.push(say(&courtyard, "open", None, "").await.unwrap().number);
    }
    let (bomb, others) = numbers.split_first().unwrap();
    for round in 1..=100 {
        let exploding = say(&courtyard, "explode", Some(*bomb), "");
        let adding =
            others.iter().map(|other| say(&courtyard, "add", Some(*other), r#"{"count":1}"#));
        let (_, added) = futures(exploding, adding).await;
        for reply in added {
            assert_eq!(count(&reply.unwrap()), round);
        }
    }
    courtyard.stop().await;
}

#[actix::test]
async fn repeated_crashes_end_in_quarantine_with_the_reason_and_release_brings_it_back() {
    let folder = tempfile::tempdir().unwrap();
    let actors = ActorSettings { crashes_max: 3, ..ActorSettings::default() };
    let courtyard = start(folder.path(), actors);
    let number = say(&courtyard, "open", None, "").await.unwrap().number;
    for _ in 0..2 {
        let crashed = say(&courtyard, "explode", Some(number), "").await;
        assert!(matches!(crashed, Err(Trouble::Crashed { .. })), "{crashed:?}");
    }
    let last = say(&courtyard, "explode", Some(number), "").await;
    assert!(matches!(last, Err(Trouble::Quarantined { .. })), "{last:?}");
    let refused = say(&courtyard, "add", Some(number), r#"{"count":1}"#).await;
    assert!(matches!(refused, Err(Trouble::Quarantined { .. })), "{refused:?}");

    let [entry] = &courtyard.quarantine()[..] else { panic!("one entry") };
    assert_eq!((entry.resource, entry.number, entry.crashes), ("probe/counters", number, 3));
    assert_eq!(entry.because, "panicked: exploded on purpose");
    assert_eq!(entry.command.as_deref(), Some("Explode"));

    assert!(courtyard.release(0, number));
    assert!(!courtyard.release(0, number), "released twice");
    let added = say(&courtyard, "add", Some(number), r#"{"count":1}"#).await.unwrap();
    assert_eq!(count(&added), 1);
    courtyard.stop().await;
}

#[actix::test]
async fn a_history_that_cannot_be_read_back_is_quarantined_and_never_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let courtyard = start(folder.path(), ActorSettings::default());
    let number = say(&courtyard, "open", None, "").await.unwrap().number;
    say(&courtyard, "add", Some(number), r#"{"count":666}"#).await.unwrap();
    courtyard.stop().await;

    HISTORY_IS_POISONED.store(true, Ordering::SeqCst);
    let actors = ActorSettings { crashes_max: 3, ..ActorSettings::default() };
    let courtyard = start(folder.path(), actors);
    let shown = courtyard.show(0, number).await;
    assert!(
        matches!(&shown, Err(Trouble::Quarantined { because, .. }) if because.contains("poisoned")),
        "{shown:?}"
    );

    HISTORY_IS_POISONED.store(false, Ordering::SeqCst);
    assert!(courtyard.release(0, number));
    assert_eq!(count(&courtyard.show(0, number).await.unwrap()), 666);
    courtyard.stop().await;
}

#[actix::test]
async fn a_command_said_again_under_its_key_is_done_once() {
    let folder = tempfile::tempdir().unwrap();
    let courtyard = start(folder.path(), ActorSettings::default());
    let key = Some(IdempotencyKey { key: 1, fingerprint: 1 });
    let first = say_under(&courtyard, "open", None, "", key).await.unwrap();
    let (again, beside) = tokio::join!(
        say_under(&courtyard, "open", None, "", key),
        say_under(&courtyard, "open", None, "", key)
    );
    assert_eq!((again.unwrap().number, beside.unwrap().number), (first.number, first.number));
    let other = Some(IdempotencyKey { key: 1, fingerprint: 2 });
    let reused = say_under(&courtyard, "open", None, "", other).await;
    assert_eq!(reused.unwrap_err(), Trouble::KeyReused);

    let key = Some(IdempotencyKey { key: 2, fingerprint: 2 });
    let add = r#"{"count":1}"#;
    say_under(&courtyard, "add", Some(first.number), add, key).await.unwrap();
    say(&courtyard, "add", Some(first.number), add).await.unwrap();
    let again = say_under(&courtyard, "add", Some(first.number), add, key).await.unwrap();
    assert_eq!(count(&again), 1, "the first answer, not the present state");
    courtyard.stop().await;

    let courtyard = start(folder.path(), ActorSettings::default());
    let again = say_under(&courtyard, "add", Some(first.number), add, key).await.unwrap();
    assert_eq!(count(&again), 1, "also after a restart");
    assert_eq!(count(&courtyard.show(0, first.number).await.unwrap()), 2);
    courtyard.stop().await;
}

/// One and many at once.
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
