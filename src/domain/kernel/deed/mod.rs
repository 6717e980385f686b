//! The deed: a call to an outside service that is made at most once for each attempt, and undone
//! when it was made for nothing.
//!
//! ```text
//!       asked          done          the deed is needed
//! Idle ───────▶ Asked ──────▶ Done ─────────────────────▶ Idle
//!                │ │ │          │ withdrawn
//!         failed │ │ │ lost     ▼              undone
//!   Failed ◀─────┘ │ └────▶ TakingBack ─────────────────▶ TakenBack
//!                  │            ▲ done, or lost            ▲ failed
//!                  └────────▶ Withdrawn ───────────────────┘
//!                    withdrawn before the answer
//! ```
//! A new attempt begins in `Idle`, `Failed` or `TakenBack`.
//!
//! An aggregate has a [`Deed`] in its state and in one of its events. The event says what has
//! become of the deed, so `evolve` copies it. The aggregate's commands ask for the deed and withdraw
//! it. [`Calls`] is the port; it submits an [`Answer`].

mod calls;
#[cfg(test)]
mod specs;

pub use calls::{Calls, Service};

use super::FailureKind;
use serde::{Deserialize, Serialize};

use Deed::{Asked, Done, Failed, Idle, TakenBack, TakingBack, Withdrawn};

/// What has become of a deed, with the number of the attempt. Attempts are numbered from 1.
///
/// ```
/// use madang::domain::kernel::deed::{Answer, Deed, Outcome};
///
/// let deed = Deed::Idle;
/// assert_eq!(deed.ask(1), Some(vec![Deed::Asked(1)]));
///
/// let deed = Deed::Asked(1);
/// let done = Answer { attempt: 1, outcome: Outcome::Done };
/// assert_eq!(deed.hear(done), Some(vec![Deed::Done(1)]));
///
/// // What was done is not needed, so the service has to undo it.
/// let deed = Deed::Done(1);
/// let undone = vec![Deed::Withdrawn(1), Deed::TakingBack(1)];
/// assert_eq!(deed.withdraw(1), undone);
/// assert_eq!(Deed::TakingBack(1).ask(2), None); // the service has not answered yet
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    /// Nothing was asked for, or what was done is needed.
    #[default]
    Idle,
    /// The service was asked to do it.
    Asked(u32),
    /// The service did it.
    Done(u32),
    /// The service did not do it, or did not answer. A deed that may have been done is taken back.
    Failed(u32, Refusal),
    /// The deed is not needed any more. The service may not have answered yet.
    Withdrawn(u32),
    /// The service was asked to undo what it did, or may have done.
    TakingBack(u32),
    /// The outside service is as if the deed had never been asked for.
    TakenBack(u32),
}

/// The reason why something was not done. The kind selects the HTTP status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The family of the failure.
    pub how: FailureKind,
    /// The reason, as a sentence.
    pub reason: String,
}

/// The answer of the outside service to an attempt, as a part of a command of the aggregate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The number of the attempt.
    pub attempt: u32,
    /// What the service did.
    pub outcome: Outcome,
}

/// What the outside service did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The service did it.
    Done,
    /// The service refused, or was never asked: nothing was done.
    Failed(Refusal),
    /// The service did not answer; whether it did it is unknown.
    Lost(Refusal),
    /// The service undid it, or had nothing to undo.
    TakenBack,
}

impl Deed {
    /// Asks for the deed; `None` while another attempt is not over.
    #[must_use]
    pub fn ask(&self, attempt: u32) -> Option<Vec<Self>> {
        match self {
            Idle | Failed(..) | TakenBack(_) => Some(vec![Asked(attempt)]),
            Asked(_) | Done(_) if self.attempt() == Some(attempt) => Some(vec![]),
            _ => None,
        }
    }

    /// Withdraws the deed of this attempt, unless it is over already.
    #[must_use]
    pub fn withdraw(&self, attempt: u32) -> Vec<Self> {
        match self {
            _ if self.attempt() != Some(attempt) => vec![],
            Asked(_) => vec![Withdrawn(attempt)],
            Done(_) => vec![Withdrawn(attempt), TakingBack(attempt)],
            _ => vec![],
        }
    }

    /// Applies an answer of the service; `None` when it has answered this attempt already.
    #[must_use]
    pub fn hear(&self, Answer { attempt, outcome }: Answer) -> Option<Vec<Self>> {
        if self.attempt() != Some(attempt) {
            return None;
        }
        Some(match (self, outcome) {
            (Asked(_), Outcome::Done) => vec![Done(attempt)],
            (Asked(_), Outcome::Failed(refusal)) => vec![Failed(attempt, refusal)],
            (Asked(_), Outcome::Lost(refusal)) => {
                vec![Failed(attempt, refusal), TakingBack(attempt)]
            }
            (Withdrawn(_), Outcome::Done | Outcome::Lost(_)) => vec![TakingBack(attempt)],
            (Withdrawn(_), Outcome::Failed(_)) | (TakingBack(_), Outcome::TakenBack) => {
                vec![TakenBack(attempt)]
            }
            (Done(_), Outcome::Done) => vec![],
            _ => return None,
        })
    }

    /// The latest attempt.
    const fn attempt(&self) -> Option<u32> {
        match self {
            Idle => None,
            Asked(attempt)
            | Done(attempt)
            | Failed(attempt, _)
            | Withdrawn(attempt)
            | TakingBack(attempt)
            | TakenBack(attempt) => Some(*attempt),
        }
    }
}
