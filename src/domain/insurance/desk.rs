//! Underwriters' desk: the roster that records which underwriter decides on which subscription.

use super::{Insurance, UNDERWRITER, settings::Settings};
use crate::domain::kernel::roster::{self, Clerks, Office};
use serde::{Deserialize, Serialize};

/// Roster of the underwriters. The work has the subscription's number.
pub type Roster = roster::Roster<Desk>;

/// Events of the roster.
pub use crate::domain::kernel::roster::Event;

/// Office of the underwriters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk;

impl Office for Desk {
    type Business = Insurance;
    const NAME: &'static str = "insurance/rosters";
    const ROLE: &'static str = UNDERWRITER;

    fn clerks(settings: &Settings) -> &Clerks {
        &settings.roster
    }
}
