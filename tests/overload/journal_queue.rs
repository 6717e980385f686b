//! The limit of the queue of the journal.

use crate::{
    desk::desk,
    site::{Site, is_problem, until},
};
use serde_json::json;

const CROWD: usize = 32;

#[tokio::test]
async fn commands_beyond_the_queue_of_the_journal_are_refused_and_nothing_is_written() {
    let site = Site::of(desk, |config| config.journal.queue_records_max = 1);
    let (mut opened, mut refused) = (0, 0);
    until(async || {
        let crowd: Vec<_> = (0..CROWD)
            .map(|_| {
                let request = site.request(reqwest::Method::POST, "/desk/tickets");
                tokio::spawn(request.json(&json!({})).send())
            })
            .collect();
        for answered in crowd {
            let answered = answered.await.expect("a task").expect("an answer");
            if answered.status() == 201 {
                opened += 1;
                continue;
            }
            refused += 1;
            let told = is_problem(answered, 503, "busy").await;
            assert_eq!(told["detail"], "the journal is busy");
        }
        (refused > 0).then_some(())
    })
    .await;
    assert_eq!(site.total("/desk/tickets").await, opened);
}
