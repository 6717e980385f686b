//! A saga and a port between counters and tallies. Each digit that is added to a counter is sent to
//! the tally of the same number.

use crate::probe::{Command as Count, Counter, Event as Counted, NoSettings};
use madang::domain::kernel::{
    Aggregate, Business, CommandRoutes, Decision, Dispatch, Host, Id, Issuer, Meta, Port,
    PortReply, PortRequest, Rejection, RetryPolicy, Saga, Step, Timestamp, WaitsFor,
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

/// The digits received so far.
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

    fn issuer(_: &Tell) -> Issuer {
        Issuer::Internal
    }

    fn decide(&self, Tell::Digit(digit): Tell, _: Timestamp, _: &NoSettings) -> Decision<Self> {
        Ok(vec![Told(digit)])
    }

    fn evolve(self, Told(digit): Told) -> Self {
        Self(self.0 * 10 + u64::from(digit))
    }

    fn represent(&self, number: u64) -> impl Serialize {
        serde_json::json!({ "id": number, "count": self.0 })
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
    }
}

/// While this is set, the saga crashes on [`BAD_DIGIT`], which no other test uses.
pub static SAGA_IS_POISONED: AtomicBool = AtomicBool::new(false);

pub const BAD_DIGIT: u32 = 0;

/// The number of digits received.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Echo(u32);

type Heard = (Id<Counter>, Counted);

impl Saga for Echo {
    const NAME: &'static str = "relay/echo";
    type Events = Heard;

    fn react(self, me: Id<Self>, (_, event): Heard, _: &Meta) -> Step<Self> {
        let Counted::Added(digit) = event else { return Step::wait(self) };
        let is_bad = digit == BAD_DIGIT && SAGA_IS_POISONED.load(Ordering::SeqCst);
        assert!(!is_bad, "a bad digit");
        Step::wait(Self(self.0 + 1)).send(me.of::<Tally>(), Tell::Digit(digit))
    }

    /// The saga never ends: the person who adds the next digit may take any time.
    fn waits_for(&self) -> WaitsFor {
        WaitsFor::Person("adder")
    }
}

/// A port whose replies for the first counters go to a counter that crashes on them.
pub struct Knocking;

/// The number of stuck outcomes: one less than the effects that may always be unfinished.
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
    type Events = Heard;

    fn ask((counter, event): &Heard, _: &Meta) -> Option<PortRequest> {
        (*event == Counted::Opened).then(|| PortRequest {
            operation: "knock",
            key: format!("knock-{counter}"),
            undoes: None,
            body: serde_json::json!({}),
            retry_policy: RetryPolicy::UntilAnswered,
        })
    }

    fn on_reply((counter, _): &Heard, _: &Meta, _: &PortReply) -> Dispatch {
        if counter.number() <= STUCK {
            return Dispatch::new(Id::<Counter>::new(1), Count::Explode);
        }
        Dispatch::new(counter.of::<Tally>(), Tell::Digit(1))
    }
}

/// While this is set, the port crashes on the call of [`BAD_QUESTION`], and on the reply to
/// [`BAD_ANSWER`].
pub static PORT_IS_POISONED: AtomicBool = AtomicBool::new(false);

pub const BAD_QUESTION: u64 = 2;
pub const BAD_ANSWER: u64 = 3;

/// While this is set, the port crashes on the reply to the call of [`URGENT_CALL`].
pub static URGENT_REPLY_IS_POISONED: AtomicBool = AtomicBool::new(false);

/// The counter whose call keeps to a deadline. Only one test opens it.
pub const URGENT_CALL: u64 = 41;

/// The digit after the reply that it is unknown whether the service acted.
pub const UNKNOWN: u32 = 2;

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
    type Events = Heard;

    fn ask((counter, event): &Heard, _: &Meta) -> Option<PortRequest> {
        let is_poisoned = PORT_IS_POISONED.load(Ordering::SeqCst);
        assert!(!(is_poisoned && counter.number() == BAD_QUESTION), "a bad question");
        let is_urgent = counter.number() == URGENT_CALL;
        (*event == Counted::Opened).then(|| PortRequest {
            operation: "ring",
            key: format!("ring-{counter}"),
            undoes: None,
            body: serde_json::json!({}),
            retry_policy: if is_urgent {
                RetryPolicy::UntilDeadline
            } else {
                RetryPolicy::UntilAnswered
            },
        })
    }

    fn on_reply((counter, _): &Heard, _: &Meta, reply: &PortReply) -> Dispatch {
        let is_poisoned = match counter.number() {
            BAD_ANSWER => PORT_IS_POISONED.load(Ordering::SeqCst),
            URGENT_CALL => URGENT_REPLY_IS_POISONED.load(Ordering::SeqCst),
            _ => false,
        };
        assert!(!is_poisoned, "a bad answer");
        let digit = match reply {
            PortReply::Approved(_) | PortReply::Declined(_) => 1,
            PortReply::Unreachable(_) => UNKNOWN,
            PortReply::TurnedAway(_) => 3,
        };
        Dispatch::new(counter.of::<Tally>(), Tell::Digit(digit))
    }
}
