//! The acts of which a random world consists, and how often each kind of act is chosen.

use super::{Dice, Luck, World};
use crate::domain::kernel::Dispatch;

/// One act in a world. A list of acts is a whole world: it can be repeated and shortened.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// A client submits this command.
    Submit(Dispatch),
    /// An operator suspends this aggregate kind.
    Suspend(&'static str),
    /// An operator resumes this aggregate kind.
    Resume(&'static str),
    /// A step that needs no client.
    Step(Step, u64),
}

/// A step that needs no client, with the number that decides its details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Deliver,
    DeliverTwice,
    /// A service or a view answers; `lucky` when the service approves.
    Answer {
        lucky: bool,
    },
    Commit,
    Crash,
    Wait,
    Jump,
    Operate,
}

/// How often each kind of act is chosen in a random world, as a share of the sum of all of them.
///
/// ```
/// use madang::domain::kernel::simulation::Shares;
///
/// let usual = Shares {
///     people: 16,
///     deliver: 18,
///     deliver_twice: 6,
///     answer: 9,
///     commit: 9,
///     crash: 3,
///     wait: 2,
///     jump: 1,
///     operate: 1,
/// };
/// assert_eq!(Shares::default(), usual);
///
/// // Clients are busy, the process is never killed, and the clock often jumps to the next timer.
/// let shares = Shares { people: 40, crash: 0, jump: 10, ..Shares::default() };
/// # let _ = shares;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shares {
    /// A person acts.
    pub people: u32,
    /// A command of a saga is delivered.
    pub deliver: u32,
    /// A command of a saga is delivered and then repeated, once with the same and once with an
    /// unknown cause.
    pub deliver_twice: u32,
    /// An outside service or a view answers.
    pub answer: u32,
    /// All records become durable.
    pub commit: u32,
    /// The process is killed: all records that are not durable are lost.
    pub crash: u32,
    /// The clock advances by up to 90 s.
    pub wait: u32,
    /// The clock jumps to the time at which the next timer fires.
    pub jump: u32,
    /// An operator suspends an aggregate kind, or resumes one.
    pub operate: u32,
}

impl Default for Shares {
    fn default() -> Self {
        Self {
            people: 16,
            deliver: 18,
            deliver_twice: 6,
            answer: 9,
            commit: 9,
            crash: 3,
            wait: 2,
            jump: 1,
            operate: 1,
        }
    }
}

impl Shares {
    fn steps(&self) -> [(Step, u32); 8] {
        [
            (Step::Deliver, self.deliver),
            (Step::DeliverTwice, self.deliver_twice),
            (Step::Answer { lucky: false }, self.answer),
            (Step::Commit, self.commit),
            (Step::Crash, self.crash),
            (Step::Wait, self.wait),
            (Step::Jump, self.jump),
            (Step::Operate, self.operate),
        ]
    }

    /// A random act by these shares: a step, or `None` when a person acts.
    pub(super) fn pick(&self, dice: &mut Dice) -> Option<Act> {
        let all = self.steps().iter().map(|(_, share)| share).sum::<u32>() + self.people;
        let mut rolled = dice.roll(all as usize);
        if rolled < self.people as usize {
            return None;
        }
        rolled -= self.people as usize;
        for (step, share) in self.steps() {
            if rolled < share as usize {
                return Some(Act::Step(step, dice.seed()));
            }
            rolled -= share as usize;
        }
        None
    }
}

/// The longest time that the clock advances in one step, in milliseconds.
const WAIT_MS_MAX: usize = 90_000;

impl World {
    /// Executes one random step that needs no request.
    pub fn random_step(&mut self, dice: &mut Dice) {
        if let Some(act) = (Shares { people: 0, ..Shares::default() }).pick(dice) {
            self.act(act);
        }
    }

    /// Executes an act, and notes it.
    pub(super) fn act(&mut self, act: Act) {
        match act {
            // It is noted where it is submitted, and a refusal is an answer.
            Act::Submit(dispatch) => {
                let _ = self.submit_again(&dispatch);
                return;
            }
            Act::Suspend(kind) => self.suspend_kind(kind),
            Act::Resume(kind) => self.resume_kind(kind),
            Act::Step(step, seed) => self.step(step, &mut Dice::new(seed)),
        }
        self.acts.push(act);
    }

    fn step(&mut self, step: Step, dice: &mut Dice) {
        let (waiting, effects) = (self.pending_dispatches.len(), self.pending_effects.len());
        match step {
            Step::Deliver => _ = self.deliver(dice.roll(waiting)),
            Step::DeliverTwice => _ = self.deliver_twice(dice.roll(waiting)),
            Step::Answer { lucky: false } => _ = self.answer(dice.roll(effects), dice),
            Step::Answer { lucky: true } => {
                let luck = std::mem::replace(&mut self.outside.luck, Luck::Good);
                self.answer(dice.roll(effects), dice);
                self.outside.luck = luck;
            }
            Step::Commit => self.commit(),
            Step::Crash => self.crash(),
            Step::Wait => self.advance_ms(dice.roll(WAIT_MS_MAX) as u64),
            Step::Jump => _ = self.jump(),
            Step::Operate => self.operate(dice),
        }
    }

    /// Resumes a suspended aggregate kind, or suspends one.
    fn operate(&mut self, dice: &mut Dice) {
        let suspended = self.suspended.first().copied().filter(|_| !dice.once_in(3));
        let kind = self.aggregates.keys().nth(dice.roll(self.aggregates.len())).copied();
        match (suspended, kind) {
            (Some(kind), _) => self.resume_kind(kind),
            (None, Some(kind)) => self.suspend_kind(kind),
            (None, None) => {}
        }
    }

    fn suspend_kind(&mut self, kind: &'static str) {
        self.suspended.insert(kind);
        self.narrate(|| format!("{kind} is suspended"));
    }

    fn resume_kind(&mut self, kind: &'static str) {
        self.suspended.remove(kind);
        self.narrate(|| format!("{kind} is resumed"));
    }
}
