//! A refused command leaves nothing durable unless it carries a key.

use crate::desk::{figure, send, start};
use madang::actors::{ActorSettings, RequestError};

const LONG_MS: u64 = 30_000;

#[actix::test]
async fn a_refused_command_leaves_nothing_durable_unless_it_carries_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start(folder.path(), ActorSettings::default());
    send(&runtime, ("open", None), "", None, LONG_MS).await.unwrap();
    runtime.stop().await;
    drop(runtime);
    let keys = || {
        let db = sled::open(folder.path().join("journal")).unwrap();
        (db.scan_prefix("").count(), db.scan_prefix("a").count())
    };
    let (before, _) = keys();
    for attempt in 1..=2_u128 {
        let runtime = start(folder.path(), ActorSettings::default());
        let positions = figure(&runtime, "submitted");
        for number in [2, 3, 1_000_000, u64::MAX] {
            for nth in 0..5 {
                let key = (attempt == 2).then(|| (u128::from(number) * 8 + nth, 7));
                let add = ("add", Some(number));
                let refused = send(&runtime, add, r#"{"count":1}"#, key, LONG_MS).await;
                assert!(matches!(refused, Err(RequestError::Rejected { .. })), "{refused:?}");
            }
        }
        assert_eq!(figure(&runtime, "submitted"), positions, "no records");
        runtime.stop().await;
        drop(runtime);
        if attempt == 1 {
            assert_eq!(keys().0, before, "nothing is durable");
        } else {
            assert_eq!(keys().1, 4 * 5, "the answers under keys, which expire");
        }
    }
}
