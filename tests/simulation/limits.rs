//! Random worlds in which clients send numbers at the limits: no code panics, no sum wraps around,
//! the invariants hold, and every row of a view can be stored, searched and read back.

use super::{claims, education, ensure, insurance, phone, rental, taxi};
use madang::domain::{
    self,
    claims::{claim::Claim, claim_view::ClaimView, review::Review},
    insurance::product::Product,
    kernel::{
        Aggregate, Id, Message, Meta, Money, Quantity, Timestamp, Total, View,
        simulation::{Dice, World, random_worlds},
    },
    phone::{customer::Customer, order as phone_order, point_history::PointHistory, reward},
    rental::{CarRental, availability::Availability, car, order as rental_order},
    taxi::{availability::Availability as Taxis, taxi as taxis},
};

const WORLDS: u64 = 5_000;

/// Numbers at the limits that are accepted, parsed, stored and counted.
const AMOUNTS: [u64; 9] = [
    0,
    1,
    Money::MAX.0 - 1,
    Money::MAX.0,
    Money::MAX.0 + 1,
    1_000_000_000_000_000,
    i64::MAX.cast_unsigned(),
    u64::MAX - 1,
    u64::MAX,
];
const COUNTS: [u32; 7] =
    [0, 1, Quantity::MAX.0 - 1, Quantity::MAX.0, Quantity::MAX.0 + 1, u32::MAX - 1, u32::MAX];

fn amount(dice: &mut Dice) -> u64 {
    AMOUNTS[dice.roll(AMOUNTS.len())]
}

fn count(dice: &mut Dice) -> u32 {
    COUNTS[dice.roll(COUNTS.len())]
}

fn number(dice: &mut Dice) -> u64 {
    1 + dice.roll(3) as u64
}

#[test]
fn points_of_orders_at_the_limits_add_up() {
    fn buyers(world: &mut World, dice: &mut Dice) {
        if dice.once_in(2) {
            return phone::people(world, dice);
        }
        let (number, qty, price) = (number(dice), count(dice), Some(amount(dice)));
        let _ = world.submit::<phone_order::Order>(number, phone::place(qty, price));
    }
    random_worlds(WORLDS, phone::some_shop, buyers, |world| {
        readable::<Customer>(world)?;
        readable::<PointHistory>(world)?;
        phone::everything_adds_up(world)
    });
}

#[test]
fn cars_at_the_limits_add_up() {
    fn fleet(dice: &mut Dice) -> World {
        let price_per_car = Money(AMOUNTS[dice.roll(4)]);
        World::of::<CarRental>(domain::rental::settings::Settings { price_per_car })
    }
    fn renters(world: &mut World, dice: &mut Dice) {
        let (number, car) = (number(dice), 1 + dice.roll(2) as u64);
        let _ = match dice.roll(6) {
            0 => world.submit::<rental_order::Order>(number, rental::place(car, count(dice))),
            1 => world.submit::<car::Car>(car, rental::register(count(dice))),
            2 => world.submit::<car::Car>(car, rental::restock(count(dice))),
            _ => return rental::people(world, dice),
        };
    }
    random_worlds(WORLDS, fleet, renters, |world| {
        readable::<Availability>(world)?;
        rental::everything_adds_up(world)
    });
}

#[test]
fn taxis_at_the_limits_add_up() {
    fn drivers(world: &mut World, dice: &mut Dice) {
        let taxi = 1 + dice.roll(2) as u64;
        let _ = match dice.roll(6) {
            0 => world.submit::<taxis::Taxi>(taxi, taxi::register(count(dice), amount(dice))),
            1 => {
                let (item_price, stock) = (Some(Money(amount(dice))), Some(Quantity(count(dice))));
                let revision = taxis::Revision { item_price, stock, ..taxis::Revision::default() };
                world.submit::<taxis::Taxi>(taxi, taxis::Command::Revise(revision))
            }
            _ => return taxi::people(world, dice),
        };
    }
    random_worlds(WORLDS, taxi::some_company, drivers, |world| {
        readable::<Taxis>(world)?;
        taxi::everything_adds_up(world)
    });
}

#[test]
fn claims_at_the_limits_add_up_and_nothing_is_approved_beyond_what_was_claimed() {
    fn claimants(world: &mut World, dice: &mut Dice) {
        let number = number(dice);
        let _ = match dice.roll(6) {
            0 | 1 => world.submit::<Claim>(number, claims::receive(amount(dice))),
            2 => world.submit::<Review>(number, claims::approve(amount(dice))),
            _ => return claims::people(world, dice),
        };
    }
    random_worlds(WORLDS, claims::some_office, claimants, |world| {
        readable::<ClaimView>(world)?;
        for (number, _) in world.all::<Claim>() {
            let shown = world.shown::<Claim>(number);
            let [claimed, approved] =
                ["price", "approvedPrice"].map(|field| shown[field].as_u64().unwrap_or_default());
            let is_within = approved <= claimed && claimed <= Money::MAX.0;
            ensure(is_within, || format!("claim {number}: {approved} of {claimed}"))?;
        }
        claims::everything_adds_up(world)
    });
}

#[test]
fn premiums_at_the_limits_add_up() {
    fn managers(world: &mut World, dice: &mut Dice) {
        let product = 1 + dice.roll(2) as u64;
        let _ = match dice.roll(6) {
            0 => world.submit::<Product>(product, insurance::register("life", amount(dice))),
            1 => world.submit::<Product>(product, insurance::premium(amount(dice))),
            _ => return insurance::people(world, dice),
        };
    }
    random_worlds(WORLDS, insurance::some_company, managers, insurance::everything_adds_up);
}

#[test]
fn courses_at_the_limit_add_up() {
    fn school(dice: &mut Dice) -> World {
        let course_price = Money(AMOUNTS[dice.roll(4)]);
        let settings = domain::education::settings::Settings { course_price, ..<_>::default() };
        World::of::<domain::education::Education>(settings)
    }
    random_worlds(WORLDS, school, education::people, education::everything_adds_up);
}

#[test]
fn what_older_binaries_accepted_is_folded_without_a_panic_and_without_wrapping() {
    let huge = || Money(u64::MAX);
    let granted = || reward::Event::Granted { points: huge(), customer: None };
    let meta = |position| Meta { position, version: 1, time: Timestamp(1), correlation: 1 };
    let fold = |row, position| {
        PointHistory::fold(row, (Id::new(position), granted()), &meta(position)).unwrap()
    };
    let row = fold(Some(fold(None, 1)), 2);
    assert_eq!(row.balance, Total::MAX);
    let body = serde_json::to_string(&row.balance).unwrap();
    assert_eq!(body, i64::MAX.to_string());

    let registered = car::Event::Registered { name: "a".into(), count: Quantity(u32::MAX) };
    let rented = car::Event::Rented {
        order: Id::new(1),
        quantity: Quantity(u32::MAX),
        rentable: Quantity(u32::MAX),
    };
    let cars = [registered, rented].into_iter().fold(car::Car::default(), car::Car::evolve);
    let settings = domain::rental::settings::Settings::default();
    let back = car::Command::Return { order: Id::new(1) };
    assert_eq!(cars.decide(back, Timestamp(1), &settings).map(|events| events.len()), Ok(1));
    let restock = rental::restock(1);
    assert_eq!(
        cars.decide(restock, Timestamp(1), &settings).map(|events| events.len()),
        Ok(1),
        "the assigned taxis are counted without wrapping around"
    );
}

/// Each row of a view is read back as it was written, and its numbers are those of `SQLite`.
fn readable<V: View + Message>(world: &World) -> Result<(), String> {
    for (number, row) in world.rows::<V>() {
        let body = serde_json::to_value(&row).map_err(|error| error.to_string())?;
        for field in V::FIELDS {
            let value = body[field.name].as_u64().unwrap_or_default();
            let is_stored = i64::try_from(value).is_ok();
            ensure(is_stored, || format!("{} {number}: {} {value}", V::NAME, field.name))?;
        }
        let read = serde_json::from_value::<V>(body);
        let read = read.map_err(|error| format!("{} {number}: {error}", V::NAME))?;
        ensure(read == row, || format!("{} {number}: {row:?} is read as {read:?}", V::NAME))?;
    }
    Ok(())
}
