//! Office of the examiners: each claim goes to the examiner with the fewest claims under review.

use super::{Claims, EXAMINER, settings::Settings};
use crate::domain::kernel::roster::{self, Clerks, Office};
use serde::{Deserialize, Serialize};

/// Roster that records which examiner reviews which claim.
pub type Roster = roster::Roster<Examiners>;

/// Office of the examiners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examiners;

impl Office for Examiners {
    type Business = Claims;
    const NAME: &'static str = "claims/rosters";
    const ROLE: &'static str = EXAMINER;

    fn clerks(settings: &Settings) -> &Clerks {
        &settings.examiners
    }
}
