//! Clients cannot submit a command that only a saga, a port or a lookup may send.

use super::{claims, education, insurance, phone, rental, taxi};
use madang::domain::{
    self,
    kernel::{
        Aggregate, Business, CommandRoute, CommandRoutes, Dispatch, Empty, Host, Id, Issuer,
        Lookup, Malformed, Port, Saga, View,
        payment::{self, Bill},
        simulation::{Dice, World},
    },
    taxi::{
        order::{self, Order},
        payment::{Fare, Payment},
    },
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The commands that both clients and internal senders submit: the aggregate kind and the command.
const SAID_BY_BOTH: &[(&str, &str)] = &[];

/// How the world of a business begins, and the commands that clients submit there.
type Scene = (fn(&mut Dice) -> World, fn(&mut World, &mut Dice));

/// The random worlds of every business, and their clients.
const BUSINESSES: &[Scene] = &[
    (claims::some_office, claims::people),
    (|_| education::school(), education::people),
    (insurance::some_company, insurance::people),
    (phone::some_shop, phone::people),
    (|_| rental::garage(), rental::people),
    (taxi::some_company, taxi::people),
];

/// Enough worlds for every internal command to occur.
const WORLDS: u64 = 200;

/// The internal commands that a client could submit in random worlds that begin like this.
fn open_commands(begin: fn(&mut Dice) -> World, people: fn(&mut World, &mut Dice)) -> Vec<String> {
    let mut open = vec![];
    for seed in 0..WORLDS {
        let mut dice = Dice::new(seed);
        let mut world = begin(&mut dice);
        for _ in 0..40 {
            people(&mut world, &mut dice);
            world.random_step(&mut dice);
        }
        world.settle(&mut dice);
        for said in world.dispatched().to_vec() {
            let (kind, command) = (said.aggregate(), said.command_name());
            if SAID_BY_BOTH.contains(&(kind, command.as_str())) {
                continue;
            }
            let refusal = world.submit_again(&said).err().unwrap_or_default();
            if !refusal.starts_with("only a saga") {
                open.push(format!("{kind} {command}"));
            }
        }
    }
    open.sort();
    open.dedup();
    open
}

/// Collects the commands that each aggregate kind accepts, and their permitted issuers.
#[derive(Default)]
struct Doorstep {
    /// Each command that a command route yields, with the name of the route.
    said: Vec<(String, Dispatch)>,
    speakers: BTreeMap<&'static str, fn(&Dispatch) -> Option<Issuer>>,
}

impl Host for Doorstep {
    fn business<B: Business>(&mut self) -> &mut Self {
        B::install(self);
        self
    }

    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        self.hear(A::command_routes())
    }

    fn saga<S: Saga>(&mut self) -> &mut Self {
        self
    }

    fn port<P: Port>(&mut self) -> &mut Self {
        self
    }

    fn lookup<L: Lookup>(&mut self) -> &mut Self {
        self
    }

    fn view<V: View>(&mut self) -> &mut Self {
        self
    }
}

impl Doorstep {
    fn hear<A: Aggregate>(&mut self, command_routes: CommandRoutes<A>) -> &mut Self {
        self.speakers.insert(A::NAME, |said| said.command::<A>().map(A::issuer));
        for command_route in command_routes.into_routes() {
            let name = format!("{} {}", A::NAME, command_route.name);
            let meant = meanings(&command_route);
            assert!(!meant.is_empty(), "no body yields a command of {name}");
            self.said.extend(meant.into_iter().map(|said| (name.clone(), said)));
        }
        self
    }

    /// The command routes that yield an internal command.
    fn open(&self) -> BTreeSet<String> {
        let issuer = |said| self.speakers.get(Dispatch::aggregate(said)).and_then(|of| of(said));
        let inside = self.said.iter().filter(|(_, said)| issuer(said) == Some(Issuer::Internal));
        inside.map(|(name, said)| format!("{name}: {}", said.command_name())).collect()
    }
}

/// All commands that the route yields: the bodies follow from the reasons of its refusals.
fn meanings<A: Aggregate>(command_route: &CommandRoute<A>) -> Vec<Dispatch> {
    let (mut meant, mut bodies) = (vec![], vec![Map::new(), every_field(command_route)]);
    while let Some(body) = bodies.pop() {
        match meaning(command_route, &body) {
            Ok(said) => meant.push(said),
            Err(why) => bodies.extend(better(&body, &why.to_string())),
        }
    }
    meant
}

/// The command that the route yields for this body.
fn meaning<A: Aggregate>(
    command_route: &CommandRoute<A>,
    body: &Map<String, Value>,
) -> Result<Dispatch, Malformed> {
    let text = serde_json::to_vec(body).expect("JSON");
    if let Some(said) = command_route.forwarded(Some(1), &text)? {
        return Ok(said);
    }
    Ok(Dispatch::new(Id::<A>::new(1), command_route.parse(Some(1), &text)?.command))
}

/// A body with every field that the route reads, as the refusal of another field names them.
fn every_field<A: Aggregate>(command_route: &CommandRoute<A>) -> Map<String, Value> {
    let odd = Map::from_iter([("?".to_owned(), 1.into())]);
    let refusal = meaning(command_route, &odd).err().map(|why| why.to_string()).unwrap_or_default();
    let names = refusal.split_once("expected").map_or("", |(_, names)| names).split('`');
    names.skip(1).step_by(2).map(|name| (name.to_owned(), 1.into())).collect()
}

/// Bodies without this error: with the missing field, or with each of the expected words.
fn better(body: &Map<String, Value>, why: &str) -> Vec<Map<String, Value>> {
    let with = |field: &str, value: Value| {
        let mut body = body.clone();
        body.insert(field.to_owned(), value);
        body
    };
    let quoted = why.split('`').nth(1).unwrap_or_default();
    if why.starts_with("missing field") && !body.contains_key(quoted) {
        return vec![with(quoted, 1.into())];
    }
    let Some((_, expected)) = why.split_once(", expected ") else { return vec![] };
    let unknown = body.iter().filter(|(_, value)| **value == 1);
    let words = || expected.split(" or ");
    unknown.flat_map(|(field, _)| words().map(|word| with(field, word.into()))).collect()
}

#[test]
fn no_command_route_of_any_business_yields_an_internal_command() {
    let mut doorstep = Doorstep::default();
    domain::install(&mut doorstep);
    assert_eq!(doorstep.open(), BTreeSet::new());
    assert!(doorstep.said.len() > 10, "{} meanings", doorstep.said.len());
}

#[test]
fn a_command_route_that_lets_clients_pay_an_order_is_noticed() {
    let mut doorstep = Doorstep::default();
    doorstep.hear(Order::command_routes().command("pay", |Empty {}| Ok(order::Command::Pay)));
    let refund = |Empty {}| Ok(payment::Command::Refund);
    doorstep.hear::<Payment>(Fare::command_routes().command("refund", refund));
    let open: Vec<String> = doorstep.open().into_iter().collect();
    assert_eq!(open, ["taxi/orders pay: Pay", "taxi/paymentHistories refund: Refund"]);
}

#[test]
fn clients_submit_no_internal_command() {
    for (begin, people) in BUSINESSES {
        assert_eq!(open_commands(*begin, *people), [""; 0]);
    }
}

#[test]
fn a_payment_that_clients_may_approve_is_noticed() {
    fn issuer(command: &payment::Command<Fare>) -> Issuer {
        match command {
            payment::Command::Approve { .. } => Issuer::Anyone,
            other => Payment::issuer(other),
        }
    }
    let begin = |dice: &mut Dice| {
        let mut world = taxi::some_company(dice);
        world.plant_issuer::<Payment>(issuer);
        world
    };
    assert_eq!(open_commands(begin, taxi::people), ["taxi/paymentHistories Approve"]);
}
