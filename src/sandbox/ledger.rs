//! The ledger of a service: the state of every idempotency key, and how often it was called and
//! acted on.
//!
//! A *charge* is the action that a call requests (a payment, a message, a release, a grant). A
//! *refund* names a charge and gives it back.
//!
//! A refund of a key that was never charged spoils the key: a late charge under it is refused. So a
//! delayed charge cannot succeed after its refund.
//!
//! ```text
//!            charge                    refund of it
//!   called ─────────▶ charged ───────────────────────▶ returned
//!      │ └─ declined                       ┌─────────▶ refund    (the refund's own key)
//!      └──── a refund comes first ─▶ spoilt└─────────▶ idle      (it found nothing to give back)
//! ```

use serde::Serialize;
use std::collections::HashMap;

/// A call, as far as the ledger needs it.
#[derive(Clone, Debug)]
pub struct Call {
    /// The idempotency key.
    pub key: String,
    /// The key of the charge to give back; `None` for a charge.
    pub gives_back: Option<String>,
}

/// The state of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The key was called and nothing was done.
    #[default]
    Called,
    /// A charge that stands.
    Charged,
    /// A charge that was given back.
    Returned,
    /// A charge that the service declined.
    Declined,
    /// A charge whose refund came first; it is refused from now on.
    Spoilt,
    /// A refund that gave something back.
    Refund,
    /// A refund that found nothing to give back.
    Idle,
}

/// The entry of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The state.
    pub state: State,
    /// The number of calls.
    pub calls: u32,
    /// The number of times the service acted; more than one is a double.
    pub acted: u32,
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The action was done, now or before.
    Done,
    /// The charge was declined, now or before.
    Declined,
    /// The call is refused for this reason.
    Refused(&'static str),
}

/// The ledger has no room for further keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// The totals of a ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Keys in the ledger.
    pub keys: usize,
    /// Keys charged, whether or not they were given back.
    pub charges: u64,
    /// Charges given back.
    pub refunds: u64,
    /// Charges not given back.
    pub standing: u64,
    /// Keys acted on more than once.
    pub doubles: u64,
    /// Keys declined.
    pub declined: u64,
    /// Keys whose refund came before the charge.
    pub spoilt: u64,
    /// Calls received.
    pub calls: u64,
    /// Calls under a key that had been called before.
    pub repeats: u64,
    /// Calls answered 500.
    pub failures: u64,
    /// Calls never answered.
    pub hangs: u64,
    /// Calls answered 503 because of the capacity; these are not among the calls.
    pub rejected: u64,
}

/// The terms under which a call is handled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// Decline the charge, unless the key has an outcome already.
    pub declines: bool,
    /// Act again, although the action was done.
    pub forgets: bool,
}

/// The ledger: all keys, and the totals.
#[derive(Debug)]
pub struct Ledger {
    keys: HashMap<Box<str>, Entry>,
    keys_max: usize,
    totals: Totals,
}

/// The reasons of refusals, as sent to the caller.
const SPOILT: &str = "its refund came before it";
const MISTAKEN: &str = "this key belongs to another action";

impl Ledger {
    /// Creates an empty ledger that holds at most `keys_max` keys.
    pub fn new(keys_max: usize) -> Self {
        Self { keys: HashMap::new(), keys_max, totals: Totals::default() }
    }

    /// Counts a call.
    ///
    /// # Errors
    /// When there is no room for its keys; the call is not counted then.
    pub fn called(&mut self, call: &Call) -> Result<(), Full> {
        let keys_new = 1 + usize::from(call.gives_back.is_some());
        let is_known = self.keys.contains_key(call.key.as_str());
        if !is_known && self.keys.len() + keys_new > self.keys_max {
            return Err(Full);
        }
        self.totals.calls += 1;
        self.totals.repeats += u64::from(is_known);
        self.entry(&call.key).calls += 1;
        Ok(())
    }

    /// Performs the charge or refund, unless it was done before or has to be refused.
    pub fn act(&mut self, call: &Call, terms: Terms) -> Verdict {
        match &call.gives_back {
            None => self.charge(&call.key, terms),
            Some(charge) => self.refund(&call.key, charge, terms),
        }
    }

    /// Counts an answer of 500.
    pub fn failed(&mut self) {
        self.totals.failures += 1;
    }

    /// Counts an answer that never comes.
    pub fn hung(&mut self) {
        self.totals.hangs += 1;
    }

    /// Counts a call refused because of the capacity.
    pub fn rejected(&mut self) {
        self.totals.rejected += 1;
    }

    /// The totals of a ledger.
    pub fn totals(&self) -> Totals {
        Totals { keys: self.keys.len(), ..self.totals }
    }

    /// The entry of a key.
    pub fn look_up(&self, key: &str) -> Option<Entry> {
        self.keys.get(key).copied()
    }

    /// The keys of the charges not given back, in no particular order.
    pub fn standing(&self) -> Vec<&str> {
        let charged = self.keys.iter().filter(|(_, entry)| entry.state == State::Charged);
        charged.map(|(key, _)| &**key).collect()
    }

    fn charge(&mut self, key: &str, terms: Terms) -> Verdict {
        match self.entry(key).state {
            State::Called if terms.declines => {
                self.entry(key).state = State::Declined;
                self.totals.declined += 1;
                Verdict::Declined
            }
            State::Called => {
                self.entry(key).state = State::Charged;
                self.totals.charges += 1;
                self.totals.standing += 1;
                self.do_deed(key)
            }
            State::Charged | State::Returned if terms.forgets => self.do_deed(key),
            State::Charged | State::Returned => Verdict::Done,
            State::Declined => Verdict::Declined,
            State::Spoilt => Verdict::Refused(SPOILT),
            State::Refund | State::Idle => Verdict::Refused(MISTAKEN),
        }
    }

    fn refund(&mut self, key: &str, charge: &str, terms: Terms) -> Verdict {
        let state = self.entry(key).state;
        match state {
            State::Called => {
                if !self.give_back(charge) {
                    self.entry(key).state = State::Idle;
                    return Verdict::Done;
                }
                self.entry(key).state = State::Refund;
                self.do_deed(key)
            }
            State::Refund if terms.forgets => self.do_deed(key),
            State::Refund | State::Idle => Verdict::Done,
            State::Charged | State::Returned | State::Declined | State::Spoilt => {
                Verdict::Refused(MISTAKEN)
            }
        }
    }

    /// Gives a charge back; false when there was nothing to give back. A key without a charge is
    /// spoilt.
    fn give_back(&mut self, charge: &str) -> bool {
        let entry = self.entry(charge);
        match entry.state {
            State::Charged => {
                entry.state = State::Returned;
                self.totals.refunds += 1;
                self.totals.standing -= 1;
                true
            }
            State::Called => {
                entry.state = State::Spoilt;
                self.totals.spoilt += 1;
                false
            }
            _ => false,
        }
    }

    fn do_deed(&mut self, key: &str) -> Verdict {
        let entry = self.entry(key);
        entry.acted += 1;
        let is_first_double = entry.acted == 2;
        self.totals.doubles += u64::from(is_first_double);
        Verdict::Done
    }

    fn entry(&mut self, key: &str) -> &mut Entry {
        self.keys.entry(key.into()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECLINES: Terms = Terms { declines: true, forgets: false };
    const FORGETS: Terms = Terms { declines: false, forgets: true };

    fn charge(key: &str) -> Call {
        Call { key: key.into(), gives_back: None }
    }

    fn refund(key: &str, charge: &str) -> Call {
        Call { key: key.into(), gives_back: Some(charge.into()) }
    }

    impl Ledger {
        fn take(&mut self, call: &Call, terms: Terms) -> Verdict {
            self.called(call).unwrap();
            self.act(call, terms)
        }
    }

    fn ledger() -> Ledger {
        Ledger::new(10)
    }

    #[test]
    fn the_same_key_twice_is_one_charge() {
        let mut ledger = ledger();
        for _ in 0..3 {
            assert_eq!(ledger.take(&charge("c"), Terms::default()), Verdict::Done);
        }
        let Totals { charges, standing, doubles, calls, repeats, .. } = ledger.totals();
        assert_eq!((charges, standing, doubles, calls, repeats), (1, 1, 0, 3, 2));
        let entry = Entry { state: State::Charged, calls: 3, acted: 1 };
        assert_eq!(ledger.look_up("c"), Some(entry));
    }

    #[test]
    fn a_service_that_forgets_keys_acts_again_on_a_repeated_key() {
        let mut ledger = ledger();
        for _ in 0..3 {
            ledger.take(&charge("c"), FORGETS);
        }
        assert_eq!((ledger.totals().charges, ledger.totals().doubles), (1, 1));
        assert_eq!(ledger.look_up("c").unwrap().acted, 3);
        for _ in 0..2 {
            ledger.take(&refund("r", "c"), FORGETS);
        }
        assert_eq!((ledger.totals().refunds, ledger.totals().doubles), (1, 2));
    }

    #[test]
    fn a_refund_gives_back_a_standing_charge_once() {
        let mut ledger = ledger();
        ledger.take(&charge("c"), Terms::default());
        ledger.take(&charge("d"), Terms::default());
        for key in ["r", "r", "another"] {
            assert_eq!(ledger.take(&refund(key, "c"), Terms::default()), Verdict::Done);
        }
        let Totals { charges, refunds, standing, doubles, .. } = ledger.totals();
        assert_eq!((charges, refunds, standing, doubles), (2, 1, 1, 0));
        assert_eq!(ledger.standing(), ["d"]);
        assert_eq!(ledger.look_up("another").unwrap().state, State::Idle);
        // A repeated charge gets its first outcome again, even after the refund.
        assert_eq!(ledger.take(&charge("c"), Terms::default()), Verdict::Done);
        assert_eq!(ledger.totals().standing, 1);
    }

    #[test]
    fn a_charge_that_comes_after_its_refund_is_refused() {
        let mut ledger = ledger();
        assert_eq!(ledger.take(&refund("r", "c"), Terms::default()), Verdict::Done);
        assert_eq!(ledger.take(&charge("c"), Terms::default()), Verdict::Refused(SPOILT));
        let Totals { charges, refunds, standing, spoilt, .. } = ledger.totals();
        assert_eq!((charges, refunds, standing, spoilt), (0, 0, 0, 1));
    }

    #[test]
    fn a_key_without_an_outcome_can_be_charged_later() {
        let mut ledger = ledger();
        ledger.called(&charge("c")).unwrap();
        assert_eq!((ledger.totals().charges, ledger.totals().keys), (0, 1));
        assert_eq!(ledger.take(&charge("c"), Terms::default()), Verdict::Done);
    }

    #[test]
    fn a_key_keeps_its_outcome_when_the_terms_change() {
        let mut ledger = ledger();
        assert_eq!(ledger.take(&charge("no"), DECLINES), Verdict::Declined);
        assert_eq!(ledger.take(&charge("no"), Terms::default()), Verdict::Declined);
        assert_eq!(ledger.take(&charge("yes"), Terms::default()), Verdict::Done);
        assert_eq!(ledger.take(&charge("yes"), DECLINES), Verdict::Done);
        assert_eq!((ledger.totals().declined, ledger.totals().standing), (1, 1));
    }

    #[test]
    fn a_key_belongs_to_one_action() {
        let mut ledger = ledger();
        ledger.take(&charge("c"), Terms::default());
        ledger.take(&refund("r", "c"), Terms::default());
        let mistaken = Verdict::Refused(MISTAKEN);
        assert_eq!(ledger.take(&charge("r"), Terms::default()), mistaken);
        assert_eq!(ledger.take(&refund("c", "x"), Terms::default()), mistaken);
    }

    #[test]
    fn a_full_ledger_refuses_new_keys_and_serves_known_ones() {
        let mut ledger = Ledger::new(2);
        ledger.take(&charge("a"), Terms::default());
        assert_eq!(ledger.called(&refund("r", "a")), Err(Full));
        ledger.take(&charge("b"), Terms::default());
        assert_eq!(ledger.called(&charge("c")), Err(Full));
        assert_eq!(ledger.called(&charge("a")), Ok(()));
        assert_eq!((ledger.totals().keys, ledger.totals().calls), (2, 3));
    }
}
