//! View of the points of all customers: every grant and every reclaim, and the balance after it.
//!
//! A reward of 0 points adds no row.

use super::reward::{Event, Reward};
use crate::domain::kernel::{Field, Id, Meta, Money, Text, Timestamp, Total, View};
use serde::{Deserialize, Serialize};

/// Row of the view: one movement of points.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PointHistory {
    /// Number of the row: the position of the event's record.
    pub id: u64,
    /// The order.
    pub order_id: u64,
    /// The reward, which has the same number.
    pub reward_id: u64,
    /// Direction of the movement: `Granted` or `Reclaimed`.
    pub process: Text,
    /// Number of points.
    pub point: Money,
    /// All points granted and not reclaimed, after this movement.
    pub balance: Total,
    /// Time of the event, in milliseconds since the epoch.
    pub time: Timestamp,
}

impl View for PointHistory {
    const NAME: &'static str = "phone/pointHistories";
    type Events = (Id<Reward>, Event);
    const FIELDS: &'static [Field] = &[
        Field::key("id"),
        Field::number("orderId"),
        Field::number("rewardId"),
        Field::text("process"),
        Field::number("point"),
        Field::number("balance"),
        Field::time("time"),
    ];
    const CARRIES_FORWARD: bool = true;
    /// Older binaries wrote balances that wrapped around, or that could not be searched for.
    const SHAPE: u32 = 1;

    fn key((_, event): &Self::Events, meta: &Meta) -> Option<u64> {
        movement(event).map(|_| meta.position)
    }

    fn fold(last: Option<Self>, (reward, event): Self::Events, meta: &Meta) -> Option<Self> {
        let (process, point) = movement(&event)?;
        let balance = last.map(|row| row.balance).unwrap_or_default();
        let balance = match process {
            GRANTED => balance.plus(point),
            _ => balance.less(point),
        };
        let number = reward.number();
        Some(Self {
            id: meta.position,
            order_id: number,
            reward_id: number,
            process: process.into(),
            point,
            balance,
            time: meta.time,
        })
    }
}

const GRANTED: &str = "Granted";
const RECLAIMED: &str = "Reclaimed";

/// Returns the direction and the number of points of an event; `None` when it moves none.
fn movement(event: &Event) -> Option<(&'static str, Money)> {
    let (process, points) = match event {
        Event::Granted { points } | Event::Restored { points, again: true } => (GRANTED, *points),
        Event::Reclaimed { points, .. } => (RECLAIMED, *points),
        Event::GrantRequested { .. }
        | Event::GrantDeclined { .. }
        | Event::ReclaimAwaited { .. }
        | Event::ReclaimRequested { .. }
        | Event::ReclaimDeclined { .. }
        | Event::ReclaimTurnedAway { .. }
        | Event::ReclaimAbandoned { .. }
        | Event::ReclaimForgotten { .. }
        | Event::ReclaimUndone { .. }
        | Event::Restored { again: false, .. }
        | Event::RestoreDeclined { .. } => return None,
    };
    (points > Money::ZERO).then_some((process, points))
}
