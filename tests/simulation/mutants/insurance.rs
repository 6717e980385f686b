//! Planted bugs of the insurance company.

use super::{super::insurance, is_noticed};
use madang::domain::{
    insurance::{
        application::{Application, Heard},
        assessment::Assessment,
        catalogue::Event::Entered,
        listing::{self, Listing},
        payment::{Payment, PremiumPayment},
        product::{Command::TurnDown, Product},
        subscription,
    },
    kernel::{
        Dispatch, Id, Meta, Port, PortReply, Saga, Step,
        payment::{Command::Decline, Phase},
    },
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
            (
                Application::Money(Phase::Idle),
                Heard::Subscription(_, subscription::Event::Refused),
            ) => Step::done(),
            _ => state.react(me, heard, meta),
        }
    }
    is_noticed(&insurance::worlds(|dice| {
        let mut world = insurance::some_company(dice);
        world.plant_react(react);
        world
    }));
}

#[test]
fn an_application_whose_work_stays_with_its_underwriter_is_noticed() {
    /// The work is not closed in the roster.
    fn react(
        state: Assessment,
        me: Id<Assessment>,
        heard: <Assessment as Saga>::Events,
        meta: &Meta,
    ) -> Step<Assessment> {
        let mut step = state.react(me, heard, meta);
        let before = step.dispatches.len();
        step.dispatches.retain(|dispatch| dispatch.command_name() != "Close");
        if step.dispatches.len() < before { Step { next: Step::done().next, ..step } } else { step }
    }
    is_noticed(&insurance::worlds(|dice| {
        let mut world = insurance::some_company(dice);
        world.plant_react(react);
        world
    }));
}

#[test]
fn a_product_that_is_sold_although_it_was_turned_down_is_noticed() {
    /// The product is told that the catalogue refused the draft that it has entered.
    fn react(state: Listing, me: Id<Listing>, heard: listing::Heard, meta: &Meta) -> Step<Listing> {
        match (state, &heard) {
            (Listing::Entering, listing::Heard::Catalogue(_, Entered { .. })) => {
                Step::wait(Listing::Answering)
                    .send(me.of::<Product>(), TurnDown { reason: "no".into() })
            }
            _ => state.react(me, heard, meta),
        }
    }
    is_noticed(&insurance::worlds(|dice| {
        let mut world = insurance::some_company(dice);
        world.plant_react(react);
        world
    }));
}

#[test]
fn a_premium_charged_without_an_answer_that_is_not_returned_is_noticed() {
    /// A service that does not answer counts as one that declined.
    fn on_reply(
        heard: &<PremiumPayment as Port>::Events,
        meta: &Meta,
        reply: &PortReply,
    ) -> Dispatch {
        match reply {
            PortReply::Unreachable(reason) => {
                Dispatch::new::<Payment>(heard.0, Decline { reason: reason.clone() })
            }
            reply => PremiumPayment::on_reply(heard, meta, reply),
        }
    }
    is_noticed(&insurance::worlds(|dice| {
        let mut world = insurance::some_company(dice);
        world.plant_on_reply::<PremiumPayment>(on_reply);
        world
    }));
}
