//! Port to the external bank of points: grants points, reclaims them, and undoes a reclaim.

use super::REWARD_BANK;
use super::reward::{
    Command::{
        AbandonReclaim, ConfirmGrant, ConfirmReclaim, ConfirmRestore, DeclineGrant, DeclineReclaim,
        DeclineRestore, TurnAwayReclaim,
    },
    Event::{self, GrantRequested, ReclaimAbandoned, ReclaimRequested, ReclaimUndone},
    Reward,
};
use crate::domain::kernel::{Answer, Ask, Dispatch, Id, Meta, Money, Patience, Port};
use serde_json::{Value, json};

/// Port to the bank of points.
#[derive(Clone, Copy, Debug)]
pub struct RewardBank;

impl Port for RewardBank {
    const NAME: &'static str = REWARD_BANK;
    type Hears = (Id<Reward>, Event);

    /// Returns the call to the bank. A reclaim has limited patience, because a customer waits for
    /// it; the other calls are repeated until answered. `restore` undoes the reclaim with the given
    /// key, whether or not that was done; the bank must not act on that key afterwards.
    fn ask((reward, event): &Self::Hears, _meta: &Meta) -> Option<Ask> {
        let ask = |operation, key, points, patience| Ask {
            operation,
            key,
            undoes: None,
            body: body(operation, *reward, points),
            patience,
        };
        match event {
            GrantRequested { points } => {
                Some(ask("grant", format!("grant-{reward}"), *points, Patience::UntilAnswered))
            }
            ReclaimRequested { attempt, points } => {
                Some(ask("reclaim", reclaim_key(*reward, *attempt), *points, Patience::Limited))
            }
            ReclaimAbandoned { attempt, points, .. } | ReclaimUndone { attempt, points, .. } => {
                let key = format!("restore-{reward}-{attempt}");
                let ask = ask("restore", key, *points, Patience::UntilAnswered);
                let undoes = Some(("reclaim", reclaim_key(*reward, *attempt)));
                Some(Ask { undoes, ..ask })
            }
            _ => None,
        }
    }

    fn answered((reward, event): &Self::Hears, _meta: &Meta, answer: &Answer) -> Dispatch {
        let command = match (event, answer) {
            (ReclaimRequested { attempt, .. }, answer) => {
                let attempt = *attempt;
                match answer.clone() {
                    Answer::Approved => ConfirmReclaim { attempt },
                    Answer::Declined(reason) => DeclineReclaim { attempt, reason },
                    Answer::Unreachable(reason) => AbandonReclaim { attempt, reason },
                    Answer::TurnedAway(reason) => TurnAwayReclaim { attempt, reason },
                }
            }
            (ReclaimAbandoned { attempt, .. } | ReclaimUndone { attempt, .. }, answer) => {
                let attempt = *attempt;
                match answer.clone() {
                    Answer::Approved => ConfirmRestore { attempt },
                    Answer::Declined(reason)
                    | Answer::Unreachable(reason)
                    | Answer::TurnedAway(reason) => DeclineRestore { attempt, reason },
                }
            }
            (_, Answer::Approved) => ConfirmGrant,
            (
                _,
                Answer::Declined(reason) | Answer::Unreachable(reason) | Answer::TurnedAway(reason),
            ) => DeclineGrant { reason: reason.clone() },
        };
        Dispatch::new(*reward, command)
    }
}

fn reclaim_key(reward: Id<Reward>, attempt: u32) -> String {
    format!("reclaim-{reward}-{attempt}")
}

fn body(operation: &str, reward: Id<Reward>, points: Money) -> Value {
    json!({ "operation": operation, "orderId": reward, "point": points })
}
