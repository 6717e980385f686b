//! What is promised of a payment.

use super::{
    Command::{Assign, Complete},
    Event::{Assigned, Completed},
    Payment, Payout, Rejection,
};
use crate::domain::kernel::{
    Aggregate, Malformed, Money, Number, Said,
    spec::{Spec, table_by_answer},
};

#[test]
fn every_state_answers_every_command() {
    let payout = payout();
    let assigned = vec![Assigned { payout }];
    let completed = vec![Assigned { payout }, Completed { payout }];
    let pasts = [("Blank", vec![]), ("Assigned", assigned), ("Completed", completed)];
    let complete = |claim: Option<u64>| Complete { claim: claim.map(Number) };
    let commands = [
        ("assign", Assign { payout }),
        ("complete", complete(None)),
        ("complete for 1", complete(Some(1))),
        ("complete for 2", complete(Some(2))),
    ];
    let table = table_by_answer::<Payment>(&pasts, &commands);
    assert_eq!(
        table,
        "\
Blank
  Assigned: assign
  !Unknown: complete, complete for 1, complete for 2
Assigned
  already so: assign
  Completed: complete, complete for 1
  !OtherClaim: complete for 2
Completed
  already so: assign, complete, complete for 1
  !OtherClaim: complete for 2
"
    );
}

#[test]
fn a_clerk_pays_what_was_assigned() {
    let payout = payout();
    let past = [Assigned { payout }];
    Payment::given(past).when(Complete { claim: None }).then([Completed { payout }]);
    Payment::given([]).when(Complete { claim: None }).rejected(Rejection::Unknown);
}

#[test]
fn clients_of_the_original_are_understood() {
    let body = r#"{"claimId":1,"customerId":1,"contId":80001,"price":450,
        "status":"Completed Payment","paymentDt":1622639541714}"#;
    assert_eq!(say(body).unwrap().command, Complete { claim: Some(Number(1)) });
    assert!(say(r#"{"status":"Canceled Claim"}"#).is_err());
    assert!(say(r#"{"status":"Completed Payment","x":1}"#).is_err());
}

fn say(body: &str) -> Result<Said<Payment>, Malformed> {
    let sayings = Payment::vocabulary().into_sayings();
    let saying = sayings.iter().find(|saying| saying.name == "complete by status").unwrap();
    saying.parse(Some(1), body.as_bytes())
}

const fn payout() -> Payout {
    let (claim_id, customer_id) = (Number(1), Number(6));
    Payout { claim_id, customer_id, cont_id: Number(80_001), price: Money(450) }
}
