//! The stored bytes of course enrolment.

use super::encode;
use madang::domain::{
    education::{
        admission::Admission,
        application::{self, Application},
        enrolment,
        payment::Fee,
        seat::{self, Holder},
        seating::Seating,
        student::Student,
    },
    kernel::{
        FailureKind, Id, Money, Number,
        payment::{Billing, Phase},
        simulation::golden,
    },
};

fn student() -> Student {
    Student { user_id: "e".into(), edu_name: "M".into(), edu_id: Number(1) }
}

#[test]
fn events_and_rejections_of_applications() {
    use application::{Event as E, Rejection as R};
    golden(
        encode,
        &[
            (E::Requested { student: student(), price: Money(9) }, "000165014d0109"),
            (E::Applied, "01"),
            (E::Admitted { student: student() }, "020165014d01"),
            (E::Registered, "03"),
            (E::Completed, "04"),
            (E::CancelRequested, "05"),
            (E::Cancelled, "06"),
            (E::Rejected { how: FailureKind::Unpaid, reason: "b".into() }, "07000162"),
            (E::Undone, "08"),
            (E::SeatAsked { student: student(), price: Money(9) }, "090165014d0109"),
            (E::TurnedAway { reason: "b".into() }, "0a0162"),
            (E::Forgone, "0b"),
            (E::SeatReleased { student: student() }, "0c0165014d01"),
            (E::Vacated, "0d"),
        ],
    );
    golden(
        encode,
        &[
            (R::Unknown, "00"),
            (R::AlreadyApplied, "01"),
            (R::BadName, "02"),
            (R::NotPaid, "03"),
            (R::IsPaid, "04"),
            (R::NotAdmitted, "05"),
            (R::NotCancelling, "06"),
            (R::IsWithdrawing, "07"),
            (R::IsCompleted, "08"),
            (R::IsCancelled, "09"),
            (R::WasRejected, "0a"),
            (R::IsSeated, "0b"),
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
            (E::Requested { bill: Fee { student: student() }, amount: Money(9) }, "000165014d0109"),
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
fn events_and_rejections_of_enrolments() {
    use enrolment::{Event as E, Rejection as R};
    golden(
        encode,
        &[
            (E::Registered { student: student() }, "000165014d01"),
            (E::Completed, "01"),
            (E::Cancelled, "02"),
        ],
    );
    golden(
        encode,
        &[
            (R::Unknown, "00"),
            (R::AlreadyEnrolled, "01"),
            (R::IsCompleted, "02"),
            (R::IsCancelled, "03"),
        ],
    );
}

#[test]
fn events_and_rejections_of_seats() {
    use seat::{Event as E, Rejection as R};
    let application = Id::new(7);
    golden(
        encode,
        &[
            (E::Taken { holder: Holder { student: student(), application } }, "000165014d0107"),
            (E::Left { application }, "0107"),
        ],
    );
    golden(encode, &[(R::IsTaken { application }, "0007")]);
}

#[test]
fn states_of_tuitions_and_admissions() {
    let tuition = |phase: Phase| Billing::<Application>::from(phase);
    golden(encode, &[(tuition(Phase::Idle), "00"), (tuition(Phase::Closing), "07")]);
    golden(
        encode,
        &[
            (Admission::Idle, "00"),
            (Admission::Knocking, "01"),
            (Admission::Leaving, "02"),
            (Admission::Admitting, "03"),
            (Admission::Enrolling, "04"),
            (Admission::Registering, "05"),
            (Admission::Withdrawing, "06"),
            (Admission::Completing, "07"),
            (Admission::Cancelling, "08"),
        ],
    );
    golden(
        encode,
        &[
            (Seating::Idle, "00"),
            (Seating::Taking, "01"),
            (Seating::Placing, "02"),
            (Seating::TurningAway, "03"),
            (Seating::Leaving, "04"),
            (Seating::Vacating, "05"),
        ],
    );
}
