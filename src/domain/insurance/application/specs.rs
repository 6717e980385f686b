//! Specifications of the application saga: conversations that a version before has begun, whose
//! premium the catalogue quotes.

use super::*;
use crate::domain::insurance::product::Terms;
use catalogue::Event::Quoted;

const ME: Id<Application> = Id::new(7);
const SUBSCRIPTION: Id<Subscription> = Id::new(7);
const META: Meta = Meta { position: 9, version: 9, time: Timestamp(0), correlation: 7 };

#[test]
fn an_application_that_the_catalogue_has_quoted_is_paid() {
    let premium = Money(30);
    let quoted = Quoted { subscription: SUBSCRIPTION, premium, product: None };
    let heard = Heard::Catalogue(Catalogue::THE, quoted);
    assert_eq!(Application::route(&heard), Some(7));
    let expected = Step::wait(Paying)
        .send(SUBSCRIPTION, Price { premium })
        .send(Id::<Payment>::new(7), Request { bill: bill(), amount: premium });
    assert_eq!(Quoting(bill()).react(ME, heard, &META), expected);
}

#[test]
fn an_application_that_the_catalogue_has_rejected_fails() {
    let rejection = catalogue::Rejection::IsWithdrawn;
    let reason = rejection.to_string();
    let command = catalogue::Command::Enter { product: Id::new(1), terms: Terms::default() };
    let refused = RejectedCommand::new::<Catalogue>(Catalogue::THE, &command, rejection);
    let reject = Reject { how: FailureKind::Refused, reason };
    let expected = Step::wait(Rejecting).send(SUBSCRIPTION, reject);
    assert_eq!(Quoting(bill()).on_rejected(ME, &refused), expected);
}

fn bill() -> Premium {
    Premium { product_name: "life".into(), customer: "Jung".into() }
}
