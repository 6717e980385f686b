//! An fsync fails during a suspension. Its reported outcome holds, even after a restart.

use crate::disk::{HANG, start};
use madang::store::{faults::Faults, journal::JournalOptions};

const ROUNDS: usize = 4;
const SMS: &str = "taxi/sms";

#[actix::test]
async fn the_reported_outcome_of_a_suspension_in_doubt_holds_after_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut was_suspended = false;
    for _ in 0..ROUNDS {
        let faults = Faults::default();
        let journal = JournalOptions { faults: faults.clone(), ..JournalOptions::default() };
        let runtime = start(folder.path(), journal);
        let is_suspended = || runtime.component(SMS).unwrap().is_suspended;
        assert_eq!(is_suspended(), was_suspended, "as reported before the start");
        faults.fail_syncs(1);
        let turning = runtime.set_suspended(SMS, !was_suspended);
        let turned = tokio::time::timeout(HANG, turning).await.expect("the change ends");
        assert_eq!(is_suspended() != was_suspended, turned.is_ok(), "the reported outcome holds");
        was_suspended = is_suspended();
        runtime.stop().await;
    }
}
