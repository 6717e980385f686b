//! Specifications of the application saga: conversations that a version before has begun, whose
//! premium the catalogue quotes.

use super::*;
use crate::domain::{
    insurance::{catalogue, product::Terms},
    kernel::payment::Command::Request,
};
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
    let expected = Step::wait(quoting()).send(SUBSCRIPTION, Price { premium });
    assert_eq!(quoting().react(ME, heard, &META), expected);
    let heard = Heard::Subscription(SUBSCRIPTION, Priced { premium });
    let request = Request { bill: bill(), amount: premium };
    let expected = Step::wait(Phase::Paying.into()).send(Id::<Payment>::new(7), request);
    assert_eq!(quoting().react(ME, heard, &META), expected);
}

#[test]
fn an_application_that_the_catalogue_has_rejected_fails() {
    let rejection = catalogue::Rejection::IsWithdrawn;
    let reason = rejection.to_string();
    let command = catalogue::Command::Enter { product: Id::new(1), terms: Terms::default() };
    let refused = RejectedCommand::new::<Catalogue>(Catalogue::THE, &command, rejection);
    let reject = Reject { how: FailureKind::Refused, reason };
    let expected = Step::wait(Phase::Rejecting.into()).send(SUBSCRIPTION, reject);
    assert_eq!(quoting().on_rejected(ME, &refused), expected);
}

#[test]
fn a_state_of_a_version_before_is_read_as_the_phase_of_its_money() {
    let settling = |subscription, payment| {
        let open =
            json!({ "subscription": subscription, "catalogue": "Asked", "payment": payment });
        json!({ "Settling": open })
    };
    for (mut stored, today) in [
        (json!("Idle"), Phase::Idle.into()),
        (json!("Paying"), Phase::Paying.into()),
        (json!("Paid"), Phase::Idle.into()),
        (settling("Returning", "Asked"), Phase::Withdrawing.into()),
        (settling("Returning", "Returning"), Phase::Refunding.into()),
        (settling("Returning", "Settled"), Phase::Closing.into()),
        (settling("Settled", "Settled"), Phase::Idle.into()),
        (json!({ "Quoting": bill() }), quoting()),
    ] {
        Application::upcasters().apply("Application", &mut stored);
        assert_eq!(serde_json::from_value::<Application>(stored).unwrap(), today);
    }
}

fn quoting() -> Application {
    Application::Quoting(bill())
}

fn bill() -> Premium {
    Premium { product_name: "life".into(), customer: "Jung".into() }
}
