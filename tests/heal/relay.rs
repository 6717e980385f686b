//! A saga and a port around the counters: what is added to a counter is told to a tally of the
//! same number, digit by digit.

use crate::probe::{Command as Count, Counter, Event as Counted, NoSettings};
use madang::domain::kernel::{
    Aggregate, Answer, Ask, Awaits, Business, Decision, Dispatch, Host, Id, Meta, Patience, Port,
    Rejection, Saga, Speaker, Step, Timestamp, Vocabulary,
};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};

pub struct Relay;

impl Business for Relay {
    const NAME: &'static str = "relay";
    type Settings = NoSettings;

    fn install(host: &mut impl Host) {
        host.aggregate::<Counter>().aggregate::<Tally>().saga::<Echo>();
    }
}

/// The digits told so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally(u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Tell {
    Digit(u32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told(u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("never")]
pub struct Never;

impl Rejection for Never {}

impl Aggregate for Tally {
    const NAME: &'static str = "relay/tallies";
    type Business = Relay;
    type Command = Tell;
    type Event = Told;
    type Rejection = Never;

    fn speaker(_: &Tell) -> Speaker {
        Speaker::Inside
    }

    fn decide(&self, Tell::Digit(digit): Tell, _: Timestamp, _: &NoSettings) -> Decision<Self> {
        Ok(vec![Told(digit)])
    }

    fn evolve(self, Told(digit): Told) -> Self {
        Self(self.0 * 10 + u64::from(digit))
    }

    fn show(&self, number: u64) -> impl Serialize {
        serde_json::json!({ "id": number, "count": self.0 })
    }

    fn vocabulary() -> Vocabulary<Self> {
        Vocabulary::new()
    }
}

/// While this is set, a saga that hears of [`BAD_DIGIT`], which no other test says, crashes.
pub static SAGA_IS_POISONED: AtomicBool = AtomicBool::new(false);

pub const BAD_DIGIT: u32 = 0;

/// How many digits it has heard.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Echo(u32);

type Heard = (Id<Counter>, Counted);

impl Saga for Echo {
    const NAME: &'static str = "relay/echo";
    type Hears = Heard;

    fn route((counter, _): &Heard) -> Option<u64> {
        Some(counter.number())
    }

    fn react(self, me: Id<Self>, (_, event): Heard, _: &Meta) -> Step<Self> {
        let Counted::Added(digit) = event else { return Step::wait(self) };
        let is_bad = digit == BAD_DIGIT && SAGA_IS_POISONED.load(Ordering::SeqCst);
        assert!(!is_bad, "a bad digit");
        Step::wait(Self(self.0 + 1)).tell(me.of::<Tally>(), Tell::Digit(digit))
    }

    /// It goes on for ever: whoever adds the next digit may take as long as he likes.
    fn awaits(&self) -> Awaits {
        Awaits::Person("adder")
    }
}

/// A port whose answers for the first counters go to one that crashes on them.
pub struct Knocking;

/// So many outcomes are stuck: one less than the errands that may always be unfinished.
pub const STUCK: u64 = 1_023;

impl Business for Knocking {
    const NAME: &'static str = "knocking";
    type Settings = NoSettings;

    fn install(host: &mut impl Host) {
        host.aggregate::<Counter>().aggregate::<Tally>().port::<Knock>();
    }
}

pub struct Knock;

impl Port for Knock {
    const NAME: &'static str = "knocking/knock";
    type Hears = Heard;

    fn ask((counter, event): &Heard, _: &Meta) -> Option<Ask> {
        (*event == Counted::Opened).then(|| Ask {
            operation: "knock",
            key: format!("knock-{counter}"),
            undoes: None,
            body: serde_json::json!({}),
            patience: Patience::UntilAnswered,
        })
    }

    fn answered((counter, _): &Heard, _: &Meta, _: &Answer) -> Dispatch {
        if counter.number() <= STUCK {
            return Dispatch::new(Id::<Counter>::new(1), Count::Explode);
        }
        Dispatch::new(counter.of::<Tally>(), Tell::Digit(1))
    }
}

/// While this is set, a port crashes on what [`BAD_QUESTION`] asks, and on the answer to
/// [`BAD_ANSWER`].
pub static PORT_IS_POISONED: AtomicBool = AtomicBool::new(false);

pub const BAD_QUESTION: u64 = 2;
pub const BAD_ANSWER: u64 = 3;

/// A port that some conversations crash.
pub struct Ringing;

impl Business for Ringing {
    const NAME: &'static str = "ringing";
    type Settings = NoSettings;

    fn install(host: &mut impl Host) {
        host.aggregate::<Counter>().aggregate::<Tally>().port::<Ring>();
    }
}

pub struct Ring;

impl Port for Ring {
    const NAME: &'static str = "ringing/ring";
    type Hears = Heard;

    fn ask((counter, event): &Heard, _: &Meta) -> Option<Ask> {
        let is_poisoned = PORT_IS_POISONED.load(Ordering::SeqCst);
        assert!(!(is_poisoned && counter.number() == BAD_QUESTION), "a bad question");
        (*event == Counted::Opened).then(|| Ask {
            operation: "ring",
            key: format!("ring-{counter}"),
            undoes: None,
            body: serde_json::json!({}),
            patience: Patience::UntilAnswered,
        })
    }

    fn answered((counter, _): &Heard, _: &Meta, _: &Answer) -> Dispatch {
        let is_poisoned = PORT_IS_POISONED.load(Ordering::SeqCst);
        assert!(!(is_poisoned && counter.number() == BAD_ANSWER), "a bad answer");
        Dispatch::new(counter.of::<Tally>(), Tell::Digit(1))
    }
}
