//! A hundred thousand simulated insurance companies with random applicants, underwriters and
//! product managers: the money and the desks add up.

use super::{busy, cashier, ensure, explore, shown, unreachable, with_declining_services};
use madang::domain::{
    insurance::{
        Insurance,
        catalogue_view::CatalogueView,
        desk::{Desk, Roster},
        payment::{Payment, Premium},
        product::{self, Product, Revision, Terms},
        settings::Settings,
        subscription::{self, Subscription},
        subscription_view::SubscriptionView,
        underwriting::{self, Underwriting, Verdict},
    },
    kernel::{
        Aggregate as _, FailureKind, Money, Number, Progress,
        roster::{Clerks, Workload},
        simulation::{
            Dice, RandomWorlds, World, crash_at_each_record, fail_each_step, repeat_each_step,
        },
    },
};

#[test]
fn whatever_happens_money_and_desks_add_up() {
    explore(&worlds(some_company), unreachable::INSURANCE);
}

#[test]
fn an_application_survives_every_failure_of_the_outside() {
    for story in [contract, refusal, late_cancellation, early_cancellation] {
        fail_each_step(company, story, everything_adds_up);
    }
}

#[test]
fn an_application_survives_every_command_submitted_twice() {
    for story in [contract, refusal, late_cancellation, early_cancellation] {
        repeat_each_step(company, story, everything_adds_up);
    }
}

#[test]
fn an_application_survives_a_crash_after_every_record() {
    for story in [contract, refusal, late_cancellation, early_cancellation] {
        crash_at_each_record(company, story, everything_adds_up);
    }
}

#[test]
fn an_approved_application_is_contracted_and_stays_so() {
    let mut world = company();
    world.tell::<Subscription>(1, apply("Fisrtcancer")).unwrap();
    assert_eq!(shown::<Subscription>(&world, 1, "subscriptionStatus"), "UnderReview");
    assert_eq!(world.shown::<Underwriting>(1)["underwriterId"], 77_001_520);
    world.tell::<Underwriting>(1, decide(Verdict::Approve)).unwrap();
    assert_eq!(shown::<Subscription>(&world, 1, "subscriptionStatus"), "Contracted");
    assert_eq!(shown::<Payment>(&world, 1, "paymentStatus"), "Approved");
    let refused = world.tell::<Subscription>(1, subscription::Command::Cancel);
    assert_eq!(refused, Err("the subscription is contracted".into()));
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_refused_application_is_paid_back_and_stays_so() {
    let mut world = company();
    world.tell::<Subscription>(1, apply("Fisrtcancer")).unwrap();
    world.tell::<Underwriting>(1, decide(Verdict::Refuse)).unwrap();
    assert_eq!(shown::<Subscription>(&world, 1, "subscriptionStatus"), "Refused");
    assert_eq!(shown::<Payment>(&world, 1, "paymentStatus"), "Refunded");
    let refused = world.tell::<Subscription>(1, subscription::Command::Cancel);
    assert_eq!(refused, Err("the subscription was refused".into()));
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_cancelled_application_is_paid_back_and_leaves_the_desk() {
    let mut world = company();
    world.tell::<Subscription>(1, apply("Fisrtcancer")).unwrap();
    assert_eq!(world.shown::<Roster>(1)["openCnt"], 1);
    world.tell::<Subscription>(1, subscription::Command::Cancel).unwrap();
    assert_eq!(shown::<Subscription>(&world, 1, "subscriptionStatus"), "Cancelled");
    assert_eq!(shown::<Underwriting>(&world, 1, "underwritingStatus"), "Withdrawn");
    assert_eq!(shown::<Payment>(&world, 1, "paymentStatus"), "Refunded");
    assert_eq!(world.shown::<Roster>(1)["openCnt"], 0);
    let refused = world.tell::<Underwriting>(1, decide(Verdict::Approve));
    assert_eq!(refused, Err("the underwriting is withdrawn".into()));
    everything_adds_up(&world).unwrap();
}

#[test]
fn an_application_cancelled_while_it_is_paid_is_paid_back_after_the_answer() {
    let mut world = company();
    world.submit::<Subscription>(1, apply("Fisrtcancer")).unwrap();
    while world.deliver(0) {}
    world.commit();
    world.answer(0, &mut Dice::new(1)); // the product is looked up
    while world.deliver(0) {}
    world.commit();
    world.submit::<Subscription>(1, subscription::Command::Cancel).unwrap();
    assert_eq!(world.get::<Subscription>(1).progress(), Progress::Pending);
    world.settle(&mut Dice::new(1));
    assert_eq!(shown::<Payment>(&world, 1, "paymentStatus"), "Refunded");
    assert_eq!(world.get::<Underwriting>(1), Underwriting::default());
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_change_of_a_product_applies_to_the_next_application() {
    let mut world = company();
    world.tell::<Product>(1, register("life", 30_000)).unwrap();
    world.tell::<Subscription>(1, apply("life")).unwrap();
    assert_eq!(world.shown::<Payment>(1)["amount"], 30_000);
    world.tell::<Product>(1, premium(40_000)).unwrap();
    world.tell::<Subscription>(2, apply("life")).unwrap();
    assert_eq!(world.shown::<Payment>(2)["amount"], 40_000);
    world.tell::<Product>(1, product::Command::Withdraw).unwrap();
    world.tell::<Subscription>(3, apply("life")).unwrap();
    assert_eq!(world.get::<Subscription>(3).progress(), fell("the product is withdrawn"));
    assert_eq!(world.get::<Payment>(3), Payment::default());
    world.tell::<Subscription>(4, apply("unheard of")).unwrap();
    assert_eq!(world.shown::<Payment>(4)["amount"], 50_000);
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_product_is_found_however_its_name_is_spelled_and_first_as_it_is_spelled() {
    let mut world = company();
    world.tell::<Product>(1, register("Life", 30_000)).unwrap();
    world.tell::<Subscription>(1, apply("lIFE ")).unwrap();
    assert_eq!(world.shown::<Payment>(1)["amount"], 30_000);
    world.tell::<Product>(2, register("life", 20_000)).unwrap();
    for (number, name, amount) in [(2, "Life", 30_000), (3, "life", 20_000), (4, "LIFE", 30_000)] {
        world.tell::<Subscription>(number, apply(name)).unwrap();
        assert_eq!(world.shown::<Payment>(number)["amount"], amount, "{name}");
    }
}

#[test]
fn a_closed_catalogue_sells_only_listed_products() {
    let settings = Settings { open_catalogue: false, ..Settings::default() };
    let mut world = World::of::<Insurance>(settings);
    world.tell::<Subscription>(1, apply("unheard of")).unwrap();
    let reason = "there is no product of this name";
    assert_eq!(world.get::<Subscription>(1).progress(), fell(reason));
    everything_adds_up(&world).unwrap();
}

#[test]
fn no_two_products_have_one_name() {
    let mut world = company();
    world.tell::<Product>(1, register("life", 30_000)).unwrap();
    world.tell::<Product>(2, register("life", 1)).unwrap();
    assert_eq!(world.get::<Product>(2).progress(), fell("another product has this name"));
    world.tell::<Product>(3, register("limb", 20_000)).unwrap();
    let name = Revision { product_name: Some("life".into()), ..Revision::default() };
    world.tell::<Product>(3, product::Command::Revise(name)).unwrap();
    assert_eq!(world.get::<Product>(3).progress(), fell("another product has this name"));
    assert_eq!(world.shown::<Product>(3)["productName"], "limb");
    everything_adds_up(&world).unwrap();
}

#[test]
fn applications_are_spread_over_the_underwriters() {
    let settings = Settings { roster: clerks(&[7, 8]), ..Settings::default() };
    let mut world = World::of::<Insurance>(settings);
    for number in 1..=4 {
        world.tell::<Subscription>(number, apply("Fisrtcancer")).unwrap();
    }
    let who = |world: &World, number| world.shown::<Underwriting>(number)["underwriterId"].clone();
    let clerks: Vec<_> = (1..=4).map(|number| who(&world, number)).collect();
    assert_eq!(clerks, [7, 8, 7, 8]);
    world.tell::<Underwriting>(2, decide(Verdict::Approve)).unwrap();
    world.tell::<Subscription>(5, apply("Fisrtcancer")).unwrap();
    assert_eq!(who(&world, 5), 8);
    everything_adds_up(&world).unwrap();
}

fn company() -> World {
    World::of::<Insurance>(Settings::default())
}

pub(crate) fn some_company(dice: &mut Dice) -> World {
    let open_catalogue = !dice.once_in(3);
    let roster = clerks(&[7, 8, 9][..=dice.roll(3)]);
    World::of::<Insurance>(Settings { open_catalogue, roster, ..Settings::default() })
}

fn clerks(numbers: &[u64]) -> Clerks {
    Clerks::try_from(numbers.iter().copied().map(Number).collect::<Vec<_>>()).unwrap()
}

/// Random worlds that begin like this.
pub(crate) fn worlds<'a>(begin: impl Fn(&mut Dice) -> World + Sync + 'a) -> RandomWorlds<'a> {
    RandomWorlds::new(move |dice| with_declining_services(begin(dice)))
        .person(12, people)
        .person(6, underwriter)
        .shares(busy())
        .acts(16..96)
        .person(1, cashier::<Premium>)
        .invariants(everything_adds_up)
}

/// Submits a random command. Rejections are expected.
pub(crate) fn people(world: &mut World, dice: &mut Dice) {
    let number = 1 + dice.roll(3) as u64;
    let product = 1 + dice.roll(2) as u64;
    let name = ["life", "limb", "house"][dice.roll(3)];
    let _ = match dice.roll(12) {
        0..4 => world.submit::<Subscription>(number, apply(name)),
        4 => world.submit::<Subscription>(number, subscription::Command::Cancel),
        5 | 6 => world.submit::<Product>(product, register(name, 1 + dice.roll(3) as u64)),
        7 => {
            let product_name = dice.once_in(2).then(|| name.into());
            let (premium, on_sale) = (Some(Money(1 + dice.roll(3) as u64)), None);
            let revision = Revision { product_name, premium, on_sale };
            world.submit::<Product>(product, product::Command::Revise(revision))
        }
        8 => world.submit::<Product>(product, product::Command::Withdraw),
        9 => world.submit::<Underwriting>(number, decide(Verdict::Refuse)),
        _ => world.submit::<Underwriting>(number, decide(Verdict::Approve)),
    };
}

/// Decides on an application that waits for it.
fn underwriter(world: &mut World, dice: &mut Dice) {
    let waits = |(_, it): &(u64, Underwriting)| it.status == underwriting::Status::Assigned;
    let waiting: Vec<_> = world.all::<Underwriting>().into_iter().filter(waits).collect();
    let Some((number, _)) = waiting.get(dice.roll(waiting.len().max(1))) else { return };
    let verdict = if dice.once_in(2) { Verdict::Approve } else { Verdict::Refuse };
    let _ = world.submit::<Underwriting>(*number, decide(verdict));
}

fn contract(world: &mut World, chapter: usize) -> bool {
    let _ = match chapter {
        0 => world.submit::<Product>(1, register("life", 30_000)),
        1 => world.submit::<Subscription>(1, apply("life")),
        2 => world.submit::<Underwriting>(1, decide(Verdict::Approve)),
        _ => return false,
    };
    true
}

fn refusal(world: &mut World, chapter: usize) -> bool {
    if chapter == 2 {
        let _ = world.submit::<Underwriting>(1, decide(Verdict::Refuse));
        return true;
    }
    contract(world, chapter)
}

fn late_cancellation(world: &mut World, chapter: usize) -> bool {
    if chapter == 2 {
        // Both commands at once: the first that reaches the subscription succeeds.
        let _ = world.submit::<Underwriting>(1, decide(Verdict::Approve));
        let _ = world.submit::<Subscription>(1, subscription::Command::Cancel);
        return true;
    }
    contract(world, chapter)
}

fn early_cancellation(world: &mut World, chapter: usize) -> bool {
    if chapter == 1 {
        let _ = world.submit::<Subscription>(1, apply("life"));
        let _ = world.submit::<Subscription>(1, subscription::Command::Cancel);
        return true;
    }
    contract(world, chapter)
}

fn apply(product: &str) -> subscription::Command {
    subscription::Command::Apply { product_name: product.into(), customer: "Jung".into() }
}

fn decide(verdict: Verdict) -> underwriting::Command {
    underwriting::Command::Decide { verdict, about: None }
}

pub(crate) fn register(name: &str, premium: u64) -> product::Command {
    let terms = Terms { product_name: name.into(), premium: Money(premium), on_sale: true };
    product::Command::Register { terms }
}

pub(crate) fn premium(premium: u64) -> product::Command {
    let premium = Some(Money(premium));
    product::Command::Revise(Revision { premium, ..Revision::default() })
}

fn fell(reason: &str) -> Progress {
    Progress::Failed { how: FailureKind::Refused, reason: reason.into() }
}

pub(crate) fn everything_adds_up(world: &World) -> Result<(), String> {
    world.check_money::<Premium>()?;
    for (number, product) in world.all::<Product>() {
        let rows = world.rows::<CatalogueView>();
        let row = rows.iter().find(|(row, _)| *row == number).map(|(_, row)| row.terms());
        let listed = product.listed;
        ensure(listed == row, || format!("product {number}: {listed:?}, its row {row:?}"))?;
    }
    let open = |clerk: u64| {
        let clerks =
            world.all::<Roster>().into_iter().flat_map(|(_, roster)| roster.open().clone());
        clerks.filter(|(_, who)| who.0 == clerk).count() as u64
    };
    for (clerk, row) in world.rows::<Workload<Desk>>() {
        ensure(row.open_cnt == open(clerk), || format!("underwriter {clerk}: {row:?}"))?;
    }
    let rows = world.rows::<SubscriptionView>();
    for (number, _) in world.all::<Subscription>() {
        let row = rows.iter().find(|(row, _)| *row == number).map(|(_, row)| row);
        row_is_true(world, number, row)?;
    }
    ensure(rows.len() == world.all::<Subscription>().len(), || "a stray row".into())
}

fn row_is_true(world: &World, number: u64, row: Option<&SubscriptionView>) -> Result<(), String> {
    let Some(row) = row else { return Err(format!("subscription {number} has no row")) };
    let underwriting = world.shown::<Underwriting>(number);
    let shown = [
        shown::<Subscription>(world, number, "subscriptionStatus"),
        shown::<Payment>(world, number, "paymentStatus"),
        shown::<Underwriting>(world, number, "underwritingStatus"),
        underwriting["underwriterId"].to_string(),
        world.shown::<Subscription>(number)["premium"].to_string(),
    ];
    let told = [
        row.subscription_status.0.clone(),
        row.payment_status.0.clone(),
        row.underwriting_status.0.clone(),
        row.underwriter_id.map_or("null".into(), |who| who.0.to_string()),
        row.premium.map_or("null".into(), |premium| premium.0.to_string()),
    ];
    ensure(shown == told, || format!("subscription {number}: {shown:?}, its row {told:?}"))
}
