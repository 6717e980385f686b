//! Planted bugs of the school.

use super::{super::education, is_noticed};
use madang::domain::{
    education::{
        admission::{Admission, Heard},
        application::{self, Application, Command::Close, Tuition},
        enrolment::{self, Enrolment},
        payment::{CardPayment, Fee},
    },
    kernel::{
        Dispatch, Id, Meta, NextState, Port, PortReply, Saga, Step,
        payment::{self, Phase},
    },
};

#[test]
fn a_student_who_is_enrolled_before_the_admission_is_noticed() {
    /// The enrolment does not wait for the admission.
    fn react(state: Admission, me: Id<Admission>, heard: Heard, meta: &Meta) -> Step<Admission> {
        match (state, &heard) {
            (Admission::Idle, Heard::Application(_, application::Event::Applied)) => {
                let student = education::student("MSA");
                Step::wait(Admission::Enrolling)
                    .send(me.of::<Enrolment>(), enrolment::Command::Enrol { student })
            }
            _ => state.react(me, heard, meta),
        }
    }
    is_noticed(&education::worlds(|_| {
        let mut world = education::school();
        world.plant_react(react);
        world
    }));
}

#[test]
fn a_completed_course_that_the_application_does_not_learn_of_is_noticed() {
    /// The completion has no further effect.
    fn react(state: Admission, me: Id<Admission>, heard: Heard, meta: &Meta) -> Step<Admission> {
        match (state, &heard) {
            (Admission::Idle, Heard::Enrolment(_, enrolment::Event::Completed)) => Step::done(),
            _ => state.react(me, heard, meta),
        }
    }
    is_noticed(&education::worlds(|_| {
        let mut world = education::school();
        world.plant_react(react);
        world
    }));
}

#[test]
fn a_cancelled_course_whose_fee_is_kept_is_noticed() {
    /// A cancelled application is closed without a refund.
    fn react(
        state: Tuition,
        me: Id<Tuition>,
        heard: <Tuition as Saga>::Events,
        meta: &Meta,
    ) -> Step<Tuition> {
        let step = state.react(me, heard, meta);
        match &step.next {
            NextState::Wait(next) if *next == Phase::Refunding.into() => {
                Step::wait(Phase::Closing.into()).send(me.of::<Application>(), Close)
            }
            _ => step,
        }
    }
    is_noticed(&education::worlds(|_| {
        let mut world = education::school();
        world.plant_react(react);
        world
    }));
}

#[test]
fn a_refund_that_counts_as_made_although_it_was_declined_is_noticed() {
    /// Each answer to a refund counts as an approval.
    fn on_reply(heard: &<CardPayment as Port>::Events, meta: &Meta, reply: &PortReply) -> Dispatch {
        match (heard, reply) {
            ((payment, payment::Event::RefundRequested { .. }), PortReply::Declined(_)) => {
                let command: payment::Command<Fee> = payment::Command::ConfirmRefund;
                Dispatch::new(*payment, command)
            }
            _ => CardPayment::on_reply(heard, meta, reply),
        }
    }
    is_noticed(&education::worlds(|_| {
        let mut world = education::school();
        world.plant_on_reply::<CardPayment>(on_reply);
        world
    }));
}
