//! The stored bytes of the insurance company.

use super::encode;
use madang::domain::{
    insurance::{
        application::Application,
        assessment::{Assessment, Open, Part},
        catalogue,
        listing::Listing,
        payment::Premium,
        product::{self, Terms},
        subscription,
        underwriting::{self, Case, Verdict},
    },
    kernel::{
        FailureKind, Id, Money, Number,
        payment::Phase,
        roster::{self, Clerks},
        simulation::golden,
    },
};

fn terms() -> Terms {
    Terms { product_name: "l".into(), premium: Money(30_000), on_sale: true }
}

fn bill() -> Premium {
    Premium { product_name: "l".into(), customer: "J".into() }
}

#[test]
fn events_of_subscriptions() {
    use subscription::Event as E;
    golden(
        encode,
        &[
            (E::Requested { product_name: "l".into(), customer: "J".into() }, "00016c014a"),
            (E::Priced { premium: Money(30_000) }, "01fb3075"),
            (E::Applied, "02"),
            (E::ReviewBegan, "03"),
            (E::Contracted, "04"),
            (E::Refused, "05"),
            (E::Cancelled, "06"),
            (E::Rejected { how: FailureKind::Unpaid, reason: "b".into() }, "07000162"),
            (E::Rejected { how: FailureKind::Refused, reason: "b".into() }, "07010162"),
            (E::Rejected { how: FailureKind::Unavailable, reason: "b".into() }, "07020162"),
            (E::Undone, "08"),
            (E::QuoteAsked { product_name: "l".into() }, "09016c"),
        ],
    );
}

#[test]
fn rejections_of_subscriptions() {
    use subscription::Rejection as R;
    golden(
        encode,
        &[
            (R::Unknown, "00"),
            (R::AlreadyRequested, "01"),
            (R::BadName, "02"),
            (R::TooLong, "03"),
            (R::IsPriced, "04"),
            (R::NotPaid, "05"),
            (R::IsPaid, "06"),
            (R::NotUnderReview, "07"),
            (R::IsContracted, "08"),
            (R::WasRefused, "09"),
            (R::IsCancelled, "0a"),
            (R::WasRejected, "0b"),
            (R::NotCancelling, "0c"),
        ],
    );
}

#[test]
fn events_of_payments() {
    use madang::domain::kernel::payment::Event as E;
    let amount = Money(30_000);
    golden(
        encode,
        &[
            (E::Requested { bill: bill(), amount }, "00016c014afb3075"),
            (E::Approved { transaction_id: None }, "0100"),
            (E::Approved { transaction_id: Some("t".into()) }, "01010174"),
            (E::Declined { reason: "r".into() }, "020172"),
            (E::Abandoned { amount, reason: "r".into() }, "03fb30750172"),
            (E::Voided, "04"),
            (E::RefundRequested { amount, transaction_id: None }, "05fb307500"),
            (E::RefundRequested { amount, transaction_id: Some("t".into()) }, "05fb3075010174"),
            (E::Refunded, "06"),
            (E::RefundDeclined { reason: "r".into() }, "070172"),
            (E::TurnedAway { reason: "r".into() }, "080172"),
        ],
    );
}

#[test]
fn events_and_rejections_of_underwritings() {
    use underwriting::{Event as E, Rejection as R};
    let case = Case { subscription: Id::new(7), underwriter: Number(77_001_520) };
    golden(
        encode,
        &[
            (E::Assigned { case }, "0007fc30f39604"),
            (E::Decided { verdict: Verdict::Approve }, "0100"),
            (E::Decided { verdict: Verdict::Refuse }, "0101"),
            (E::Approved, "02"),
            (E::Refused, "03"),
            (E::Withdrawn, "04"),
        ],
    );
    golden(
        encode,
        &[
            (R::Unknown, "00"),
            (R::AlreadyAssigned, "01"),
            (R::OtherSubscription, "02"),
            (R::NotDecided, "03"),
            (R::IsDeciding, "04"),
            (R::IsApproved, "05"),
            (R::IsRefused, "06"),
            (R::IsWithdrawn, "07"),
        ],
    );
}

#[test]
fn events_and_rejections_of_rosters() {
    use roster::{Event as E, Rejection as R};
    let clerks = Clerks::try_from(vec![Number(77_001_520), Number(7)]).unwrap();
    let (work, clerk) = (5, Number(7));
    golden(
        encode,
        &[
            (E::Staffed { clerks }, "0002fc30f3960407"),
            (E::Assigned { work, clerk }, "010507"),
            (E::Closed { work, clerk }, "020507"),
            (E::Sought { work: 1 }, "0301"),
        ],
    );
    golden(encode, &[(R::Unknown, "00")]);
}

#[test]
fn events_and_rejections_of_products() {
    use product::{Event as E, Rejection as R};
    golden(
        encode,
        &[
            (E::Drafted { terms: terms() }, "00016cfb307501"),
            (E::Published { terms: terms() }, "01016cfb307501"),
            (E::TurnedDown { reason: "b".into() }, "020162"),
        ],
    );
    golden(
        encode,
        &[
            (R::Unknown, "00"),
            (R::AlreadyRegistered, "01"),
            (R::BadName, "02"),
            (R::BadPremium, "03"),
            (R::IsDrafted, "04"),
            (R::WasTurnedDown, "05"),
            (R::NotDrafted, "06"),
            (R::TooDear, "07"),
        ],
    );
}

#[test]
fn events_and_rejections_of_the_catalogue() {
    use catalogue::{Event as E, Rejection as R};
    let (subscription, premium) = (Id::new(7), Money(30_000));
    golden(
        encode,
        &[
            (E::Entered { product: Id::new(3), terms: terms() }, "0003016cfb307501"),
            (E::Quoted { subscription, premium, product: Some(Id::new(3)) }, "0107fb30750103"),
            (E::Quoted { subscription, premium, product: None }, "0107fb307500"),
        ],
    );
    golden(encode, &[(R::NameTaken, "00"), (R::IsWithdrawn, "01"), (R::NotRegistered, "02")]);
}

#[test]
fn states_of_conversations() {
    golden(
        encode,
        &[
            (Application::Quoting(bill()), "00016c014a"),
            (Application::Money(Phase::Idle), "0100"),
            (Application::Money(Phase::Closing), "0107"),
        ],
    );
    let open = Open { underwriting: Part::Returning, roster: Part::Asked };
    golden(
        encode,
        &[
            (Assessment::Idle, "00"),
            (Assessment::Assigning, "01"),
            (Assessment::Handing, "02"),
            (Assessment::Reviewing, "03"),
            (Assessment::Deciding, "04"),
            (Assessment::Closing(open), "050100"),
        ],
    );
    golden(encode, &[(Listing::Idle, "00"), (Listing::Entering, "01"), (Listing::Answering, "02")]);
}
