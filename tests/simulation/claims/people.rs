//! The people of a random claims office: customers, examiners, clerks and operators.

use super::{approve, decline, opened, receive};
use crate::claim_history::pay;
use madang::domain::{
    claims::{
        claim::{self, Claim},
        examiners::Roster,
        payment::Payment,
        review::Review,
        settings::Settings,
    },
    kernel::{
        Number,
        roster::Clerks,
        simulation::{Dice, World},
    },
};

pub(crate) fn some_office(dice: &mut Dice) -> World {
    let examiners = [vec![Number(101)], vec![Number(101), Number(102)]][dice.roll(2)].clone();
    let examiners = Clerks::try_from(examiners).unwrap();
    let cancel_within_ms = [0, 100, 30_000][dice.roll(3)];
    opened(Settings { examiners, cancel_within_ms })
}

/// Submits a random command, or suspends or resumes a component. Rejections are expected.
pub(crate) fn people(world: &mut World, dice: &mut Dice) {
    let number = 1 + dice.roll(3) as u64;
    let _ = match dice.roll(16) {
        0..4 => world.submit::<Claim>(number, receive(100 * dice.roll(3) as u64)),
        4..9 => world.submit::<Claim>(number, claim::Command::Cancel),
        9 => world.submit::<Review>(number, approve(50 * dice.roll(5) as u64)),
        10 => world.submit::<Review>(number, decline()),
        11 => world.submit::<Payment>(number, pay()),
        _ => return trip(world, dice),
    };
}

fn trip(world: &mut World, dice: &mut Dice) {
    let cables: [fn(&mut World); 6] = [
        World::suspend::<Review>,
        World::resume::<Review>,
        World::suspend::<Roster>,
        World::resume::<Roster>,
        World::suspend::<Payment>,
        World::resume::<Payment>,
    ];
    cables[dice.roll(cables.len())](world);
}
