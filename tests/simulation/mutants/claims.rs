//! Planted bugs of the claims office.

use super::{super::claims, is_noticed};
use madang::domain::{
    claims::{
        cancellation::{self, Cancellation},
        claim::{self, CancelTimeLimit, Claim, Command::Pay},
        desk::ReviewDesk,
        examination::{self, Examination},
        payment,
        payout::{self, Payout},
        review::{self, Review},
    },
    kernel::{Dispatch, Id, Meta, Port, PortReply, Saga, Step, deed::Deed},
};

#[test]
fn a_review_that_is_cancelled_before_the_claim_agrees_is_noticed() {
    /// The review is cancelled as soon as the desk has released it.
    fn react(
        state: Cancellation,
        me: Id<Cancellation>,
        heard: cancellation::Heard,
        meta: &Meta,
    ) -> Step<Cancellation> {
        match (&state, &heard) {
            (
                Cancellation::Releasing { attempt },
                cancellation::Heard::Review(
                    _,
                    review::Event::ReleaseChanged { deed: Deed::Done(_), .. },
                ),
            ) => {
                let attempt = *attempt;
                Step::wait(Cancellation::Closing)
                    .send(me.of::<Review>(), review::Command::Cancel { attempt })
                    .send(me.of::<Claim>(), claim::Command::Agree { attempt })
            }
            _ => state.react(me, heard, meta),
        }
    }
    is_noticed(&claims::worlds(|dice| {
        let mut world = claims::some_office(dice);
        world.plant_react(react);
        world
    }));
}

#[test]
fn a_time_limit_that_outlives_its_cancellation_is_noticed() {
    /// The limit does not end when the claim agrees.
    fn react(
        state: CancelTimeLimit,
        me: Id<CancelTimeLimit>,
        heard: <CancelTimeLimit as Saga>::Events,
        meta: &Meta,
    ) -> Step<CancelTimeLimit> {
        match heard.1 {
            claim::Event::CancelAgreed { .. } => Step::wait(state),
            _ => state.react(me, heard, meta),
        }
    }
    is_noticed(&claims::worlds(|dice| {
        let mut world = claims::some_office(dice);
        world.plant_react(react);
        world
    }));
}

#[test]
fn a_decided_claim_that_stays_with_its_examiner_is_noticed() {
    /// The examiner's work is not closed.
    fn react(
        state: Examination,
        me: Id<Examination>,
        heard: examination::Heard,
        meta: &Meta,
    ) -> Step<Examination> {
        let mut step = state.react(me, heard, meta);
        if step.next == Step::wait(Examination::Closing).next && !step.dispatches.is_empty() {
            step.dispatches.retain(|dispatch| dispatch.command_name() != "Close");
            return Step { next: Step::done().next, ..step };
        }
        step
    }
    is_noticed(&claims::worlds(|dice| {
        let mut world = claims::some_office(dice);
        world.plant_react(react);
        world
    }));
}

#[test]
fn a_claim_that_is_paid_before_the_clerk_has_paid_is_noticed() {
    /// The claim counts as paid as soon as the clerk has it.
    fn react(state: Payout, me: Id<Payout>, heard: payout::Heard, meta: &Meta) -> Step<Payout> {
        match &heard {
            payout::Heard::Payment(_, payment::Event::Assigned { .. }) => {
                Step::wait(Payout::Settling).send(me.of::<Claim>(), Pay)
            }
            _ => state.react(me, heard, meta),
        }
    }
    is_noticed(&claims::worlds(|dice| {
        let mut world = claims::some_office(dice);
        world.plant_react(react);
        world
    }));
}

#[test]
fn a_release_without_an_answer_that_is_not_taken_back_is_noticed() {
    /// A desk that does not answer counts as one that declined.
    fn on_reply(heard: &<ReviewDesk as Port>::Events, meta: &Meta, reply: &PortReply) -> Dispatch {
        let reply = match (&heard.1, reply) {
            (
                review::Event::ReleaseChanged { deed: Deed::Asked(_), .. },
                PortReply::Unreachable(reason),
            ) => &PortReply::Declined(reason.clone()),
            _ => reply,
        };
        ReviewDesk::on_reply(heard, meta, reply)
    }
    is_noticed(&claims::worlds(|dice| {
        let mut world = claims::some_office(dice);
        world.plant_on_reply::<ReviewDesk>(on_reply);
        world
    }));
}
