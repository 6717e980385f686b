//! A hundred thousand simulated claims offices: customers change their minds, the desk answers late
//! or never, and components are down for a while. No claim is ever half cancelled, and only
//! approved amounts are paid.

mod people;

use super::{
    claim_history::{CLAIM_DT, NOW, PAYMENT_DT, REVIEW_DT, open_reviews, pay},
    ensure, explore, shown, unreachable, with_declining_services,
};
use madang::domain::{
    claims::{
        Claims,
        claim::{self, Claim},
        claim_view::ClaimView,
        history::{Heard, History},
        payment::Payment,
        review::{self, Review},
        settings::Settings,
    },
    kernel::{
        Aggregate as _, FailureKind, Id, Money, Number, PortReply, Progress,
        deed::Deed,
        simulation::{
            Dice, Payload, RandomWorlds, World, crash_at_each_record, fail_each_step,
            repeat_each_step,
        },
    },
};
pub(crate) use people::{people, some_office};
use std::collections::BTreeMap;

#[test]
fn whatever_happens_no_claim_is_half_cancelled() {
    explore(&worlds(some_office), unreachable::CLAIMS);
}

#[test]
fn a_claim_survives_every_failure_of_the_desk() {
    fail_each_step(office, paid_claim, everything_adds_up);
    fail_each_step(office, cancelled_claim, everything_adds_up);
    fail_each_step(office, claim_given_up, everything_adds_up);
}

#[test]
fn a_claim_survives_every_command_submitted_twice() {
    repeat_each_step(office, paid_claim, everything_adds_up);
    repeat_each_step(office, cancelled_claim, everything_adds_up);
    repeat_each_step(office, claim_given_up, everything_adds_up);
}

#[test]
fn a_claim_survives_a_crash_after_every_record() {
    crash_at_each_record(office, paid_claim, everything_adds_up);
    crash_at_each_record(office, cancelled_claim, everything_adds_up);
    crash_at_each_record(office, claim_given_up, everything_adds_up);
}

#[test]
fn an_approved_claim_is_paid_as_much_as_the_examiner_says() {
    let mut world = office();
    tell(&mut world, paid_claim);
    assert_eq!(told(&world), ["Paid", "Approved", "Completed"]);
    assert_eq!(world.shown::<Payment>(1)["price"], 450);
    assert_eq!(world.shown::<Claim>(1)["approvedPrice"], 450);
    assert_eq!(world.shown::<Claim>(1)["claimDt"], CLAIM_DT.0);
    assert_eq!(world.shown::<Review>(1)["reviewDt"], REVIEW_DT.0);
    assert_eq!(world.shown::<Payment>(1)["paymentDt"], PAYMENT_DT.0);
    assert_eq!(open_reviews(&world), 0);
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_cancelled_claim_takes_its_review_with_it() {
    let mut world = office();
    tell(&mut world, cancelled_claim);
    assert_eq!(told(&world), ["Cancelled", "Cancelled", ""]);
    assert_eq!(world.outside.done("release-1-1"), 1);
    assert_eq!(open_reviews(&world), 0);
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_desk_that_does_not_answer_keeps_the_review_and_may_be_asked_again() {
    let mut world = office();
    world.outside.fail_at = Some((0, PortReply::Unreachable("down".into())));
    tell(&mut world, cancelled_claim);
    assert_eq!(told(&world), ["UnderReview", "Assigned", ""]);
    assert_eq!(standing(&world), fell(FailureKind::Unavailable, "down"));
    assert_eq!(world.outside.done("retain-1-1"), 1);
    world.tell::<Claim>(1, claim::Command::Cancel).unwrap();
    assert_eq!(told(&world), ["Cancelled", "Cancelled", ""]);
    assert_eq!(world.outside.done("release-1-2"), 1);
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_declined_release_leaves_the_claim_under_review() {
    let mut world = office();
    world.outside.fail_at = Some((0, PortReply::Declined("not now".into())));
    tell(&mut world, cancelled_claim);
    assert_eq!(told(&world), ["UnderReview", "Assigned", ""]);
    assert_eq!(standing(&world), fell(FailureKind::Refused, "not now"));
    assert_eq!(world.outside.done("retain-1-1"), 0);
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_cancellation_of_a_claim_whose_reviews_are_down_is_refused_in_time() {
    let mut world = office();
    world.suspend::<Review>();
    world.tell::<Claim>(1, receive(500)).unwrap();
    for _ in 0..2 {
        world.tell::<Claim>(1, claim::Command::Cancel).unwrap();
        assert_eq!(standing(&world), Progress::Pending);
        world.advance_ms(2_500);
        world.settle(&mut Dice::new(1));
        assert_eq!(told(&world), ["Received", "", ""]);
        let reason = "the review has not answered in time";
        assert_eq!(standing(&world), fell(FailureKind::Unavailable, reason));
    }
    world.resume::<Review>();
    world.settle(&mut Dice::new(1));
    assert_eq!(told(&world), ["UnderReview", "Assigned", ""]);
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_release_that_comes_too_late_is_taken_back() {
    let mut world = office();
    tell(&mut world, claim_given_up);
    assert_eq!(told(&world), ["UnderReview", "Assigned", ""]);
    assert_eq!((world.outside.done("release-1-1"), world.outside.done("retain-1-1")), (1, 1));
    world.tell::<Claim>(1, claim::Command::Cancel).unwrap();
    assert_eq!(told(&world), ["Cancelled", "Cancelled", ""]);
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_decision_that_overtakes_a_cancellation_holds() {
    for (decide, status) in [(approve(450), "Approved"), (decline(), "Declined")] {
        let mut world = office();
        world.tell::<Claim>(1, receive(500)).unwrap();
        world.submit::<Review>(1, decide).unwrap();
        world.submit::<Claim>(1, claim::Command::Cancel).unwrap();
        world.settle(&mut Dice::new(3));
        assert_eq!(world.shown::<Claim>(1)["status"], status);
        assert!(matches!(standing(&world), Progress::Failed { how: FailureKind::Refused, .. }));
        everything_adds_up(&world).unwrap();
    }
}

#[test]
fn an_examiner_cannot_decide_on_what_is_being_released() {
    let mut world = office();
    world.tell::<Claim>(1, receive(500)).unwrap();
    world.submit::<Claim>(1, claim::Command::Cancel).unwrap();
    assert!(world.deliver(0));
    let reason = "the review is being cancelled".to_owned();
    assert_eq!(world.submit::<Review>(1, approve(450)), Err(reason));
    world.settle(&mut Dice::new(1));
    assert_eq!(told(&world), ["Cancelled", "Cancelled", ""]);
}

#[test]
fn a_payment_that_was_down_catches_up() {
    let mut world = office();
    world.suspend::<Payment>();
    world.tell::<Claim>(1, receive(500)).unwrap();
    world.tell::<Review>(1, approve(450)).unwrap();
    assert_eq!(told(&world), ["Approved", "Approved", ""]);
    assert_eq!(open_reviews(&world), 0);
    world.resume::<Payment>();
    world.settle(&mut Dice::new(1));
    assert_eq!(told(&world), ["Approved", "Approved", "Assigned"]);
    everything_adds_up(&world).unwrap();
}

pub(crate) fn office() -> World {
    opened(Settings::default())
}

fn opened(settings: Settings) -> World {
    let mut world = World::of::<Claims>(settings);
    world.now = NOW;
    world
}

/// Random worlds that begin like this.
pub(crate) fn worlds<'a>(begin: impl Fn(&mut Dice) -> World + Sync + 'a) -> RandomWorlds<'a> {
    RandomWorlds::new(move |dice| with_declining_services(begin(dice)))
        .person(12, people)
        .person(1, |world, dice| {
            let _ = world.submit::<Review>(1 + dice.roll(3) as u64, review::Command::Restate);
        })
        .invariants(everything_adds_up)
}

fn paid_claim(world: &mut World, chapter: usize) -> bool {
    let _ = match chapter {
        0 => world.submit::<Claim>(1, receive(500)),
        1 => world.submit::<Review>(1, approve(450)),
        2 => world.submit::<Payment>(1, pay()),
        _ => return false,
    };
    true
}

fn cancelled_claim(world: &mut World, chapter: usize) -> bool {
    let _ = match chapter {
        0 => world.submit::<Claim>(1, receive(500)),
        1 => world.submit::<Claim>(1, claim::Command::Cancel),
        _ => return false,
    };
    true
}

/// Reviews are down during a cancellation, and are back after its deadline.
fn claim_given_up(world: &mut World, chapter: usize) -> bool {
    match chapter {
        0 => _ = world.submit::<Claim>(1, receive(500)),
        1 => {
            world.suspend::<Review>();
            let _ = world.submit::<Claim>(1, claim::Command::Cancel);
        }
        2 => world.advance_ms(2_500),
        3 => world.resume::<Review>(),
        _ => return false,
    }
    true
}

fn tell(world: &mut World, story: fn(&mut World, usize) -> bool) {
    for chapter in 0.. {
        if !story(world, chapter) {
            return;
        }
        world.settle(&mut Dice::new(1));
    }
}

pub(crate) fn receive(price: u64) -> claim::Command {
    let (customer_id, price) = (Number(6), Money(price));
    claim::Command::Receive { customer_id, price, claim_dt: Some(CLAIM_DT) }
}

pub(crate) fn approve(price: u64) -> review::Command {
    let (cont_id, price) = (Number(80_001), Some(Money(price)));
    review::Command::Approve { claim_id: None, cont_id, price, review_dt: Some(REVIEW_DT) }
}

pub(crate) const fn decline() -> review::Command {
    review::Command::Decline { claim_id: None, review_dt: None }
}

fn told(world: &World) -> [String; 3] {
    statuses(world, 1)
}

fn statuses(world: &World, number: u64) -> [String; 3] {
    [
        shown::<Claim>(world, number, "status"),
        shown::<Review>(world, number, "status"),
        shown::<Payment>(world, number, "status"),
    ]
}

fn standing(world: &World) -> Progress {
    world.get::<Claim>(1).progress()
}

fn fell(how: FailureKind, reason: &str) -> Progress {
    Progress::Failed { how, reason: reason.into() }
}

pub(crate) fn everything_adds_up(world: &World) -> Result<(), String> {
    nothing_was_ever_half_cancelled(world)?;
    the_desk_has_what_is_not_cancelled(world)?;
    history_is_complete(world)?;
    no_award_exceeds_its_claim(world)?;
    let rows: BTreeMap<u64, ClaimView> = world.rows::<ClaimView>().into_iter().collect();
    for (number, _) in world.all::<Claim>() {
        let told = statuses(world, number);
        let row = rows.get(&number).cloned().unwrap_or_default();
        let seen = [row.status.0, row.review_status.0, row.payment_status.0];
        ensure(told == seen, || format!("claim {number}: {told:?}, its view {seen:?}"))?;
        let dates = [row.review_dt.map(|date| date.0), row.payment_dt.map(|date| date.0)];
        let told = [
            world.shown::<Review>(number)["reviewDt"].as_u64(),
            world.shown::<Payment>(number)["paymentDt"].as_u64(),
        ];
        ensure(told == dates, || format!("claim {number}: {told:?}, its view {dates:?}"))?;
    }
    Ok(())
}

/// No review and no payment is about more than the customer claimed.
fn no_award_exceeds_its_claim(world: &World) -> Result<(), String> {
    for (number, _) in world.all::<Claim>() {
        let price = |shown: serde_json::Value| shown["price"].as_u64().unwrap_or_default();
        let claimed = price(world.shown::<Claim>(number));
        let awarded = [world.shown::<Review>(number), world.shown::<Payment>(number)].map(price);
        let holds = awarded.iter().all(|awarded| *awarded <= claimed);
        ensure(holds, || format!("claim {number}: {claimed} were claimed, {awarded:?} awarded"))?;
    }
    Ok(())
}

/// A review is never cancelled under a claim that may still stand, nor a claim without its review.
/// A refused cancellation leaves the claim unchanged.
fn nothing_was_ever_half_cancelled(world: &World) -> Result<(), String> {
    use claim::Event as C;
    let (mut agreed, mut cancelled) = (BTreeMap::new(), BTreeMap::new());
    for record in
        world.journal().iter().filter(|record| matches!(record.payload, Payload::Event(_)))
    {
        let (position, number) = (record.position, record.number);
        let holds = match (about::<Claim>(record), about::<Review>(record)) {
            (Some(C::CancelAgreed { .. }), _) => agreed.insert(number, position).is_none(),
            (Some(C::Cancelled { .. }), _) => cancelled.contains_key(&number),
            (Some(_), _) => !agreed.contains_key(&number),
            (_, Some(review::Event::Cancelled { .. })) => {
                cancelled.insert(number, position).is_none() && agreed.contains_key(&number)
            }
            (_, Some(_)) => !agreed.contains_key(&number),
            (None, None) => true,
        };
        ensure(holds, || format!("claim {number} is half cancelled at {position}"))?;
    }
    Ok(())
}

fn about<A: madang::domain::kernel::Aggregate>(
    record: &madang::domain::kernel::simulation::Record,
) -> Option<A::Event> {
    madang::domain::kernel::AnyEvent::downcast::<A>(record).map(|(_, event)| event)
}

/// A release without the cancellation of its review is taken back at the desk.
fn the_desk_has_what_is_not_cancelled(world: &World) -> Result<(), String> {
    let mut last_asked = BTreeMap::new();
    for (number, event) in world.events::<Review>() {
        match event {
            review::Event::ReleaseChanged { deed: Deed::Asked(attempt), .. } => {
                if let Some(earlier) = last_asked.insert(number, attempt) {
                    desk_has(world, number, earlier, true)?;
                }
            }
            review::Event::Cancelled { .. } => {
                let attempt = last_asked.remove(&number).unwrap_or_default();
                desk_has(world, number, attempt, false)?;
            }
            _ => {}
        }
    }
    last_asked.into_iter().try_for_each(|(number, last)| desk_has(world, number, last, true))
}

fn desk_has(world: &World, number: u64, attempt: u32, expected: bool) -> Result<(), String> {
    let done = |what| world.outside.done(&format!("{what}-{number}-{attempt}")) == 1;
    let has = !done("release") || done("retain");
    ensure(has == expected, || format!("review {number}, attempt {attempt}: at the desk: {has}"))
}

/// One row for every event that a customer understands, with its customer.
fn history_is_complete(world: &World) -> Result<(), String> {
    let of_claims = world.events::<Claim>();
    let of_reviews = world.events::<Review>();
    let of_claims = of_claims.into_iter().map(|(id, event)| Heard::Claim(Id::new(id), event));
    let of_reviews = of_reviews.into_iter().map(|(id, event)| Heard::Review(Id::new(id), event));
    let told = of_claims.chain(of_reviews).filter(|heard| heard.what().is_some());
    let events = told.count() + world.events::<Payment>().len();
    let rows = world.rows::<History>();
    ensure(rows.len() == events, || format!("{events} events, {} rows", rows.len()))?;
    let stray = rows.iter().find(|(_, row)| row.customer_id != Number(6) || row.claim_id == 0);
    ensure(stray.is_none(), || format!("a row without a claim: {stray:?}"))
}
