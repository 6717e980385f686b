//! Specifications of the payment aggregate.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

#[test]
fn every_state_answers_every_command() {
    let assigned = vec![Assigned { payout: PAYOUT }];
    let completed =
        vec![Assigned { payout: PAYOUT }, Completed { payout: PAYOUT, payment_dt: None }];
    let complete = |claim: Option<u64>| Complete { claim_id: claim.map(Number), payment_dt: None };
    table::<Payment>(
        &[("Blank", vec![]), ("Assigned", assigned), ("Completed", completed)],
        &[Assign { payout: PAYOUT }, complete(None), complete(Some(1)), complete(Some(2))],
        "
        past      Assign   Complete  Complete  Complete
        Blank     Assigned !Unknown  !Unknown  !Unknown
        Assigned  -        Completed Completed !OtherClaim
        Completed -        -         -         !OtherClaim
        ",
    );
}

#[test]
fn a_clerk_pays_what_was_assigned_and_says_when() {
    let (date, now) = (EpochMs(1_622_639_541_714), Timestamp(1_622_639_600_000));
    let assigned = || Payment::given([Assigned { payout: PAYOUT }]).at(now);
    let complete = |payment_dt| Complete { claim_id: None, payment_dt };
    for (given, expected) in [(Some(date), date), (None, now.into())] {
        let payment_dt = Some(expected);
        assigned().when(complete(given)).then([Completed { payout: PAYOUT, payment_dt }]);
    }
    for absurd in [0, 1_622_639_541, now.after_ms(86_400_001).0] {
        assigned().when(complete(Some(EpochMs(absurd)))).rejected(Rejection::BadDate);
    }
}

#[test]
fn requests_of_the_original_clients_are_parsed() {
    let set = |body| Payment::read("complete by status", body);
    let body = r#"{"claimId":1,"customerId":1,"contId":80001,"price":450,
        "status":"Completed Payment","paymentDt":1622639541714}"#;
    let payment_dt = Some(EpochMs(1_622_639_541_714));
    assert_eq!(set(body), Ok(Complete { claim_id: Some(Number(1)), payment_dt }));
    assert!(set(r#"{"status":"Canceled Claim"}"#).is_err());
    assert!(set(r#"{"status":"Completed Payment","x":1}"#).is_err());
}

const PAYOUT: Payout = Payout {
    claim_id: Number(1),
    customer_id: Number(6),
    cont_id: Number(80_001),
    price: Money(450),
};
