//! Shortens a world with a flaw to the fewest and simplest acts that lead to a flaw of the same
//! kind.

use super::{
    Flaw,
    steps::{Act, Step},
};
use crate::domain::kernel::{Dispatch, Message};
use serde_json::Value;
use std::collections::BTreeSet;

/// The acts of a world after its beginning.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) acts: Vec<Act>,
    /// Whether the services approve whatever is asked at the end.
    pub(super) lucky: bool,
}

/// A world that can be repeated with other acts.
pub(super) trait Replay {
    /// Repeats the world and returns its violation. It fills the flaw with the story, if one is
    /// given.
    fn replay(&self, plan: &Plan, story: Option<&mut Flaw>) -> Option<String>;
    /// The same command with one value that is simpler, in each way that there is.
    fn simpler(&self, dispatch: &Dispatch) -> Vec<Dispatch>;
}

/// The largest number of worlds that are tried.
const TRIES_MAX: u32 = 2_000;

/// Shortens a world that ends with this violation.
pub(super) fn shrunk(plan: Plan, violation: &str, world: &dyn Replay) -> Flaw {
    let before = plan.acts.len();
    let mut shrinking = Shrinking { kind: kind(violation), plan, tries: TRIES_MAX, world };
    // A world whose people do more than to submit commands may not be repeatable.
    if shrinking.is_flawed(&shrinking.plan.clone()) {
        while shrinking.removes_acts() || shrinking.simplifies_acts() {}
    }
    let (seed, story, settings) = (0, String::new(), String::new());
    let acts = (before, shrinking.plan.acts.len());
    let mut flaw = Flaw { seed, violation: violation.to_owned(), story, acts, settings };
    if let Some(violation) = world.replay(&shrinking.plan, Some(&mut flaw)) {
        flaw.violation = violation;
    }
    flaw
}

/// The kind of a violation: its text up to the first number or value.
fn kind(violation: &str) -> &str {
    violation.split(|c: char| c.is_ascii_digit() || "[{(`\"".contains(c)).next().unwrap_or_default()
}

struct Shrinking<'a> {
    kind: &'a str,
    plan: Plan,
    tries: u32,
    world: &'a dyn Replay,
}

impl Shrinking<'_> {
    fn is_flawed(&mut self, plan: &Plan) -> bool {
        let Some(tries) = self.tries.checked_sub(1) else { return false };
        self.tries = tries;
        self.world.replay(plan, None).is_some_and(|violation| kind(&violation) == self.kind)
    }

    fn takes(&mut self, plan: Plan) -> bool {
        let is_flawed = self.is_flawed(&plan);
        if is_flawed {
            self.plan = plan;
        }
        is_flawed
    }

    /// Removes acts, many at once and then one by one. Returns whether one was removed.
    fn removes_acts(&mut self) -> bool {
        let before = self.plan.acts.len();
        let mut size = before.div_ceil(2);
        while size > 0 {
            let mut first = 0;
            while first < self.plan.acts.len() {
                let mut plan = self.plan.clone();
                let last = plan.acts.len().min(first + size);
                plan.acts.drain(first..last);
                if !self.takes(plan) {
                    first += size;
                }
            }
            size /= 2;
        }
        self.plan.acts.len() < before
    }

    /// Replaces acts by simpler ones. Returns whether one was replaced.
    fn simplifies_acts(&mut self) -> bool {
        let lucky = Plan { lucky: true, ..self.plan.clone() };
        let mut is_simpler = !self.plan.lucky && self.takes(lucky);
        is_simpler |= self.lowers_numbers();
        for nth in 0..self.plan.acts.len() {
            while self.simplifies(nth) {
                is_simpler = true;
            }
        }
        is_simpler
    }

    fn simplifies(&mut self, nth: usize) -> bool {
        let simpler = match &self.plan.acts[nth] {
            Act::Step(Step::DeliverTwice, seed) => vec![Act::Step(Step::Deliver, *seed)],
            Act::Step(Step::Wait, seed) => vec![Act::Step(Step::Jump, *seed)],
            Act::Step(Step::Answer { lucky: false }, seed) => {
                vec![Act::Step(Step::Answer { lucky: true }, *seed)]
            }
            Act::Submit(dispatch) => {
                self.world.simpler(dispatch).into_iter().map(Act::Submit).collect()
            }
            Act::Step(..) | Act::Suspend(_) | Act::Resume(_) => vec![],
        };
        simpler.into_iter().any(|act| {
            let mut plan = self.plan.clone();
            plan.acts[nth] = act;
            self.takes(plan)
        })
    }

    /// Gives the aggregates of the requests the lowest numbers that are free.
    fn lowers_numbers(&mut self) -> bool {
        let mut lowered = false;
        let all: BTreeSet<u64> = self.plan.acts.iter().filter_map(number).collect();
        for (old, new) in all.into_iter().zip(1..).filter(|(old, new)| old != new) {
            let mut plan = self.plan.clone();
            for act in &mut plan.acts {
                match act {
                    Act::Submit(dispatch) if dispatch.number() == old => {
                        *dispatch = dispatch.renumbered(new);
                    }
                    _ => {}
                }
            }
            lowered |= self.takes(plan);
        }
        lowered
    }
}

fn number(act: &Act) -> Option<u64> {
    match act {
        Act::Submit(dispatch) => Some(dispatch.number()),
        _ => None,
    }
}

/// This value with one part that is simpler, in each way that there is: a smaller number, a shorter
/// text, a shorter list, an option without its value.
pub(super) fn simpler<T: Message>(value: &T) -> Vec<T> {
    let Ok(json) = serde_json::to_value(value) else { return vec![] };
    let simpler = simpler_json(&json).into_iter();
    let read = simpler.filter_map(|json| serde_json::from_value(json).ok());
    read.filter(|read| read != value).collect()
}

fn simpler_json(value: &Value) -> Vec<Value> {
    match value {
        Value::Number(number) => match number.as_u64() {
            None | Some(0) => vec![],
            Some(1) => vec![0.into()],
            Some(large) => vec![0.into(), 1.into(), (large / 2).into()],
        },
        Value::String(text) if text.chars().count() > 1 => {
            vec![text.chars().take(1).collect::<String>().into()]
        }
        Value::Array(values) => {
            let shorter = (0..values.len()).map(|nth| {
                let others = values.iter().enumerate().filter(|(other, _)| *other != nth);
                others.map(|(_, value)| value.clone()).collect::<Vec<_>>().into()
            });
            shorter.collect()
        }
        Value::Object(fields) => {
            let simpler = fields.iter().flat_map(|(name, value)| {
                let null = (!value.is_null()).then_some(Value::Null);
                null.into_iter().chain(simpler_json(value)).map(move |value| (name, value))
            });
            let changed = simpler.map(|(name, value)| {
                let mut fields = fields.clone();
                fields.insert(name.clone(), value);
                Value::Object(fields)
            });
            changed.collect()
        }
        Value::Null | Value::Bool(_) | Value::String(_) => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kernel::Text;
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Stay {
        guest: Text,
        nights: u32,
        rooms: Vec<u32>,
        voucher: Option<u32>,
    }

    #[test]
    fn a_simpler_value_differs_in_one_part_and_ends_at_the_simplest() {
        let mut stay = Stay { guest: "Kim".into(), nights: 7, rooms: vec![1, 2], voucher: Some(9) };
        let mut rounds = 0;
        while let Some(simpler) = simpler(&stay).pop() {
            stay = simpler;
            rounds += 1;
        }
        assert_eq!(stay, Stay { guest: "K".into(), nights: 0, rooms: vec![], voucher: None });
        assert!(rounds < 20, "{rounds}");
    }

    #[test]
    fn violations_of_one_kind_differ_in_numbers_and_values() {
        let [one, other] = ["order 1: [\"Paid\"]", "order 2 is Paid"].map(kind);
        assert_eq!((one, other), ("order ", "order "));
        assert_ne!(kind("taxi 1 is lost"), one);
    }
}
