//! The port to the outside bank of points: it grants points, reclaims them, and undoes a reclaim.

use super::{
    REWARD_BANK,
    reward::{
        Command::*,
        Event::{self, *},
        Reward,
    },
};
use crate::domain::kernel::prelude::*;

/// The bank of points.
#[derive(Clone, Copy, Debug)]
pub struct RewardBank;

impl Port for RewardBank {
    const NAME: &'static str = REWARD_BANK;
    type Events = (Id<Reward>, Event);

    /// A reclaim has a time limit, because a customer waits for it; the other calls are repeated
    /// until answered. `restore` undoes the reclaim with the given key, whether or not that was
    /// done; the bank must not act on that key afterwards.
    fn ask((reward, event): &Self::Events, _meta: &Meta) -> Option<PortRequest> {
        let ask = |operation, key, points: Money, retry_policy| PortRequest {
            operation,
            key,
            undoes: None,
            body: json!({ "operation": operation, "orderId": reward, "point": points }),
            retry_policy,
        };
        let reclaim_key = |attempt| format!("reclaim-{reward}-{attempt}");
        Some(match *event {
            GrantRequested { points, .. } => {
                ask("grant", format!("grant-{reward}"), points, RetryPolicy::UntilAnswered)
            }
            ReclaimRequested { attempt, points } => {
                ask("reclaim", reclaim_key(attempt), points, RetryPolicy::UntilDeadline)
            }
            ReclaimAbandoned { attempt, points, .. } | ReclaimUndone { attempt, points, .. } => {
                let key = format!("restore-{reward}-{attempt}");
                let undoes = Some(("reclaim", reclaim_key(attempt)));
                PortRequest { undoes, ..ask("restore", key, points, RetryPolicy::UntilAnswered) }
            }
            _ => return None,
        })
    }

    fn on_reply((reward, event): &Self::Events, _meta: &Meta, answer: &PortReply) -> Dispatch {
        let command = match *event {
            ReclaimRequested { attempt, .. } => match answer.clone() {
                PortReply::Approved(_) => ConfirmReclaim { attempt },
                PortReply::Declined(reason) => DeclineReclaim { attempt, reason },
                PortReply::Unreachable(reason) => AbandonReclaim { attempt, reason },
                PortReply::TurnedAway(reason) => TurnAwayReclaim { attempt, reason },
            },
            ReclaimAbandoned { attempt, .. } | ReclaimUndone { attempt, .. } => {
                match answer.refusal() {
                    None => ConfirmRestore { attempt },
                    Some(reason) => DeclineRestore { attempt, reason },
                }
            }
            _ => match answer.refusal() {
                None => ConfirmGrant,
                Some(reason) => DeclineGrant { reason },
            },
        };
        Dispatch::new(*reward, command)
    }
}
