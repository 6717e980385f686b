//! Planted bugs of the insurance company.

use super::{super::insurance, Business};
use madang::domain::{
    insurance::{
        application::{Application, Heard},
        subscription,
    },
    kernel::{Id, Meta, Saga, Step},
};

const INSURANCE: Business = Business {
    begin: insurance::some_company,
    people: insurance::people,
    invariants: insurance::everything_adds_up,
};

#[test]
fn a_refused_application_whose_premium_is_kept_is_noticed() {
    /// A refusal has no further effect.
    fn react(
        state: Application,
        me: Id<Application>,
        heard: Heard,
        meta: &Meta,
    ) -> Step<Application> {
        match (&state, &heard) {
            (Application::Paid, Heard::Subscription(_, subscription::Event::Refused)) => {
                Step::done()
            }
            _ => state.react(me, heard, meta),
        }
    }
    INSURANCE.is_noticed(|dice| {
        let mut world = insurance::some_company(dice);
        world.plant_react(react);
        world
    });
}
