//! Office of the examiners: each claim goes to the examiner with the fewest claims under review.

use super::{Claims, EXAMINER, settings::Settings};
use crate::domain::kernel::{
    prelude::*,
    roster::{self, Clerks, Office},
};

/// Which examiner reviews a claim. It has the claim's number.
pub type Roster = roster::Roster<Examiners>;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examiners;

impl Office for Examiners {
    type Business = Claims;
    const NAME: &'static str = "claims/rosters";
    const WORKLOAD: &'static str = "claims/examiners";
    const CHOICE: &'static str = "claims/choice";
    const ROLE: &'static str = EXAMINER;

    fn clerks(settings: &Settings) -> &Clerks {
        &settings.examiners
    }
}
