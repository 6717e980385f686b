//! Retries and starts read only the snapshot of a history and the records after it.

use crate::desk::{count, figure, send, start};
use madang::actors::{ActorSettings, Caller};

const LONG_MS: u64 = 30_000;
const EVENTS: u64 = 3_000;

#[actix::test]
async fn a_retry_and_a_start_read_only_the_snapshot_and_the_records_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start(folder.path(), ActorSettings::default());
    send(&runtime, ("open", None), "", None, LONG_MS).await.unwrap();
    let one = r#"{"count":1}"#;
    let first = send(&runtime, ("add", Some(1)), one, Some((7, 8)), LONG_MS).await.unwrap();
    let mut adding = Vec::new();
    for _ in 1..EVENTS {
        let runtime = runtime.clone();
        adding.push(actix::spawn(async move {
            send(&runtime, ("add", Some(1)), one, None, LONG_MS).await.unwrap();
        }));
        if adding.len() == 200 {
            for adding in adding.drain(..) {
                adding.await.unwrap();
            }
        }
    }
    for adding in adding {
        adding.await.unwrap();
    }
    runtime.stop().await;
    drop(runtime);

    let runtime = start(folder.path(), ActorSettings::default());
    assert_eq!(figure(&runtime, "recordsRead"), 0, "by the start");
    let again = send(&runtime, ("add", Some(1)), one, Some((7, 8)), LONG_MS).await.unwrap();
    assert_eq!((again.body, again.position), (first.body, first.position));
    assert_eq!(figure(&runtime, "recordsRead"), 0, "by a retry");
    assert_eq!(count(&runtime.show(0, 1, &Caller::Trusted).await.unwrap()), EVENTS);
    assert!(figure(&runtime, "recordsRead") <= 100, "no reader reads more");
    runtime.stop().await;
    drop(runtime);

    // Snapshots that are further apart leave a long history after the last one. After that history
    // is read, there is a new snapshot.
    let rarely = |every| ActorSettings { snapshot_every_events: every, ..ActorSettings::default() };
    let runtime = start(folder.path(), rarely(100_000));
    for _ in 0..50 {
        send(&runtime, ("add", Some(1)), one, None, LONG_MS).await.unwrap();
    }
    runtime.stop().await;
    drop(runtime);
    let read = async || {
        let runtime = start(folder.path(), rarely(10));
        assert_eq!(count(&runtime.show(0, 1, &Caller::Trusted).await.unwrap()), EVENTS + 50);
        let read = figure(&runtime, "recordsRead");
        runtime.stop().await;
        read
    };
    assert!(read().await >= 50);
    assert!(read().await <= 10);
}
