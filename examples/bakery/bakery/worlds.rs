//! Random worlds: whatever happens, the money of an order is where its status says.

use super::{Command::*, payment::Pieces, *};
use madang::domain::kernel::{
    payment::{self, Billing, Payment, Phase, Stage},
    simulation::{
        Dice, RandomWorlds, World, crash_at_each_record, fail_each_step, repeat_each_step,
    },
};

/// What no world reaches, each with the reason.
const UNREACHABLE: &[(&str, &str)] = &[
    ("command Amend of bakery/payments", NO_DETAILS),
    ("state status.Rejected.how.Refused of bakery/orders", NO_REFUSAL),
];

const NO_DETAILS: &str = "no client adds details to a bill";
const NO_REFUSAL: &str = "only a payment that fails rejects an order";

#[test]
fn whatever_happens_the_money_is_where_it_belongs() {
    let reached = worlds(|_| begin()).run(5_000);
    println!("{reached}");
    reached.everything_but(UNREACHABLE);
}

#[test]
fn an_order_survives_every_failure_repetition_and_crash() {
    for story in [handed_over, cancelled] {
        fail_each_step(begin, story, the_money_is_where_it_belongs);
        repeat_each_step(begin, story, the_money_is_where_it_belongs);
        crash_at_each_record(begin, story, the_money_is_where_it_belongs);
    }
}

/// The worlds find a bug: here, an order that is cancelled after its payment keeps the money.
#[test]
fn a_forgotten_refund_is_found() {
    let faulty = worlds(|_| {
        let mut world = begin();
        world.plant_react::<Billing<Order>>(|state, me, heard, meta| {
            let step = state.react(me, heard, meta);
            let is_refund = step.dispatches.iter().any(|sent| sent.command_name() == "Refund");
            if is_refund {
                Step::wait(Phase::Closing.into()).send(me.of::<Order>(), Close)
            } else {
                step
            }
        });
        world
    });
    let flaw = faulty.first_flaw(1_000).expect("the worlds find it");
    println!("{flaw}");
}

fn begin() -> World {
    let mut world = World::of::<Bakery>(Empty {});
    world.outside.declines = &["refund"];
    world
}

fn worlds<'a>(begin: impl Fn(&mut Dice) -> World + Sync + 'a) -> RandomWorlds<'a> {
    RandomWorlds::new(begin)
        .person(6, customer)
        .person(3, clerk)
        .invariants(the_money_is_where_it_belongs)
}

fn customer(world: &mut World, dice: &mut Dice) {
    let number = 1 + dice.roll(3) as u64;
    let quantity = Quantity(u32::try_from(dice.roll(4)).unwrap_or_default());
    let command = if dice.once_in(3) { Cancel } else { Place { customer: "Kim".into(), quantity } };
    let _ = world.submit::<Order>(number, command);
}

fn clerk(world: &mut World, dice: &mut Dice) {
    let number = 1 + dice.roll(3) as u64;
    let _ = match dice.roll(6) {
        0..3 => world.submit::<Order>(number, HandOver),
        3..5 => world.submit::<Payment<Pieces>>(number, payment::Command::Settle),
        _ => world.submit::<Payment<Pieces>>(number, payment::Command::Restate),
    };
}

fn handed_over(world: &mut World, chapter: usize) -> bool {
    let command = match chapter {
        0 => Place { customer: "Kim".into(), quantity: Quantity(2) },
        1 => HandOver,
        _ => return false,
    };
    let _ = world.submit::<Order>(1, command);
    true
}

fn cancelled(world: &mut World, chapter: usize) -> bool {
    if chapter == 1 {
        let _ = world.submit::<Order>(1, Cancel);
        return true;
    }
    handed_over(world, chapter)
}

/// Holds when nothing is in flight any more.
fn the_money_is_where_it_belongs(world: &World) -> Result<(), String> {
    world.check_money::<Pieces>()?;
    for (number, order) in world.all::<Order>() {
        let stage = world.get::<Payment<Pieces>>(number).stage();
        let is_right = match &order.status {
            Status::Paid | Status::HandedOver => stage == Stage::Approved,
            Status::Cancelled => matches!(stage, Stage::Declined | Stage::Refunded),
            Status::Rejected { .. } => stage == Stage::Declined,
            // The service declined the refund, and the clerk has not given the money back yet.
            Status::Cancelling => stage == Stage::RefundDeclined,
            Status::Unknown | Status::Requested => false,
        };
        if !is_right {
            return Err(format!("order {number} is {:?}, its payment {stage:?}", order.status));
        }
    }
    Ok(())
}
