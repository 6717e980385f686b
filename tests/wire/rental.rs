//! The stored bytes of car rental.

use super::encode;
use madang::domain::{
    kernel::{
        FailureKind, Id, Money, Quantity,
        payment::{Billing, Phase},
        simulation::golden,
    },
    rental::{
        Rent, car,
        handover::Handover,
        order::{self, Order, Stage},
    },
};

fn rent() -> Rent {
    Rent { car: Id::new(3), quantity: Quantity(2) }
}

#[test]
fn events_and_rejections_of_orders() {
    use order::{Event as E, Rejection as R};
    let reason = || "b".to_owned();
    golden(
        encode,
        &[
            (
                E::Placed { rent: rent(), amount: Money(100_000), customer: None },
                "000302fca086010000",
            ),
            (
                E::Placed { rent: rent(), amount: Money(100_000), customer: Some("k".into()) },
                "000302fca086010001016b",
            ),
            (E::Paid { rent: rent() }, "010302"),
            (E::Confirmed, "02"),
            (E::Refused { reason: reason() }, "030162"),
            (E::Cancelled { was: Stage::Requested }, "0400"),
            (E::Cancelled { was: Stage::Paid }, "0401"),
            (E::Cancelled { was: Stage::Confirmed { car: Id::new(3) } }, "040203"),
            (E::Rejected { how: FailureKind::Unpaid, reason: reason() }, "05000162"),
            (E::Undone, "06"),
            (E::Returned { car: Id::new(3) }, "0703"),
        ],
    );
    golden(
        encode,
        &[
            (R::Unknown, "00"),
            (R::AlreadyPlaced, "01"),
            (R::BadCar, "02"),
            (R::BadQuantity, "03"),
            (R::TooDear, "04"),
            (R::NotPaid, "05"),
            (R::IsPaid, "06"),
            (R::IsConfirmed, "07"),
            (R::IsCancelled, "08"),
            (R::WasRejected, "09"),
            (R::NotCalledOff, "0a"),
            (R::IsReturned, "0b"),
            (R::NotConfirmed, "0c"),
            (R::BadCustomer, "0d"),
        ],
    );
}

#[test]
fn events_of_payments() {
    use madang::domain::kernel::payment::Event as E;
    let reason = || "r".to_owned();
    golden(
        encode,
        &[
            (E::Requested { bill: rent(), amount: Money(100_000) }, "000302fca0860100"),
            (E::Approved { transaction_id: None }, "0100"),
            (E::Approved { transaction_id: Some("t".into()) }, "01010174"),
            (E::Declined { reason: reason() }, "020172"),
            (E::Abandoned { amount: Money(9), reason: reason() }, "03090172"),
            (E::Voided, "04"),
            (E::RefundRequested { amount: Money(9), transaction_id: None }, "050900"),
            (
                E::RefundRequested { amount: Money(9), transaction_id: Some("t".into()) },
                "0509010174",
            ),
            (E::Refunded, "06"),
            (E::RefundDeclined { reason: reason() }, "070172"),
            (E::TurnedAway { reason: reason() }, "080172"),
        ],
    );
}

#[test]
fn events_and_rejections_of_cars() {
    use car::{Event as E, Rejection as R};
    let (order, quantity, rentable) = (Id::new(7), Quantity(2), Quantity(8));
    golden(
        encode,
        &[
            (E::Registered { name: "s".into(), count: Quantity(10) }, "0001730a"),
            (E::Renamed { name: "s".into() }, "010173"),
            (E::Restocked { registered: Quantity(10), rentable }, "020a08"),
            (E::Rented { order, quantity, rentable }, "03070208"),
            (E::Returned { order, quantity, rentable }, "04070208"),
        ],
    );
    golden(
        encode,
        &[
            (R::Unknown, "00"),
            (R::AlreadyRegistered, "01"),
            (R::BadName, "02"),
            (R::TooMany, "03"),
            (R::Short { rentable: 1 }, "0401"),
        ],
    );
}

#[test]
fn states_of_billings() {
    let billing = |phase: Phase| Billing::<Order>::from(phase);
    golden(
        encode,
        &[
            (billing(Phase::Idle), "00"),
            (billing(Phase::Paying), "01"),
            (billing(Phase::Accepting), "02"),
            (billing(Phase::Rejecting), "03"),
            (billing(Phase::Withdrawing), "04"),
            (billing(Phase::Refunding), "05"),
            (billing(Phase::Owing), "06"),
            (billing(Phase::Closing), "07"),
        ],
    );
}

#[test]
fn states_of_handovers() {
    let car = Id::new(3);
    golden(
        encode,
        &[
            (Handover::Idle, "00"),
            (Handover::Renting { car }, "0103"),
            (Handover::Confirming { car }, "0203"),
            (Handover::Refusing, "03"),
            (Handover::Returning, "04"),
        ],
    );
}
