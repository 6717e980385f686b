//! Retries under the same idempotency key before the first answer.

use crate::{harness::TaxiServer, provider::Mood};
use serde_json::json;

#[tokio::test]
async fn concurrent_retries_wait_together_and_do_not_block_other_clients() {
    /// More requests than may wait for this server at once.
    const TIMES: usize = 300;
    let server = TaxiServer::open(|_| {}, &json!({}));
    server.provider.charges(Mood::Hangs);
    let another = async {
        server.is_asked("charge-1", 1).await;
        let approval = async {
            server.is_asked("charge-2", 1).await;
            server.provider.charges(Mood::Approves);
        };
        tokio::join!(server.order(), approval).0.status()
    };
    let (mine, another) = tokio::join!(server.order_repeatedly("mine", TIMES), another);
    assert!(another == 201 && mine.iter().all(|status| *status == 201), "{another} {mine:?}");
    assert_eq!(server.provider.asked_in_all("charge-"), 2);
    server.ends_well();
}
