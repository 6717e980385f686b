//! Underwriters' desk: the rosters that record which underwriter decides on a subscription.

use super::{Insurance, UNDERWRITER, settings::Settings};
use crate::domain::kernel::roster::{self, Clerks, Office};
use serde::{Deserialize, Serialize};

/// Roster of one case. It has the subscription's number, as the work has.
pub type Roster = roster::Roster<Desk>;

/// View of the underwriters and the number of their open cases.
pub type Workload = roster::Workload<Desk>;

/// Lookup of the loads of the underwriters.
pub type Choice = roster::Choice<Desk>;

/// Events of the roster.
pub use crate::domain::kernel::roster::Event;

/// Office of the underwriters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk;

impl Office for Desk {
    type Business = Insurance;
    const NAME: &'static str = "insurance/rosters";
    const WORKLOAD: &'static str = "insurance/underwriters";
    const CHOICE: &'static str = "insurance/choice";
    const ROLE: &'static str = UNDERWRITER;

    fn clerks(settings: &Settings) -> &Clerks {
        &settings.roster
    }
}
