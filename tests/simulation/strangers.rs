//! What strangers say: nothing that only a saga, a port or a lookup may say comes over the door step.

use super::{claims, education, insurance, phone, rental, taxi};
use madang::domain::{
    self,
    kernel::{
        Aggregate, Business, Dispatch, Host, Id, Lookup, Malformed, Nothing, Port, Saga, Saying,
        Speaker, View, Vocabulary,
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

/// What is said inside and by people alike: the kind of aggregate, and the command.
const SAID_BY_BOTH: &[(&str, &str)] = &[];

/// How a business begins, and what people say there.
type Scene = (fn(&mut Dice) -> World, fn(&mut World, &mut Dice));

/// How the random worlds of every business begin, and who lives in them.
const BUSINESSES: &[Scene] = &[
    (claims::some_office, claims::people),
    (|_| education::school(), education::people),
    (insurance::some_company, insurance::people),
    (phone::some_shop, phone::people),
    (|_| rental::garage(), rental::people),
    (taxi::some_company, taxi::people),
];

/// Worlds in which enough is said inside.
const WORLDS: u64 = 200;

/// The commands of the inside that a stranger could say in random worlds that begin so.
fn open_commands(begin: fn(&mut Dice) -> World, people: fn(&mut World, &mut Dice)) -> Vec<String> {
    let mut open = vec![];
    for seed in 0..WORLDS {
        let mut dice = Dice::new(seed);
        let mut world = begin(&mut dice);
        for _ in 0..40 {
            people(&mut world, &mut dice);
            world.stir(&mut dice);
        }
        world.settle(&mut dice);
        for said in world.overheard().to_vec() {
            let (kind, command) = (said.aggregate(), said.command_name());
            if SAID_BY_BOTH.contains(&(kind, command.as_str())) {
                continue;
            }
            let refusal = world.say_again(&said).err().unwrap_or_default();
            if !refusal.starts_with("only a saga") {
                open.push(format!("{kind} {command}"));
            }
        }
    }
    open.sort();
    open.dedup();
    open
}

/// Collects what can be said to each kind of aggregate, and who may say it.
#[derive(Default)]
struct Doorstep {
    /// Each meaning of each saying, with the name of the saying.
    said: Vec<(String, Dispatch)>,
    speakers: BTreeMap<&'static str, fn(&Dispatch) -> Option<Speaker>>,
}

impl Host for Doorstep {
    fn business<B: Business>(&mut self) -> &mut Self {
        B::install(self);
        self
    }

    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        self.hear(A::vocabulary())
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
    fn hear<A: Aggregate>(&mut self, vocabulary: Vocabulary<A>) -> &mut Self {
        self.speakers.insert(A::NAME, |said| said.command::<A>().map(A::speaker));
        for saying in vocabulary.into_sayings() {
            let name = format!("{} {}", A::NAME, saying.name);
            let meant = meanings(&saying);
            assert!(!meant.is_empty(), "no body is understood as {name}");
            self.said.extend(meant.into_iter().map(|said| (name.clone(), said)));
        }
        self
    }

    /// The sayings that mean a command of the inside.
    fn open(&self) -> BTreeSet<String> {
        let speaker = |said| self.speakers.get(Dispatch::aggregate(said)).and_then(|of| of(said));
        let inside = self.said.iter().filter(|(_, said)| speaker(said) == Some(Speaker::Inside));
        inside.map(|(name, said)| format!("{name}: {}", said.command_name())).collect()
    }
}

/// Every command that can be said with it: bodies are made up from what the refusals ask for.
fn meanings<A: Aggregate>(saying: &Saying<A>) -> Vec<Dispatch> {
    let (mut meant, mut bodies) = (vec![], vec![Map::new(), every_field(saying)]);
    while let Some(body) = bodies.pop() {
        match meaning(saying, &body) {
            Ok(said) => meant.push(said),
            Err(why) => bodies.extend(better(&body, &why.to_string())),
        }
    }
    meant
}

/// What it means with this body, to whomever.
fn meaning<A: Aggregate>(
    saying: &Saying<A>,
    body: &Map<String, Value>,
) -> Result<Dispatch, Malformed> {
    let text = serde_json::to_vec(body).expect("JSON");
    if let Some(said) = saying.passed_on(Some(1), &text)? {
        return Ok(said);
    }
    Ok(Dispatch::new(Id::<A>::new(1), saying.parse(Some(1), &text)?.command))
}

/// A body with every field that is read, as a refusal of another field names them.
fn every_field<A: Aggregate>(saying: &Saying<A>) -> Map<String, Value> {
    let odd = Map::from_iter([("?".to_owned(), 1.into())]);
    let refusal = meaning(saying, &odd).err().map(|why| why.to_string()).unwrap_or_default();
    let names = refusal.split_once("expected").map_or("", |(_, names)| names).split('`');
    names.skip(1).step_by(2).map(|name| (name.to_owned(), 1.into())).collect()
}

/// Bodies that do not have this fault: with the missing field, or with each of the words expected.
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
fn no_saying_of_any_business_means_a_command_of_the_inside() {
    let mut doorstep = Doorstep::default();
    domain::install(&mut doorstep);
    assert_eq!(doorstep.open(), BTreeSet::new());
    assert!(doorstep.said.len() > 10, "{} meanings", doorstep.said.len());
}

#[test]
fn a_saying_that_lets_strangers_pay_an_order_is_noticed() {
    let mut doorstep = Doorstep::default();
    doorstep.hear(Order::vocabulary().command("pay", |Nothing {}| Ok(order::Command::Pay)));
    let refund = |Nothing {}| Ok(payment::Command::Refund);
    doorstep.hear::<Payment>(Fare::vocabulary().command("refund", refund));
    let open: Vec<String> = doorstep.open().into_iter().collect();
    assert_eq!(open, ["taxi/orders pay: Pay", "taxi/paymentHistories refund: Refund"]);
}

#[test]
fn nobody_says_aloud_what_is_said_inside() {
    for (begin, people) in BUSINESSES {
        assert_eq!(open_commands(*begin, *people), [""; 0]);
    }
}

#[test]
fn a_payment_that_strangers_may_approve_is_noticed() {
    fn speaker(command: &payment::Command<Fare>) -> Speaker {
        match command {
            payment::Command::Approve => Speaker::Anyone,
            other => Payment::speaker(other),
        }
    }
    let begin = |dice: &mut Dice| {
        let mut world = taxi::some_company(dice);
        world.plant_speaker::<Payment>(speaker);
        world
    };
    assert_eq!(open_commands(begin, taxi::people), ["taxi/paymentHistories Approve"]);
}
