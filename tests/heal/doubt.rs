//! An fsync fails under a suspension: what is said of it afterwards is so, also after a restart.

use crate::disk::{HANG, start};
use madang::store::{faults::Faults, journal::JournalOptions};

const ROUNDS: usize = 4;
const SMS: &str = "taxi/sms";

#[actix::test]
async fn a_suspension_in_doubt_is_so_as_it_is_told_after_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut was_suspended = false;
    for _ in 0..ROUNDS {
        let faults = Faults::default();
        let journal = JournalOptions { faults: faults.clone(), ..JournalOptions::default() };
        let runtime = start(folder.path(), journal);
        let is_suspended = || runtime.context(SMS).unwrap().is_suspended;
        assert_eq!(is_suspended(), was_suspended, "as it was told before the start");
        faults.fail_syncs(1);
        let turning = runtime.turn_context(SMS, !was_suspended);
        let turned = tokio::time::timeout(HANG, turning).await.expect("it does not hang");
        assert_eq!(is_suspended() != was_suspended, turned.is_ok(), "it was told as it is");
        was_suspended = is_suspended();
        runtime.stop().await;
    }
}
