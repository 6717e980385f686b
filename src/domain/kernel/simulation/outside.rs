//! The outside services of a simulated world: each does what a key stands for at most once.

use super::Dice;
use crate::domain::kernel::{Answer, Ask, Patience};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that answers to ports.
#[derive(Debug, Default)]
pub struct Outside {
    /// How it answers.
    pub luck: Luck,
    /// Fails the question of this number (counted from 0), if it can fail.
    pub fail_at: Option<(u64, Answer)>,
    asked: u64,
    /// What was asked before a crash may have been let through: nobody is turned away twice.
    keys: BTreeSet<String>,
    answers: BTreeMap<String, Answer>,
    done: BTreeMap<String, u32>,
}

/// How outside services answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Luck {
    /// They do what they are asked.
    #[default]
    Good,
    /// They approve, decline, do it without telling, do not answer at all, or are not even asked.
    Random,
}

impl Outside {
    /// How often what this key stands for was done: at most once.
    #[must_use]
    pub fn done(&self, key: &str) -> u32 {
        self.done.get(key).copied().unwrap_or_default()
    }

    /// How many questions were asked.
    #[must_use]
    pub const fn asked(&self) -> u64 {
        self.asked
    }

    /// Asks; `None` means no answer yet, ask again.
    pub(super) fn ask(&mut self, ask: &Ask, dice: &mut Dice) -> Option<Answer> {
        self.asked += 1;
        let is_first = self.keys.insert(ask.key.clone());
        if let Some(answer) = self.answers.get(&ask.key) {
            return Some(answer.clone());
        }
        let patient = ask.patience == Patience::UntilAnswered;
        let planned = self.fail_at.as_ref().filter(|(nth, _)| *nth + 1 == self.asked);
        let answer = match planned {
            Some((_, answer)) if !patient => answer.clone(),
            _ if self.luck == Luck::Good => Answer::Approved,
            _ => Self::chance(ask.patience, dice),
        };
        let was_done = self.done.contains_key(&ask.key);
        match answer {
            Answer::TurnedAway(reason) if is_first && !was_done => Some(Answer::TurnedAway(reason)),
            Answer::Unreachable(reason) | Answer::TurnedAway(reason) => {
                if dice.once_in(2) {
                    self.done.entry(ask.key.clone()).or_insert(1);
                }
                (!patient).then_some(Answer::Unreachable(reason))
            }
            Answer::Declined(reason) if !was_done => {
                self.answers.insert(ask.key.clone(), Answer::Declined(reason.clone()));
                Some(Answer::Declined(reason))
            }
            Answer::Approved | Answer::Declined(_) => {
                self.done.entry(ask.key.clone()).or_insert(1);
                self.answers.insert(ask.key.clone(), Answer::Approved);
                Some(Answer::Approved)
            }
        }
    }

    fn chance(patience: Patience, dice: &mut Dice) -> Answer {
        match (patience, dice.roll(10)) {
            (_, 0 | 1) => Answer::Unreachable("the service does not answer".into()),
            (Patience::Limited, 2 | 3) => Answer::Declined("not enough money".into()),
            (Patience::Limited, 4) => Answer::TurnedAway("the gate is open".into()),
            _ => Answer::Approved,
        }
    }
}
