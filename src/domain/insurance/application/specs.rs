//! Specifications of the application saga: conversations that a version before has begun, whose
//! premium the catalogue quotes.

use super::{
    Application::{self, Paying, Quoting, Rejecting},
    Heard,
};
use crate::domain::insurance::{
    catalogue::{self, Catalogue, Event::Quoted},
    payment::{Payment, Premium},
    product::Terms,
    subscription::{
        Command::{Price, Reject},
        Subscription,
    },
};
use crate::domain::kernel::{
    FailureKind, Id, Meta, Money, RejectedCommand, Saga, Step, Timestamp, payment::Command::Request,
};

const ME: Id<Application> = Id::new(7);

#[test]
fn an_application_that_the_catalogue_has_quoted_is_paid() {
    let quoted = Quoted { subscription: Id::new(7), premium: Money(30), product: None };
    let heard = Heard::Catalogue(Catalogue::THE, quoted);
    assert_eq!(Application::route(&heard), Some(7));
    let expected = Step::wait(Paying)
        .send(Id::<Subscription>::new(7), Price { premium: Money(30) })
        .send(Id::<Payment>::new(7), Request { bill: bill(), amount: Money(30) });
    assert_eq!(Quoting(bill()).react(ME, heard, &meta()), expected);
}

#[test]
fn an_application_that_the_catalogue_has_rejected_fails() {
    let rejection = catalogue::Rejection::IsWithdrawn;
    let reason = rejection.to_string();
    let command = catalogue::Command::Enter { product: Id::new(1), terms: Terms::default() };
    let refused = RejectedCommand::new::<Catalogue>(Catalogue::THE, &command, rejection);
    let reject = Reject { how: FailureKind::Refused, reason };
    let expected = Step::wait(Rejecting).send(Id::<Subscription>::new(7), reject);
    assert_eq!(Quoting(bill()).on_rejected(ME, &refused), expected);
}

fn bill() -> Premium {
    Premium { product_name: "life".into(), customer: "Jung".into() }
}

const fn meta() -> Meta {
    Meta { position: 9, version: 9, time: Timestamp(0), correlation: 7 }
}
