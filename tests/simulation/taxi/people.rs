//! The people of a random taxi company: customers, dispatchers and drivers.

use super::{call_for, confirm, register, register_as};
use madang::domain::{
    kernel::{
        Quantity, payment as kernel_payment,
        simulation::{Dice, World},
    },
    taxi::{
        CallTaxi,
        grade::Grade,
        order::{self, Order},
        payment::{Fare, Payment},
        reservation::{self, By, Reservation, Status},
        settings::Settings,
        taxi::{self, Revision, Taxi},
    },
};

/// A company that has a taxi in half of the worlds, so that random steps get far.
pub(crate) fn some_company(dice: &mut Dice) -> World {
    let confirm_within_s = [0, 60][dice.roll(2)];
    let mut world = World::of::<CallTaxi>(Settings { confirm_within_s, ..Settings::default() });
    if dice.once_in(2) {
        let _ = world.submit::<Taxi>(1, register(1 + few(dice), 4_000));
    }
    world
}

/// Submits a random command. Rejections are expected.
pub(crate) fn people(world: &mut World, dice: &mut Dice) {
    let number = 1 + dice.roll(2) as u64;
    let taxi = 1 + dice.roll(2) as u64;
    if dice.once_in(2) && next_step(world, number, dice) {
        return;
    }
    let _ = match dice.roll(14) {
        0 => world.submit::<Order>(number, order::Command::Complete),
        1..4 => world.submit::<Order>(number, call_for(any_grade(dice))),
        4 | 12 => world.submit::<Order>(number, order::Command::Cancel),
        5 => {
            let price = 4_000 + dice.roll(3) as u64;
            world.submit::<Taxi>(taxi, register_as(any_grade(dice), few(dice), price))
        }
        6 => {
            let stock = Some(Quantity(few(dice)));
            let grade = dice.once_in(2).then(|| any_grade(dice));
            let revision = Revision { stock, grade, ..Revision::default() };
            world.submit::<Taxi>(taxi, taxi::Command::Revise(revision))
        }
        13 => {
            let card_no = ["", "383824245656", "4111111111111111"][dice.roll(3)].into();
            let bill = Fare { card_no };
            world.submit::<Payment>(number, kernel_payment::Command::Amend { bill })
        }
        7 => {
            world.submit::<Reservation>(number, reservation::Command::Cancel { by: By::Dispatcher })
        }
        8 => world.submit::<Reservation>(number, confirm(Some(taxi))),
        _ => world.submit::<Reservation>(number, confirm(None)),
    };
}

/// Submits the next command of a ride, so that many rides get to their end. Returns whether there
/// is one.
fn next_step(world: &mut World, number: u64, dice: &mut Dice) -> bool {
    let _ = match (world.get::<Reservation>(number).status, dice.once_in(2)) {
        (Status::Blank, _) => world.submit::<Order>(number, call_for(any_grade(dice))),
        (Status::Accepted { .. }, _) => world.submit::<Reservation>(number, confirm(None)),
        (Status::Assigning { .. } | Status::Confirmed { .. }, true) => {
            world.submit::<Order>(number, order::Command::Cancel)
        }
        (Status::Confirmed { .. }, false) => {
            world.submit::<Order>(number, order::Command::Complete)
        }
        _ => return false,
    };
    true
}

/// Completes a confirmed ride.
pub(super) fn driver(world: &mut World, dice: &mut Dice) {
    let is_confirmed = |(_, it): &(u64, Reservation)| matches!(it.status, Status::Confirmed { .. });
    let confirmed: Vec<_> = world.all::<Reservation>().into_iter().filter(is_confirmed).collect();
    let Some((number, _)) = confirmed.get(dice.roll(confirmed.len().max(1))) else { return };
    let _ = world.submit::<Order>(*number, order::Command::Complete);
}

fn any_grade(dice: &mut Dice) -> Grade {
    [Grade::Basic, Grade::Prime, Grade::Platinum][dice.roll(3)]
}

fn few(dice: &mut Dice) -> u32 {
    [0, 1, 2][dice.roll(3)]
}
