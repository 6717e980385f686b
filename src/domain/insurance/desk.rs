//! The underwriters' desk: who of them decides about which subscription.

use super::{Insurance, UNDERWRITER, settings::Settings};
use crate::domain::kernel::roster::{self, Clerks, Office};
use serde::{Deserialize, Serialize};

/// Who decides about which subscription. The work bears the subscription's number.
pub type Roster = roster::Roster<Desk>;

/// What can happen to it.
pub use crate::domain::kernel::roster::Event;

/// The office of the underwriters.
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
