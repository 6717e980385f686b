//! What becomes of those who ask again, under the same idempotency key, before they are answered.

use crate::{house::House, provider::Mood};
use serde_json::json;

#[tokio::test]
async fn those_who_ask_again_wait_side_by_side_and_keep_nobody_else_out() {
    /// More than may wait for this machine at once.
    const TIMES: usize = 300;
    let house = House::open(|_| {}, &json!({}));
    house.provider.charges(Mood::Hangs);
    let another = async {
        house.is_asked("charge-1", 1).await;
        let approval = async {
            house.is_asked("charge-2", 1).await;
            house.provider.charges(Mood::Approves);
        };
        tokio::join!(house.order(), approval).0.status()
    };
    let (mine, another) = tokio::join!(house.order_repeatedly("mine", TIMES), another);
    assert!(another == 201 && mine.iter().all(|status| *status == 201), "{another} {mine:?}");
    assert_eq!(house.provider.asked_in_all("charge-"), 2);
    house.ends_well();
}
