//! A business that takes money, outside madang: the crate that `madang new` writes, and the saga
//! that `docs/business.md` adds to it.

#[path = "../../examples/bakery/bakery/mod.rs"]
mod bakery;
#[path = "../../examples/bakery/collecting.rs"]
mod collecting;
#[path = "../../examples/bakery/settings.rs"]
mod settings;

use crate::support::{inside::Running, story};
use bakery::{Bakery, Command, Event, Order};
use collecting::Collecting;
use madang::{
    actors::{Installation, Settings},
    domain::kernel::{
        Aggregate as _, Business, Empty, Host, Money, Progress, Quantity,
        simulation::{Dice, RandomWorlds, World},
    },
    model::{self, ModelBuilder},
};
use settings::Settings as Prices;
use std::{fs, path::Path};

/// The most lines of the files of the business, without its specification and its random worlds.
const LINES_MAX: &[(&str, usize)] = &[("mod.rs", 182), ("overview.rs", 35), ("payment.rs", 55)];

fn install(host: &mut impl Host) {
    host.business::<Bakery>();
}

#[test]
fn it_is_small() {
    for (file, most) in LINES_MAX {
        let text = fs::read_to_string(Path::new("examples/bakery/bakery").join(file)).unwrap();
        let lines = text.lines().count();
        assert!(lines <= *most, "{file}: {lines} lines");
    }
}

#[test]
fn its_story_can_be_told_twice_and_its_data_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::serve(folder.path(), |_| {}, install);
    for _ in 0..2 {
        story::tell("examples/bakery/story.sh", running.address);
    }
    drop(running);
    let settings = Settings { data: folder.path().to_owned(), ..Settings::default() };
    let findings = Installation::audit(settings, install, &mut |_, _, _| {}).unwrap();
    assert_eq!(findings.flaws, Vec::<String>::new());
}

#[test]
fn its_board_has_its_payment() {
    let mut builder = ModelBuilder::default();
    builder.business::<Bakery>();
    let boards = builder.boards();
    let page = model::page(&boards[0]);
    for part in ["POST /bakery/orders/{number}/hand-over", "bakery/billing", "bakery/payments"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    assert!(model::svg(&boards).contains(">HandOver<"));
}

/// The business with the saga of `docs/business.md`.
struct Later;

impl Business for Later {
    const NAME: &'static str = Bakery::NAME;
    type Settings = Empty;

    fn install(host: &mut impl Host) {
        Bakery::install(host);
        host.saga::<Collecting>();
    }
}

fn place(world: &mut World, number: u64) -> Result<(), String> {
    let command = Command::Place { customer: "Kim".into(), quantity: Quantity(2) };
    world.submit::<Order>(number, command)
}

#[test]
fn an_order_that_is_not_collected_within_three_days_is_cancelled() {
    let mut world = World::of::<Later>(Empty {});
    let dice = &mut Dice::new(1);
    for number in 1..=2 {
        place(&mut world, number).unwrap();
    }
    world.settle(dice);
    world.tell::<Order>(2, Command::HandOver).unwrap();
    world.advance_ms(3 * 24 * 60 * 60 * 1_000);
    world.settle(dice);
    assert_eq!(world.shown::<Order>(1)["status"], "Cancelled");
    assert_eq!(world.shown::<Order>(2)["status"], "HandedOver");
}

#[test]
fn the_timer_of_an_order_fires_in_random_worlds() {
    let worlds = RandomWorlds::new(|_| World::of::<Later>(Empty {})).person(1, |world, dice| {
        let number = 1 + dice.roll(3) as u64;
        let _ = match dice.roll(3) {
            0 => place(world, number),
            1 => world.submit::<Order>(number, Command::HandOver),
            _ => world.submit::<Order>(number, Command::Cancel),
        };
    });
    let collected = worlds.invariants(|world| {
        let is_open =
            |number: &u64| world.open::<Collecting>().iter().any(|(open, _)| open == number);
        let paid = world.all::<Order>().into_iter().map(|(number, _)| number);
        let left = paid.filter(|number| world.shown::<Order>(*number)["status"] == "Paid");
        match { left }.find(|number| !is_open(number)) {
            Some(number) => Err(format!("order {number} is paid, and nothing waits for it")),
            None => Ok(()),
        }
    });
    let reached = collected.run(2_000);
    let fired = reached.items().into_iter().find(|(item, _)| item == "timer of bakery/collecting");
    assert!(fired.is_some_and(|(_, times)| times > 10), "{reached}");
}

/// The billing of an order that was rejected requests a refund for nothing, and waits for ever.
#[test]
fn an_order_that_is_called_off_without_a_payment_is_found() {
    let faulty = |_: &mut Dice| {
        let mut world = World::of::<Bakery>(Empty {});
        world.plant_decide::<Order>(|order, command, now, settings| {
            let is_rejected = matches!(order.progress(), Progress::Failed { .. });
            if is_rejected && command == Command::Cancel {
                return Ok(vec![Event::Cancelled]);
            }
            order.decide(command, now, settings)
        });
        world
    };
    let worlds = RandomWorlds::new(faulty).person(1, |world, dice| {
        let _ = if dice.once_in(2) {
            place(world, 1)
        } else {
            world.submit::<Order>(1, Command::Cancel)
        };
    });
    let flaw = worlds.first_flaw(2_000).expect("the worlds find it");
    assert!(flaw.violation.starts_with("bakery/billing is not settled"), "{flaw}");
}

#[test]
fn its_price_can_be_a_setting() {
    let read = |text: &str| {
        let settings = serde_json::from_str::<Prices>(text);
        settings.map(|settings| settings.price).map_err(|error| error.to_string())
    };
    assert_eq!(read("{}"), Ok(Money(4_000)));
    assert_eq!(read(r#"{"price":5000}"#), Ok(Money(5_000)));
    assert!(read(r#"{"prize":5000}"#).is_err());
    assert!(read(r#"{"price":1000000000001}"#).is_err());
}

#[test]
fn every_event_is_written_in_the_order_of_the_process() {
    let mut world = World::of::<Bakery>(Empty {});
    place(&mut world, 1).unwrap();
    world.settle(&mut Dice::new(1));
    world.tell::<Order>(1, Command::HandOver).unwrap();
    let events: Vec<Event> = world.events::<Order>().into_iter().map(|(_, event)| event).collect();
    assert!(matches!(events[..], [Event::Placed { .. }, Event::Paid, Event::HandedOver]));
}
