//! Office of the examiners: each claim goes to the examiner with the fewest claims under review.

use super::{Claims, EXAMINER, settings::Settings};
use crate::domain::kernel::roster::{self, Clerks, Office};
use serde::{Deserialize, Serialize};

/// Roster that records which examiner reviews a claim. It has the claim's number.
pub type Roster = roster::Roster<Examiners>;

/// View of the examiners and the number of their open reviews.
pub type Workload = roster::Workload<Examiners>;

/// Lookup of the loads of the examiners.
pub type Choice = roster::Choice<Examiners>;

/// Office of the examiners.
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
