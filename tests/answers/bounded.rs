//! No request and no start reads more of a history than the snapshot and what follows it.

use crate::desk::{count, figure, say, start};
use madang::actors::ActorSettings;

const LONG_MS: u64 = 30_000;
const EVENTS: u64 = 3_000;

#[actix::test]
async fn a_retry_and_a_start_read_no_more_than_the_snapshot_and_what_follows() {
    let folder = tempfile::tempdir().unwrap();
    let courtyard = start(folder.path(), ActorSettings::default());
    say(&courtyard, ("open", None), "", None, LONG_MS).await.unwrap();
    let one = r#"{"count":1}"#;
    let first = say(&courtyard, ("add", Some(1)), one, Some((7, 8)), LONG_MS).await.unwrap();
    let mut adding = Vec::new();
    for _ in 1..EVENTS {
        let courtyard = courtyard.clone();
        adding.push(actix::spawn(async move {
            say(&courtyard, ("add", Some(1)), one, None, LONG_MS).await.unwrap();
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
    courtyard.stop().await;
    drop(courtyard);

    let courtyard = start(folder.path(), ActorSettings::default());
    assert_eq!(figure(&courtyard, "recordsRead"), 0, "by the start");
    let again = say(&courtyard, ("add", Some(1)), one, Some((7, 8)), LONG_MS).await.unwrap();
    assert_eq!((again.body, again.position), (first.body, first.position));
    assert_eq!(figure(&courtyard, "recordsRead"), 0, "by a retry");
    assert_eq!(count(&courtyard.show(0, 1).await.unwrap()), EVENTS);
    assert!(figure(&courtyard, "recordsRead") <= 100, "by whoever reads it");
    courtyard.stop().await;
    drop(courtyard);

    // Snapshots that were further apart leave a long history behind the last: once it is read, there
    // is a new snapshot.
    let rarely = |every| ActorSettings { snapshot_every_events: every, ..ActorSettings::default() };
    let courtyard = start(folder.path(), rarely(100_000));
    for _ in 0..50 {
        say(&courtyard, ("add", Some(1)), one, None, LONG_MS).await.unwrap();
    }
    courtyard.stop().await;
    drop(courtyard);
    let read = async || {
        let courtyard = start(folder.path(), rarely(10));
        assert_eq!(count(&courtyard.show(0, 1).await.unwrap()), EVENTS + 50);
        let read = figure(&courtyard, "recordsRead");
        courtyard.stop().await;
        read
    };
    assert!(read().await >= 50);
    assert!(read().await <= 10);
}
