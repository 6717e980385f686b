//! Specifications of the sale.

use super::{
    Command::{self, Cancel, Close, HandOver, Pay, Place, Reject},
    Event::{self, Cancelled, Closed, HandedOver, Paid, Placed, Rejected},
    Goods, Rejection, Sale, Status,
};
use crate::domain::kernel::{
    payment::{Bill, Receipt},
    prelude::*,
    simulation::{RandomWorlds, World, crash_at_each_record, fail_each_step, repeat_each_step},
    spec::{Spec, table},
};

/// Newspapers, the simplest goods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Papers {
    copies: Quantity,
}

struct Kiosk;

impl Business for Kiosk {
    const NAME: &'static str = "kiosk";
    const STAFF: &'static [&'static str] = &["keeper"];
    type Settings = Empty;

    fn install(host: &mut impl Host) {
        super::install::<Papers>(host);
    }

    fn check_invariants(state: &impl StateReader) -> Result<(), String> {
        super::check_invariants::<Papers>(state)
    }
}

impl Goods for Papers {
    const ORDERS: &'static str = "kiosk/orders";
    const BILLING: &'static str = "kiosk/billing";
    const HAND_OVER: (&'static str, &'static str) = ("give", "Given");

    fn price(&self, _: &Empty) -> Result<Money, String> {
        match self.copies.0 {
            0 => Err("at least one copy".to_owned()),
            copies => Ok(Money(u64::from(copies) * 2_000)),
        }
    }
}

impl Bill for Papers {
    type Business = Kiosk;
    const NAME: &'static str = "kiosk/payments";
    const PORT: &'static str = "kiosk/payment";
    const CASHIER: &'static str = "keeper";

    fn details(&self) -> Value {
        json!({ "copies": self.copies })
    }

    fn show(&self, receipt: Receipt) -> impl Serialize {
        object! { "id": receipt.number, "status": receipt.stage.word() }
    }
}

type Order = Sale<Papers>;

#[test]
fn every_command_is_decided_in_every_state() {
    let called_off = || Cancelled { goods: papers(2) };
    table::<Order>(
        &[
            ("unknown", vec![]),
            ("requested", vec![placed()]),
            ("paid", vec![placed(), paid()]),
            ("handed-over", vec![placed(), paid(), HandedOver { goods: papers(2) }]),
            ("cancelling", vec![placed(), paid(), called_off()]),
            ("cancelled", vec![placed(), called_off(), Closed]),
            ("rejected", vec![placed(), rejected()]),
        ],
        &[Place(papers(2)), Cancel, HandOver, Pay, reject(), Close],
        "
        past        Place          Cancel        HandOver      Pay           Reject        Close
        unknown     Placed         !Unknown      !Unknown      !Unknown      !Unknown      !Unknown
        requested   !AlreadyPlaced Cancelled     !NotPaid      Paid          Rejected      !NotPaid
        paid        !AlreadyPlaced Cancelled     HandedOver    -             !IsPaid       !IsPaid
        handed-over !AlreadyPlaced !IsHandedOver -             -             !IsHandedOver !IsHandedOver
        cancelling  !AlreadyPlaced -             !IsCancelled  !IsCancelled  !IsCancelled  Closed
        cancelled   !AlreadyPlaced -             !IsCancelled  !IsCancelled  !IsCancelled  -
        rejected    !AlreadyPlaced !WasRejected  !WasRejected  !WasRejected  -             -
        ",
    );
}

#[test]
fn goods_that_are_not_for_sale_are_refused_with_the_reason() {
    let reason = "at least one copy".to_owned();
    Order::given([]).when(Place(papers(0))).rejected(Rejection::NotForSale { reason });
    Order::given([]).when(Place(papers(u32::MAX))).rejected(Rejection::TooDear);
}

#[test]
fn the_goods_are_the_body_of_a_request_and_the_command_has_the_word_of_the_business() {
    assert_eq!(Order::read_new("place", r#"{"copies":2}"#), Ok(Place(papers(2))));
    assert!(Order::read_new("place", r#"{"copies":2,"price":1}"#).is_err());
    assert_eq!(Order::read("give", ""), Ok(HandOver));
    let shown =
        |past: Vec<Event<Papers>>| serde_json::to_value(Order::after(past).represent(7)).unwrap();
    let given = json!({ "id": 7, "copies": 2, "amount": 4_000, "status": "Given" });
    assert_eq!(shown(vec![placed(), paid(), HandedOver { goods: papers(2) }]), given);
    assert_eq!(shown(vec![placed(), rejected()])["reason"], "no money");
}

#[test]
fn whatever_happens_the_money_of_a_sale_is_where_its_status_says() {
    let reached = worlds(begin).invariants(World::check_money::<Papers>).run(2_000);
    println!("{reached}");
}

/// The worlds find a bug: here, an order that is called off after its payment keeps the money.
#[test]
fn a_sale_that_keeps_the_money_of_a_cancelled_order_is_found() {
    let faulty = || {
        let mut world = begin();
        world.plant_decide::<Order>(|order, command, now, settings| {
            match order.decide(command, now, settings)?.as_slice() {
                [Cancelled { .. }] if order.status == Status::Paid => Ok(vec![Closed]),
                events => Ok(events.to_vec()),
            }
        });
        world
    };
    let flaw = worlds(faulty).first_flaw(1_000).expect("the worlds find it");
    println!("{flaw}");
}

fn worlds<'a>(begin: impl Fn() -> World + Sync + 'a) -> RandomWorlds<'a> {
    RandomWorlds::new(move |_| begin())
        .person(6, |world, dice| {
            let copies = u32::try_from(dice.roll(3)).unwrap_or_default();
            let command = if dice.once_in(3) { Cancel } else { Place(papers(copies)) };
            let _ = world.submit::<Order>(1 + dice.roll(3) as u64, command);
        })
        .person(3, |world, dice| {
            let _ = world.submit::<Order>(1 + dice.roll(3) as u64, HandOver);
        })
}

#[test]
fn a_sale_survives_every_failure_repetition_and_crash() {
    let story = |world: &mut World, chapter: usize| {
        let commands = [Place(papers(2)), Cancel, HandOver];
        let Some(command) = commands.get(chapter) else { return false };
        let _ = world.submit::<Order>(1, command.clone());
        true
    };
    let check = |world: &World| world.check_money::<Papers>();
    fail_each_step(begin, story, check);
    repeat_each_step(begin, story, check);
    crash_at_each_record(begin, story, check);
}

fn begin() -> World {
    let mut world = World::of::<Kiosk>(Empty {});
    world.outside.declines = &["refund"];
    world
}

const fn papers(copies: u32) -> Papers {
    Papers { copies: Quantity(copies) }
}

fn placed() -> Event<Papers> {
    Placed { goods: papers(2), amount: Money(4_000) }
}

fn paid() -> Event<Papers> {
    Paid { goods: papers(2) }
}

fn reject() -> Command<Papers> {
    Reject { how: FailureKind::Unpaid, reason: "no money".into() }
}

fn rejected() -> Event<Papers> {
    Rejected { how: FailureKind::Unpaid, reason: "no money".into() }
}
