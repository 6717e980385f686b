//! The simulated outside services: they execute the operation of a key at most once.

use super::Dice;
use crate::domain::kernel::{PortReply, PortRequest, RetryPolicy};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// All outside services of a simulated world.
#[derive(Debug, Default)]
pub struct Outside {
    /// The way the services answer.
    pub luck: Luck,
    /// Fails the call of this number (counted from 0), if that call can fail.
    pub fail_at: Option<(u64, PortReply)>,
    /// The operations that the services may decline although they are repeated until they are
    /// answered, such as `refund`. Others are executed in the end. A service that declines to undo
    /// an operation which it never answered has not executed it.
    pub declines: &'static [&'static str],
    asked: u64,
    /// The keys of earlier calls. A call repeated after a crash may have been admitted before, so
    /// it is not turned away.
    keys: BTreeSet<String>,
    answers: BTreeMap<String, PortReply>,
    bodies: BTreeMap<String, Value>,
    done: BTreeMap<String, u32>,
    /// The transaction numbers in the bodies of the calls that undo others, by key.
    sent: BTreeMap<String, Option<Value>>,
}

/// The way outside services answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Luck {
    /// The services execute every operation.
    #[default]
    Good,
    /// The services approve, decline, execute without an answer, do not answer at all, or are not
    /// called because the gate turns the call away.
    Random,
}

impl Outside {
    /// How often the operation of this key was executed: at most once.
    #[must_use]
    pub fn done(&self, key: &str) -> u32 {
        self.done.get(key).copied().unwrap_or_default()
    }

    /// The transaction number that was sent with the call of this key, which undoes another. `None`
    /// when there was no such call.
    #[must_use]
    pub fn sent_with(&self, key: &str) -> Option<Option<&Value>> {
        self.sent.get(key).map(Option::as_ref)
    }

    /// The body of the last call with this key.
    #[must_use]
    pub fn body(&self, key: &str) -> Option<&Value> {
        self.bodies.get(key)
    }

    /// The number of calls so far.
    #[must_use]
    pub const fn asked(&self) -> u64 {
        self.asked
    }

    /// Calls a service; `None` means that it has not answered and the call is to be retried.
    pub(super) fn ask(&mut self, ask: &PortRequest, dice: &mut Dice) -> Option<PortReply> {
        self.asked += 1;
        self.bodies.insert(ask.key.clone(), ask.body.clone());
        let is_first = self.keys.insert(ask.key.clone());
        if ask.undoes.is_some() {
            self.sent.insert(ask.key.clone(), ask.body.get("transactionId").cloned());
        }
        if let Some(answer) = self.answers.get(&ask.key) {
            return Some(answer.clone());
        }
        let until_answered = ask.retry_policy == RetryPolicy::UntilAnswered;
        let planned = self.fail_at.as_ref().filter(|(nth, _)| *nth + 1 == self.asked);
        let answer = match planned {
            Some((_, answer)) if !until_answered => answer.clone(),
            Some((_, answer @ PortReply::Declined(_))) if self.may_decline(ask) => answer.clone(),
            _ if self.luck == Luck::Good => approved(&ask.key),
            _ => self.chance(ask, dice),
        };
        let was_done = self.done.contains_key(&ask.key);
        match answer {
            PortReply::TurnedAway(reason) if is_first && !was_done => {
                Some(PortReply::TurnedAway(reason))
            }
            PortReply::Unreachable(reason) | PortReply::TurnedAway(reason) => {
                if dice.once_in(2) {
                    self.done.entry(ask.key.clone()).or_insert(1);
                }
                (!until_answered).then_some(PortReply::Unreachable(reason))
            }
            PortReply::Declined(reason) if !was_done => {
                // A service that declines to undo what it has not done does not do it later.
                if let Some((_, undone)) = &ask.undoes {
                    let never = PortReply::Declined(reason.clone());
                    self.answers.entry(undone.clone()).or_insert(never);
                }
                self.answers.insert(ask.key.clone(), PortReply::Declined(reason.clone()));
                Some(PortReply::Declined(reason))
            }
            PortReply::Approved(_) | PortReply::Declined(_) => {
                self.done.entry(ask.key.clone()).or_insert(1);
                let answer = approved(&ask.key);
                self.answers.insert(ask.key.clone(), answer.clone());
                Some(answer)
            }
        }
    }

    fn may_decline(&self, ask: &PortRequest) -> bool {
        let is_approved =
            |key: &String| matches!(self.answers.get(key), Some(PortReply::Approved(_)));
        let is_unanswered = |key: &String| self.done.contains_key(key) && !is_approved(key);
        let is_doubtful = ask.undoes.as_ref().is_some_and(|(_, key)| is_unanswered(key));
        self.declines.contains(&ask.operation) && !is_doubtful
    }

    fn chance(&self, ask: &PortRequest, dice: &mut Dice) -> PortReply {
        match (ask.retry_policy, dice.roll(10)) {
            (RetryPolicy::UntilAnswered, 2) if self.may_decline(ask) => {
                PortReply::Declined("the account is closed".into())
            }
            (_, 0 | 1) => PortReply::Unreachable("the service does not answer".into()),
            (RetryPolicy::UntilDeadline, 2 | 3) => PortReply::Declined("not enough money".into()),
            (RetryPolicy::UntilDeadline, 4) => PortReply::TurnedAway("the gate is open".into()),
            _ => approved(&ask.key),
        }
    }
}

/// The approval of a provider, with its number of the operation.
fn approved(key: &str) -> PortReply {
    PortReply::Approved(json!({ "transactionId": format!("t-{key}") }))
}
