//! The view of the loads of an office: the number of open pieces of work of each clerk.

use super::{
    Event::{self, Assigned, Closed, Sought, Staffed},
    Office, Roster,
};
use crate::domain::kernel::{Field, Id, Meta, Number, Readers, View};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// Row of the view: one clerk who has or had work.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", bound = "")]
pub struct Workload<O> {
    /// The clerk.
    pub clerk_id: Number,
    /// The number of open pieces of work.
    pub open_cnt: u64,
    #[serde(skip)]
    office: PhantomData<fn() -> O>,
}

impl<O: Office> View for Workload<O> {
    const NAME: &'static str = O::WORKLOAD;
    const READERS: Readers = Readers::Staff;
    type Events = (Id<Roster<O>>, Event);
    const FIELDS: &'static [Field] = &[Field::key("clerkId"), Field::number("openCnt")];

    fn key((_, event): &Self::Events, _meta: &Meta) -> Option<u64> {
        match event {
            Assigned { clerk, .. } | Closed { clerk, .. } => Some(clerk.0),
            Sought { .. } | Staffed { .. } => None,
        }
    }

    fn fold(row: Option<Self>, (_, event): Self::Events, _meta: &Meta) -> Option<Self> {
        let open = row.as_ref().map_or(0, |row| row.open_cnt);
        let (clerk_id, open_cnt) = match event {
            Assigned { clerk, .. } => (clerk, open.saturating_add(1)),
            Closed { clerk, .. } => (clerk, open.saturating_sub(1)),
            Sought { .. } | Staffed { .. } => return row,
        };
        Some(Self { clerk_id, open_cnt, office: PhantomData })
    }
}
