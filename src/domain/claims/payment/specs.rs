//! Specifications of the payment aggregate.

use super::{
    Command::{Assign, Complete},
    Event::{Assigned, Completed},
    Payment, Payout, Rejection,
};
use crate::domain::kernel::{
    Aggregate, Malformed, Money, Number, ParsedCommand,
    spec::{Spec, table},
};

#[test]
fn every_state_answers_every_command() {
    let payout = payout();
    let assigned = vec![Assigned { payout }];
    let completed = vec![Assigned { payout }, Completed { payout }];
    let pasts = [("Blank", vec![]), ("Assigned", assigned), ("Completed", completed)];
    let complete = |claim: Option<u64>| Complete { claim: claim.map(Number) };
    table::<Payment>(
        &pasts,
        &[Assign { payout }, complete(None), complete(Some(1)), complete(Some(2))],
        "
        past      Assign   Complete  Complete  Complete
        Blank     Assigned !Unknown  !Unknown  !Unknown
        Assigned  -        Completed Completed !OtherClaim
        Completed -        -         -         !OtherClaim
        ",
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
fn requests_of_the_original_clients_are_parsed() {
    let body = r#"{"claimId":1,"customerId":1,"contId":80001,"price":450,
        "status":"Completed Payment","paymentDt":1622639541714}"#;
    assert_eq!(parse(body).unwrap().command, Complete { claim: Some(Number(1)) });
    assert!(parse(r#"{"status":"Canceled Claim"}"#).is_err());
    assert!(parse(r#"{"status":"Completed Payment","x":1}"#).is_err());
}

fn parse(body: &str) -> Result<ParsedCommand<Payment>, Malformed> {
    let command_routes = Payment::command_routes().into_routes();
    let command_route = command_routes
        .iter()
        .find(|command_route| command_route.name == "complete by status")
        .unwrap();
    command_route.parse(Some(1), body.as_bytes())
}

const fn payout() -> Payout {
    let (claim_id, customer_id) = (Number(1), Number(6));
    Payout { claim_id, customer_id, cont_id: Number(80_001), price: Money(450) }
}
