//! The outside services of a simulated world: each does what a key stands for at most once.

use super::Dice;
use crate::domain::kernel::{Answer, Ask, Patience};
use std::collections::BTreeMap;

/// Everything that answers to ports.
#[derive(Debug, Default)]
pub struct Outside {
    /// How it answers.
    pub luck: Luck,
    /// Fails the question of this number (counted from 0), if it can fail.
    pub fail_at: Option<(u64, Answer)>,
    asked: u64,
    answers: BTreeMap<String, Answer>,
    done: BTreeMap<String, u32>,
}

/// How outside services answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Luck {
    /// They do what they are asked.
    #[default]
    Good,
    /// They approve, decline, do it without telling, or do not answer at all.
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
            Answer::Unreachable(reason) => {
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
            _ => Answer::Approved,
        }
    }
}
