//! The history of a claim as its customer reads it.

use super::claims::{approve, decline, everything_adds_up, office, receive};
use madang::domain::{
    claims::{
        claim::{self, Claim},
        examiners::Examiners,
        history::History,
        payment::{self, Payment},
        review::Review,
    },
    kernel::{
        EpochMs, Money, PortReply, Timestamp,
        roster::Workload,
        simulation::{Dice, World},
    },
};

/// The time at which a world begins.
pub(crate) const NOW: Timestamp = Timestamp(1_622_700_000_000);

/// The dates that clients give.
pub(crate) const CLAIM_DT: EpochMs = EpochMs(1_622_635_791_863);
pub(crate) const REVIEW_DT: EpochMs = EpochMs(1_622_635_799_999);
pub(crate) const PAYMENT_DT: EpochMs = EpochMs(1_622_639_541_714);

pub(crate) const fn pay() -> payment::Command {
    payment::Command::Complete { claim_id: None, payment_dt: Some(PAYMENT_DT) }
}

#[test]
fn a_paid_claim_reads_as_a_story_with_the_award_and_the_dates() {
    let mut world = office();
    world.tell::<Claim>(1, receive(500)).unwrap();
    world.tell::<Review>(1, approve(450)).unwrap();
    world.tell::<Payment>(1, pay()).unwrap();
    let story = story(&world);
    let told: Vec<_> = story.iter().map(|row| (row.what.0.as_str(), row.price)).collect();
    assert_eq!(
        told,
        [
            ("claim received", Money(500)),
            ("examiner assigned", Money(500)),
            ("claim under review", Money(500)),
            ("claim approved by the examiner", Money(450)),
            ("claim approved", Money(450)),
            ("payment ordered", Money(450)),
            ("payment made", Money(450)),
            ("claim paid", Money(450)),
        ]
    );
    let dates = |date: fn(&History) -> Option<EpochMs>| {
        story.iter().filter_map(move |row| Some((row.what.0.as_str(), date(row)?))).collect()
    };
    let expected: [Vec<_>; 3] = [
        vec![("claim received", CLAIM_DT)],
        vec![("claim approved by the examiner", REVIEW_DT)],
        vec![("payment made", PAYMENT_DT)],
    ];
    let dates: [Vec<_>; 3] =
        [dates(|row| row.claim_dt), dates(|row| row.review_dt), dates(|row| row.payment_dt)];
    assert_eq!(dates, expected);
}

#[test]
fn a_declined_claim_reads_as_a_story() {
    let mut world = office();
    world.tell::<Claim>(1, receive(500)).unwrap();
    world.tell::<Review>(1, decline()).unwrap();
    let expected = [
        "claim received",
        "examiner assigned",
        "claim under review",
        "claim declined by the examiner",
        "claim declined",
    ];
    assert_eq!(sentences(&world), expected);
    assert_eq!(story(&world)[3].review_dt, Some(NOW.into()));
}

#[test]
fn a_cancelled_claim_reads_as_a_story_without_what_goes_on_behind_it() {
    let mut world = office();
    world.tell::<Claim>(1, receive(500)).unwrap();
    world.tell::<Claim>(1, claim::Command::Cancel).unwrap();
    let expected = [
        "claim received",
        "examiner assigned",
        "claim under review",
        "review cancelled",
        "claim cancelled",
    ];
    assert_eq!(sentences(&world), expected);
}

#[test]
fn a_cancellation_that_is_refused_is_told_with_the_reason() {
    let mut world = office();
    world.outside.fail_at = Some((0, PortReply::Declined("not now".into())));
    world.tell::<Claim>(1, receive(500)).unwrap();
    world.tell::<Claim>(1, claim::Command::Cancel).unwrap();
    let refused = story(&world).pop().unwrap();
    assert_eq!(refused.what.0, "cancellation of the claim refused");
    assert_eq!(refused.reason, Some("not now".into()));
    assert_eq!(refused.status.0, "UnderReview");
}

#[test]
fn a_decision_that_overtakes_a_cancellation_says_so() {
    let decisions = [
        (approve(450), "claim approved; the cancellation came too late"),
        (decline(), "claim declined; the cancellation came too late"),
    ];
    for (decide, sentence) in decisions {
        let mut world = office();
        world.tell::<Claim>(1, receive(500)).unwrap();
        world.submit::<Review>(1, decide).unwrap();
        world.submit::<Claim>(1, claim::Command::Cancel).unwrap();
        world.settle(&mut Dice::new(3));
        assert!(sentences(&world).contains(&sentence.to_owned()), "{:?}", sentences(&world));
        everything_adds_up(&world).unwrap();
    }
}

/// The number of open reviews of the examiner 101, as the view of the examiners shows it.
pub(crate) fn open_reviews(world: &World) -> u64 {
    world
        .rows::<Workload<Examiners>>()
        .iter()
        .find(|(who, _)| *who == 101)
        .map_or(0, |(_, row)| row.open_cnt)
}

/// The rows of the only claim, the oldest first.
fn story(world: &World) -> Vec<History> {
    world.rows::<History>().into_iter().map(|(_, row)| row).collect()
}

fn sentences(world: &World) -> Vec<String> {
    story(world).into_iter().map(|row| row.what.0).collect()
}
