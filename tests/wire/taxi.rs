//! The stored bytes of the call taxi.

use super::encode;
use madang::domain::{
    kernel::{
        FailureKind, Id, Money, Quantity, Timestamp,
        payment::{Billing, Phase},
        simulation::golden,
    },
    taxi::{
        grade::Grade,
        notice::{self, Change, Letter},
        order::{self, Customer, Stage},
        payment::Fare,
        reservation::{self, Among, By, Choice},
        ride::{Hold, Part, Ride, Undo},
        taxi::{self, Model},
    },
};

fn customer() -> Customer {
    Customer { name: "J".into(), phone: "1".into() }
}

fn model() -> Model {
    let (taxi_name, company_name) = ("s".into(), "t".into());
    Model { taxi_name, company_name, item_price: Money(4_900), grade: Grade::Platinum }
}

fn letter() -> Letter {
    Letter { customer: customer(), change: Change::Paid, text: "x".into() }
}

#[test]
fn events_of_orders() {
    use order::Event as E;
    let (grade, card_no, fare) = (Grade::Prime, "2".into(), Money(5_000));
    golden(
        encode,
        &[
            (E::Called { grade, customer: customer(), card_no, fare }, "0001014a01310132fb8813"),
            (E::Paid { customer: customer(), grade }, "01014a013101"),
            (E::Confirmed { customer: customer(), taxi: Some(Id::new(3)) }, "02014a01310103"),
            (
                E::Cancelled { customer: customer(), was: Stage::Requested, reason: None },
                "03014a01310000",
            ),
            (
                E::Cancelled { customer: customer(), was: Stage::Paid, reason: None },
                "03014a01310100",
            ),
            (
                E::Cancelled {
                    customer: customer(),
                    was: Stage::Confirmed { taxi: None },
                    reason: Some("b".into()),
                },
                "03014a01310200010162",
            ),
            (
                E::Rejected { customer: customer(), how: FailureKind::Unpaid, reason: "b".into() },
                "04014a0131000162",
            ),
            (
                E::Rejected { customer: customer(), how: FailureKind::Refused, reason: "b".into() },
                "04014a0131010162",
            ),
            (
                E::Rejected {
                    customer: customer(),
                    how: FailureKind::Unavailable,
                    reason: "b".into(),
                },
                "04014a0131020162",
            ),
            (E::Undone, "05"),
            (E::Completed { customer: customer(), taxi: Some(Id::new(3)) }, "06014a01310103"),
            (E::Refunded { customer: customer(), amount: fare }, "07014a0131fb8813"),
            (E::Released, "08"),
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
            (R::AlreadyCalled, "01"),
            (R::BadName, "02"),
            (R::TooLong, "03"),
            (R::NotPaid, "04"),
            (R::IsPaid, "05"),
            (R::IsConfirmed, "06"),
            (R::IsCancelled, "07"),
            (R::WasRejected, "08"),
            (R::NotCancelling, "09"),
            (R::IsCompleted, "0a"),
            (R::NotConfirmed, "0b"),
        ],
    );
}

#[test]
fn events_of_payments() {
    use madang::domain::kernel::payment::Event as E;
    let bill = Fare { card_no: "2".into() };
    golden(
        encode,
        &[
            (E::Requested { bill: bill.clone(), amount: Money(3_800) }, "000132fbd80e"),
            (E::Approved { transaction_id: None }, "0100"),
            (E::Approved { transaction_id: Some("t".into()) }, "01010174"),
            (E::Declined { reason: "r".into() }, "020172"),
            (E::Abandoned { amount: Money(3_800), reason: "r".into() }, "03fbd80e0172"),
            (E::Voided, "04"),
            (E::RefundRequested { amount: Money(3_800), transaction_id: None }, "05fbd80e00"),
            (
                E::RefundRequested { amount: Money(3_800), transaction_id: Some("t".into()) },
                "05fbd80e010174",
            ),
            (E::Refunded, "06"),
            (E::RefundDeclined { reason: "r".into() }, "070172"),
            (E::TurnedAway { reason: "r".into() }, "080172"),
            (E::Amended { bill: bill.clone(), charged: false }, "09013200"),
            (E::Amended { bill, charged: true }, "09013201"),
        ],
    );
}

#[test]
fn rejections_of_payments() {
    use madang::domain::kernel::payment::Rejection as R;
    golden(
        encode,
        &[
            (R::Unknown, "00"),
            (R::AlreadyRequested, "01"),
            (R::AlreadyAnswered, "02"),
            (R::NothingPaid, "03"),
            (R::NoRefund, "04"),
            (R::Contradicts { reason: "r".into() }, "050172"),
            (R::IsOver, "06"),
        ],
    );
}

#[test]
fn events_of_reservations() {
    use reservation::Event as E;
    let (taxi, grade) = (Id::new(3), Grade::Platinum);
    golden(
        encode,
        &[
            (E::Accepted { confirm_by: None, grade }, "000002"),
            (E::Accepted { confirm_by: Some(Timestamp(7)), grade }, "00010702"),
            (E::TaxiSought { among: Among::InStock, grade }, "010002"),
            (E::TaxiSought { among: Among::Registered, grade }, "010102"),
            (E::TaxiChosen { taxi, choice: Choice::Dispatcher, grade }, "02030002"),
            (E::TaxiChosen { taxi, choice: Choice::Cheapest, grade }, "02030102"),
            (E::AssigningFailed { reason: "b".into() }, "030162"),
            (E::Confirmed { taxi: Some(taxi) }, "040103"),
            (E::Cancelled { by: By::Order }, "0500"),
            (E::Cancelled { by: By::Dispatcher }, "0501"),
            (E::Completed, "06"),
        ],
    );
}

#[test]
fn rejections_of_reservations() {
    use reservation::Rejection as R;
    golden(
        encode,
        &[
            (R::Unknown, "00"),
            (R::IsConfirmed, "01"),
            (R::IsAssigning, "02"),
            (R::IsCancelled, "03"),
            (R::NotWanted, "04"),
            (R::IsCompleted, "05"),
        ],
    );
}

#[test]
fn events_and_rejections_of_taxis() {
    use taxi::{Event as E, Rejection as R};
    let (reservation, stock) = (Id::new(7), Quantity(9));
    golden(
        encode,
        &[
            (E::Registered { model: model(), stock }, "0001730174fb24130209"),
            (E::Restocked { registered: Quantity(10), stock }, "010a09"),
            (E::Revised { model: model() }, "0201730174fb241302"),
            (E::Assigned { reservation, stock }, "030709"),
            (E::Released { reservation, stock }, "040709"),
        ],
    );
    golden(
        encode,
        &[
            (R::Unknown, "00"),
            (R::AlreadyRegistered, "01"),
            (R::BadName, "02"),
            (R::TooMany, "03"),
            (R::OutOfStock, "04"),
            (R::TooDear, "05"),
            (R::TooLow { grade: Grade::Basic, paid: Grade::Prime }, "060001"),
        ],
    );
}

#[test]
fn events_and_rejections_of_notices() {
    use notice::{Event as E, Rejection as R};
    let refunded = Letter { change: Change::Refunded, ..letter() };
    golden(
        encode,
        &[
            (E::Sent { letter: letter() }, "00014a0131010178"),
            (E::Sent { letter: refunded }, "00014a0131060178"),
            (E::Failed { letter: letter(), reason: "b".into() }, "01014a01310101780162"),
        ],
    );
    golden(encode, &[(R::Unknown, "00")]);
}

#[test]
fn states_of_rides() {
    let taxi = Id::new(3);
    let reservation = Part::Pending;
    golden(
        encode,
        &[
            (Ride::Idle, "00"),
            (Ride::Riding { taxi: Hold::Free }, "0100"),
            (Ride::Riding { taxi: Hold::Asked(taxi) }, "010103"),
            (Ride::Riding { taxi: Hold::Held(taxi) }, "010203"),
            (Ride::Confirming { taxi: Hold::Held(taxi) }, "020203"),
            (Ride::Undoing(Undo { reservation, taxi: Hold::Releasing(taxi) }), "03000303"),
            (Ride::Closing, "04"),
            (Ride::Completing(Undo { reservation, taxi: Hold::Releasing(taxi) }), "05000303"),
        ],
    );
}

#[test]
fn states_of_billing() {
    let billing = |phase: Phase| Billing::<order::Order>::from(phase);
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
