//! What the claims office has written.

use super::encode;
use madang::domain::{
    claims::{
        cancellation::Cancellation,
        claim::{self, Award, Demand, Refusal},
        examination::Examination,
        patience::Patience,
        payment,
        payout::Payout,
        review::{self, File},
    },
    kernel::{
        Fall, Money, Number, Timestamp,
        roster::{self, Clerks},
        simulation::golden,
    },
};

const DEMAND: Demand = Demand { customer_id: Number(6), price: Money(500), claim_dt: Timestamp(7) };
const AWARD: Award = Award { cont_id: Number(9), price: Money(450) };
const FILE: File = File {
    claim_id: Number(1),
    customer_id: Number(6),
    examiner_id: Number(101),
    price: Money(500),
    cont_id: None,
};

fn refusal(how: Fall) -> Refusal {
    Refusal { how, because: "b".into() }
}

#[test]
fn events_of_claims() {
    use claim::{Event as E, Stage};
    let (demand, award, attempt) = (DEMAND, AWARD, 2);
    let (received, under_review) = (Stage::Received, Stage::UnderReview);
    golden(
        encode,
        &[
            (E::Received { demand }, ""),
            (E::ReviewStarted { demand, cancelling: None }, ""),
            (E::ReviewStarted { demand, cancelling: Some(2) }, ""),
            (E::CancelAsked { demand, attempt, stage: received, answer_by: None }, ""),
            (
                E::CancelAsked {
                    demand,
                    attempt,
                    stage: under_review,
                    answer_by: Some(Timestamp(8)),
                },
                "",
            ),
            (E::CancelAgreed { demand, attempt }, ""),
            (
                E::CancelRefused {
                    demand,
                    attempt,
                    stage: under_review,
                    refusal: refusal(Fall::Unavailable),
                },
                "",
            ),
            (
                E::CancelRefused {
                    demand,
                    attempt,
                    stage: received,
                    refusal: refusal(Fall::Refused),
                },
                "",
            ),
            (E::Cancelled { demand }, ""),
            (E::Approved { demand, award, overtook_cancel: true }, ""),
            (E::Declined { demand, overtook_cancel: false }, ""),
            (E::Paid { demand, award }, ""),
        ],
    );
}

#[test]
fn rejections_of_claims() {
    use claim::Rejection as R;
    golden(
        encode,
        &[
            (R::Unknown, "00"),
            (R::AlreadyReceived, "01"),
            (R::NoPrice, "02"),
            (R::NotUnderReview, "03"),
            (R::IsApproved, "04"),
            (R::IsDeclined, "05"),
            (R::IsPaid, "06"),
            (R::IsCancelled, "07"),
            (R::NotCancelling, "08"),
        ],
    );
}

#[test]
fn events_of_reviews() {
    use review::{Event as E, Stage};
    let (file, attempt) = (FILE, 2);
    let approved = File { cont_id: Some(Number(9)), ..FILE };
    golden(
        encode,
        &[
            (E::Assigned { file }, ""),
            (E::ReleaseAsked { file, attempt }, ""),
            (E::Released { file, attempt }, ""),
            (E::ReleaseRefused { file, attempt, refusal: refusal(Fall::Unavailable) }, ""),
            (E::ReleaseWithdrawn { file, attempt }, ""),
            (E::RetainAsked { file, attempt, stage: Stage::Assigned }, ""),
            (E::RetainAsked { file: approved, attempt, stage: Stage::Approved }, ""),
            (E::Retained { file, attempt, stage: Stage::Declined }, ""),
            (E::Approved { file: approved }, ""),
            (E::Declined { file }, ""),
            (E::Cancelled { file }, ""),
        ],
    );
}

#[test]
fn rejections_of_reviews() {
    use review::Rejection as R;
    golden(
        encode,
        &[
            (R::Unknown, "00"),
            (R::OtherClaim, "01"),
            (R::NoPrice, "02"),
            (R::IsApproved, "03"),
            (R::IsDeclined, "04"),
            (R::IsCancelled, "05"),
            (R::IsBeingCancelled, "06"),
            (R::DeskIsBusy, "07"),
            (R::NotReleased, "08"),
            (R::AlreadyAnswered, "09"),
        ],
    );
}

#[test]
fn events_and_rejections_of_payments() {
    use payment::{Event as E, Rejection as R};
    let (claim_id, customer_id) = (Number(1), Number(6));
    let payout = payment::Payout { claim_id, customer_id, cont_id: Number(9), price: Money(450) };
    golden(encode, &[(E::Assigned { payout }, ""), (E::Completed { payout }, "")]);
    golden(encode, &[(R::Unknown, "00"), (R::OtherClaim, "01")]);
}

#[test]
fn events_and_rejections_of_rosters() {
    use roster::{Event as E, Rejection as R};
    let clerk = Number(101);
    golden(
        encode,
        &[
            (E::Staffed { clerks: Clerks::one(101) }, ""),
            (E::Assigned { work: 1, clerk }, ""),
            (E::Closed { work: 1, clerk }, ""),
        ],
    );
    golden(encode, &[(R::Unknown, "00")]);
}

#[test]
fn states_of_sagas() {
    golden(
        encode,
        &[
            (Cancellation::Idle, "00"),
            (Cancellation::Waiting, "01"),
            (Cancellation::Releasing { attempt: 2 }, "0202"),
            (Cancellation::Agreeing { attempt: 2 }, "0302"),
            (Cancellation::Closing, "04"),
            (Cancellation::Finishing, "05"),
            (Cancellation::Refusing, "06"),
            (Cancellation::Keeping { again: None }, "0700"),
            (Cancellation::Keeping { again: Some(2) }, "070102"),
        ],
    );
    golden(
        encode,
        &[
            (Examination::Idle, "00"),
            (Examination::Seeking { demand: DEMAND }, ""),
            (Examination::Assigning, "02"),
            (Examination::Examining, "03"),
            (Examination::Closing, "04"),
        ],
    );
    golden(
        encode,
        &[
            (Patience::Idle, "00"),
            (Patience::Waiting { attempt: 2 }, "0102"),
            (Patience::GivingUp, "02"),
        ],
    );
    golden(
        encode,
        &[
            (Payout::Idle, "00"),
            (Payout::Asking, "01"),
            (Payout::Due, "02"),
            (Payout::Settling, "03"),
        ],
    );
}
