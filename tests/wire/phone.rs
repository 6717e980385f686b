//! The stored bytes of the phone shop.

use super::encode;
use madang::domain::{
    kernel::{
        FailureKind, Money, Quantity, Text, Timestamp, payment::Phase, simulation::golden,
        time_limit,
    },
    phone::{
        delivery::{self, Parcel},
        order::{self, Basket},
        payment::{OrderBilling, Sale},
        reward,
        rewarding::{CancelTimeLimit, Claim, Grant, Rewarding},
        shipping::Shipping,
    },
};

const AMOUNT: Money = Money(5_000);
const POINTS: Money = Money(500);

fn basket() -> Basket {
    let (item, store, address) = ("i".into(), "s".into(), "a".into());
    Basket { item, qty: Quantity(2), store, address, customer: None }
}

fn customer() -> Text {
    "k".into()
}

fn reason() -> String {
    "b".into()
}

#[test]
fn events_of_orders() {
    use order::Event as E;
    let (price, amount, points) = (Money(2_500), AMOUNT, POINTS);
    let (attempt, how) = (3, FailureKind::Unavailable);
    golden(
        encode,
        &[
            (E::Ordered { basket: basket(), price, amount }, "000169020173016100fbc409fb8813"),
            (E::Paid { basket: basket(), amount }, "010169020173016100fb8813"),
            (
                E::Paid { basket: Basket { customer: Some(customer()), ..basket() }, amount },
                "010169020173016101016bfb8813",
            ),
            (E::Rejected { how: FailureKind::Unpaid, reason: reason() }, "02000162"),
            (E::Shipped, "03"),
            (E::Credited { points }, "04fbf401"),
            (E::Withdrawn, "05"),
            (E::CancelRequested { attempt, answer_by: Timestamp(7) }, "060307"),
            (E::Kept { attempt, how, reason: reason() }, "0703020162"),
            (E::Forfeited { amount }, "08fb8813"),
            (E::Cancelled, "09"),
        ],
    );
}

#[test]
fn rejections_of_orders() {
    use order::Rejection as R;
    golden(
        encode,
        &[
            (R::Unknown, "00"),
            (R::AlreadyOrdered, "01"),
            (R::BadItem, "02"),
            (R::TooLong, "03"),
            (R::NoneWanted, "04"),
            (R::TooDear, "05"),
            (R::NotPaid, "06"),
            (R::IsPaid, "07"),
            (R::IsShipped, "08"),
            (R::IsCancelling, "09"),
            (R::IsCancelled, "0a"),
            (R::WasRejected, "0b"),
            (R::NotCancelling, "0c"),
            (R::AlreadyCredited, "0d"),
            (R::NotListed { listed: AMOUNT, price: Money(7) }, "0efb881307"),
            (R::TooMany, "0f"),
            (R::BadCustomer, "10"),
        ],
    );
}

#[test]
fn events_of_payments() {
    use madang::domain::kernel::payment::Event as E;
    let (bill, amount, reason) = (Sale { item: "i".into() }, AMOUNT, reason);
    golden(
        encode,
        &[
            (E::Requested { bill, amount }, "000169fb8813"),
            (E::Approved { transaction_id: None }, "0100"),
            (E::Approved { transaction_id: Some("t".into()) }, "01010174"),
            (E::Declined { reason: reason() }, "020162"),
            (E::Abandoned { amount, reason: reason() }, "03fb88130162"),
            (E::Voided, "04"),
            (E::RefundRequested { amount, transaction_id: None }, "05fb881300"),
            (E::RefundRequested { amount, transaction_id: Some("t".into()) }, "05fb8813010174"),
            (E::Refunded, "06"),
            (E::RefundDeclined { reason: reason() }, "070162"),
            (E::TurnedAway { reason: reason() }, "080162"),
        ],
    );
}

#[test]
fn events_and_rejections_of_deliveries() {
    use delivery::{Event as E, Rejection as R};
    let parcel = || Parcel { item: "i".into(), qty: Quantity(2), address: "a".into() };
    golden(
        encode,
        &[
            (E::Received { parcel: parcel(), ship_at: None }, "00016902016100"),
            (E::Received { parcel: parcel(), ship_at: Some(Timestamp(7)) }, "0001690201610107"),
            (E::ShippingRequested, "01"),
            (E::Shipped, "02"),
            (E::Stopped, "03"),
        ],
    );
    golden(encode, &[(R::Unknown, "00"), (R::IsShipped, "01"), (R::IsStopped, "02")]);
}

#[test]
fn events_of_rewards() {
    use reward::Event as E;
    let (attempt, points, reason) = (3, POINTS, reason);
    golden(
        encode,
        &[
            (E::GrantRequested { points, customer: None }, "00fbf40100"),
            (E::GrantRequested { points, customer: Some(customer()) }, "00fbf40101016b"),
            (E::Granted { points, customer: None }, "01fbf40100"),
            (E::GrantDeclined { reason: reason() }, "020162"),
            (E::ReclaimAwaited { attempt }, "0303"),
            (E::ReclaimRequested { attempt, points }, "0403fbf401"),
            (E::Reclaimed { attempt, points, customer: None }, "0503fbf40100"),
            (E::ReclaimDeclined { attempt, reason: reason() }, "06030162"),
            (E::ReclaimAbandoned { attempt, points, reason: reason() }, "0703fbf4010162"),
            (E::ReclaimForgotten { attempt }, "0803"),
            (E::ReclaimUndone { attempt, points, again: true }, "0903fbf40101"),
            (E::Restored { points, again: false, customer: None }, "0afbf4010000"),
            (E::RestoreDeclined { reason: reason() }, "0b0162"),
            (E::ReclaimTurnedAway { attempt, reason: reason() }, "0c030162"),
            (E::ReclaimedLate { attempt, points, customer: None }, "0d03fbf40100"),
        ],
    );
}

#[test]
fn rejections_of_rewards() {
    use reward::Rejection as R;
    golden(
        encode,
        &[
            (R::Unknown, "00"),
            (R::IsRestoring, "01"),
            (R::IsOwed, "02"),
            (R::IsReclaimed, "03"),
            (R::NotOwed, "04"),
        ],
    );
}

#[test]
fn states_of_billing() {
    golden(
        encode,
        &[(OrderBilling::from(Phase::Idle), "00"), (OrderBilling::from(Phase::Closing), "07")],
    );
    let waiting = time_limit::Phase::Waiting { attempt: 3 };
    golden(encode, &[(CancelTimeLimit::default(), "00"), (waiting.into(), "0103")]);
}

#[test]
fn states_of_shipping() {
    use Shipping as S;
    golden(
        encode,
        &[
            (S::Idle, "00"),
            (S::Receiving, "01"),
            (S::Waiting, "02"),
            (S::Asking, "03"),
            (S::Releasing, "04"),
            (S::Stopping, "05"),
        ],
    );
}

#[test]
fn states_of_rewarding() {
    let state = |grant, claim| Rewarding { grant, claim };
    golden(
        encode,
        &[
            (state(Grant::None, Claim::None), "0000"),
            (state(Grant::Asked, Claim::Asked(3)), "010103"),
            (state(Grant::Written, Claim::Told(3)), "020203"),
            (state(Grant::None, Claim::Undoing(3)), "000303"),
        ],
    );
}
