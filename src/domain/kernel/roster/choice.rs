//! The lookup of the loads of an office, from which the roster chooses a clerk.

use super::{
    Command::Choose,
    Event::{self, Sought},
    Office, Roster, Workload,
};
use crate::domain::kernel::{Dispatch, Id, Lookup, Meta, Number, Query};
use std::marker::PhantomData;

/// Largest number of clerks whose loads are compared, of those who ever had work.
const CLERKS_MAX: usize = 10_000;

/// The loads of the clerks of an office.
#[derive(Clone, Copy, Debug)]
pub struct Choice<O>(PhantomData<fn() -> O>);

impl<O: Office> Lookup for Choice<O> {
    const NAME: &'static str = O::CHOICE;
    type Events = (Id<Roster<O>>, Event);
    type View = Workload<O>;

    fn query((_, event): &Self::Events, _meta: &Meta) -> Option<Query> {
        let Sought { .. } = event else { return None };
        Some(Query { filters: vec![], sort: None, rows_max: CLERKS_MAX })
    }

    fn on_rows(
        (roster, event): &Self::Events,
        _meta: &Meta,
        rows: &[(u64, Workload<O>)],
    ) -> Dispatch {
        let work = match event {
            Sought { work } => *work,
            _ => roster.number(),
        };
        let loads = rows.iter().map(|(clerk, row)| (Number(*clerk), row.open_cnt)).collect();
        Dispatch::new(*roster, Choose { work, loads })
    }
}
