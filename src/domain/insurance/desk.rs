//! Underwriters' desk: the rosters that record which underwriter decides on a subscription. A
//! roster and its work have the subscription's number.

use super::{Insurance, UNDERWRITER, settings::Settings};
use crate::domain::kernel::{
    prelude::*,
    roster::{self, Clerks, Office},
};

pub use crate::domain::kernel::roster::{Command, Event};

pub type Roster = roster::Roster<Desk>;

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
