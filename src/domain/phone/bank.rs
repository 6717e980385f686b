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
use crate::domain::kernel::{Dispatch, Id, Meta, Money, Port, PortReply, PortRequest, RetryPolicy};
use serde_json::{Value, json};

/// Port to the bank of points.
#[derive(Clone, Copy, Debug)]
pub struct RewardBank;

impl Port for RewardBank {
    const NAME: &'static str = REWARD_BANK;
    type Events = (Id<Reward>, Event);

    /// Returns the call to the bank. A reclaim has a time limit, because a customer waits for it;
    /// the other calls are repeated until answered. `restore` undoes the reclaim with the given
    /// key, whether or not that was done; the bank must not act on that key afterwards.
    fn ask((reward, event): &Self::Events, _meta: &Meta) -> Option<PortRequest> {
        let ask = |operation, key, points, retry_policy| PortRequest {
            operation,
            key,
            undoes: None,
            body: body(operation, *reward, points),
            retry_policy,
        };
        match event {
            GrantRequested { points, .. } => {
                Some(ask("grant", format!("grant-{reward}"), *points, RetryPolicy::UntilAnswered))
            }
            ReclaimRequested { attempt, points } => Some(ask(
                "reclaim",
                reclaim_key(*reward, *attempt),
                *points,
                RetryPolicy::UntilDeadline,
            )),
            ReclaimAbandoned { attempt, points, .. } | ReclaimUndone { attempt, points, .. } => {
                let key = format!("restore-{reward}-{attempt}");
                let ask = ask("restore", key, *points, RetryPolicy::UntilAnswered);
                let undoes = Some(("reclaim", reclaim_key(*reward, *attempt)));
                Some(PortRequest { undoes, ..ask })
            }
            _ => None,
        }
    }

    fn on_reply((reward, event): &Self::Events, _meta: &Meta, answer: &PortReply) -> Dispatch {
        let command = match (event, answer) {
            (ReclaimRequested { attempt, .. }, answer) => {
                let attempt = *attempt;
                match answer.clone() {
                    PortReply::Approved(_) => ConfirmReclaim { attempt },
                    PortReply::Declined(reason) => DeclineReclaim { attempt, reason },
                    PortReply::Unreachable(reason) => AbandonReclaim { attempt, reason },
                    PortReply::TurnedAway(reason) => TurnAwayReclaim { attempt, reason },
                }
            }
            (ReclaimAbandoned { attempt, .. } | ReclaimUndone { attempt, .. }, answer) => {
                let attempt = *attempt;
                match answer.clone() {
                    PortReply::Approved(_) => ConfirmRestore { attempt },
                    PortReply::Declined(reason)
                    | PortReply::Unreachable(reason)
                    | PortReply::TurnedAway(reason) => DeclineRestore { attempt, reason },
                }
            }
            (_, PortReply::Approved(_)) => ConfirmGrant,
            (
                _,
                PortReply::Declined(reason)
                | PortReply::Unreachable(reason)
                | PortReply::TurnedAway(reason),
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
