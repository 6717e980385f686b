//! The stored bytes of the claims office.

use super::encode;
use madang::domain::{
    claims::{
        cancellation::Cancellation,
        claim::{self, Award, CancelTimeLimit, Demand},
        examination::Examination,
        payment,
        payout::Payout,
        review::{self, File},
    },
    kernel::{
        EpochMs, FailureKind, Money, Number, Timestamp,
        deed::{Deed, Refusal},
        roster::{self, Clerks},
        simulation::golden,
        time_limit::Phase,
    },
};

const DEMAND: Demand = Demand { customer_id: Number(6), price: Money(500), claim_dt: EpochMs(7) };
const AWARD: Award = Award { cont_id: Number(9), price: Money(450) };
const FILE: File = File {
    claim_id: Number(1),
    customer_id: Number(6),
    examiner_id: Number(101),
    price: Money(500),
    cont_id: None,
};

fn refusal(how: FailureKind) -> Refusal {
    Refusal { how, reason: "b".into() }
}

#[test]
fn events_of_claims() {
    use claim::{Event as E, Stage};
    let (demand, award, attempt) = (DEMAND, AWARD, 2);
    let (received, under_review) = (Stage::Received, Stage::UnderReview);
    golden(
        encode,
        &[
            (E::Received { demand }, "0006fbf40107"),
            (E::ReviewStarted { demand, cancelling: None }, "0106fbf4010700"),
            (E::ReviewStarted { demand, cancelling: Some(2) }, "0106fbf401070102"),
            (
                E::CancelAsked { demand, attempt, stage: received, answer_by: None },
                "0206fbf40107020000",
            ),
            (
                E::CancelAsked {
                    demand,
                    attempt,
                    stage: under_review,
                    answer_by: Some(Timestamp(8)),
                },
                "0206fbf4010702010108",
            ),
            (E::CancelAgreed { demand, attempt }, "0306fbf4010702"),
            (
                E::CancelRefused {
                    demand,
                    attempt,
                    stage: under_review,
                    refusal: refusal(FailureKind::Unavailable),
                },
                "0406fbf401070201020162",
            ),
            (
                E::CancelRefused {
                    demand,
                    attempt,
                    stage: received,
                    refusal: refusal(FailureKind::Refused),
                },
                "0406fbf401070200010162",
            ),
            (E::Cancelled { demand }, "0506fbf40107"),
            (E::Approved { demand, award, overtook_cancel: true }, "0606fbf4010709fbc20101"),
            (E::Declined { demand, overtook_cancel: false }, "0706fbf4010700"),
            (E::Paid { demand, award }, "0806fbf4010709fbc201"),
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
            (R::TooDear, "09"),
            (R::BadDate, "0a"),
        ],
    );
}

#[test]
fn events_of_reviews() {
    use review::Event as E;
    let (file, attempt) = (FILE, 2);
    let approved = File { cont_id: Some(Number(9)), ..FILE };
    let release = |deed| E::ReleaseChanged { file, deed };
    let refusal = refusal(FailureKind::Unavailable);
    golden(
        encode,
        &[
            (E::Assigned { file }, "00010665fbf40100"),
            (E::Approved { file: approved, review_dt: Some(EpochMs(8)) }, "01010665fbf40101090108"),
            (E::Declined { file, review_dt: None }, "02010665fbf4010000"),
            (E::Cancelled { file }, "03010665fbf40100"),
            (release(Deed::Asked(attempt)), "04010665fbf401000102"),
            (release(Deed::Done(attempt)), "04010665fbf401000202"),
            (release(Deed::Failed(attempt, refusal)), "04010665fbf401000302020162"),
            (release(Deed::Withdrawn(attempt)), "04010665fbf401000402"),
            (release(Deed::TakingBack(attempt)), "04010665fbf401000502"),
            (release(Deed::TakenBack(attempt)), "04010665fbf401000602"),
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
            (R::AboveClaim { claimed: Money(7), price: Money(9) }, "0a0709"),
            (R::BadDate, "0b"),
        ],
    );
}

#[test]
fn events_and_rejections_of_payments() {
    use payment::{Event as E, Rejection as R};
    let (claim_id, customer_id) = (Number(1), Number(6));
    let payout = payment::Payout { claim_id, customer_id, cont_id: Number(9), price: Money(450) };
    golden(
        encode,
        &[
            (E::Assigned { payout }, "00010609fbc201"),
            (E::Completed { payout, payment_dt: Some(EpochMs(8)) }, "01010609fbc2010108"),
        ],
    );
    golden(encode, &[(R::Unknown, "00"), (R::OtherClaim, "01"), (R::BadDate, "02")]);
}

#[test]
fn events_and_rejections_of_rosters() {
    use roster::{Event as E, Rejection as R};
    let clerk = Number(101);
    golden(
        encode,
        &[
            (E::Staffed { clerks: Clerks::one(101) }, "000165"),
            (E::Assigned { work: 1, clerk }, "010165"),
            (E::Closed { work: 1, clerk }, "020165"),
            (E::Sought { work: 1 }, "0301"),
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
            (Examination::Seeking { demand: DEMAND }, "0106fbf40107"),
            (Examination::Assigning, "02"),
            (Examination::Examining, "03"),
            (Examination::Closing, "04"),
        ],
    );
    golden(
        encode,
        &[
            (CancelTimeLimit::from(Phase::Idle), "00"),
            (Phase::Waiting { attempt: 2 }.into(), "0102"),
            (Phase::GivingUp.into(), "02"),
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
