//! Which values of settings make sense: those within a range.

use std::ops::RangeInclusive;

/// So many of anything: more could not be counted, and no moment so many milliseconds or seconds
/// away lies beyond what clocks can tell.
pub const COUNT_MAX: u64 = u32::MAX as u64;

/// More threads than any machine has use for.
pub const THREADS_MAX: u64 = 1_024;

/// A setting whose value makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSetting {
    /// Its key, within its section.
    pub key: &'static str,
    /// What would make sense.
    pub because: String,
}

impl InvalidSetting {
    /// The value of this key makes no sense.
    pub fn new(key: &'static str, because: impl Into<String>) -> Self {
        Self { key, because: because.into() }
    }
}

/// A key, its value, and the values that make sense.
pub type Ranged = (&'static str, u64, RangeInclusive<u64>);

/// Whether each of these values is within its range.
///
/// # Errors
/// The first that is not.
pub fn within(all: impl IntoIterator<Item = Ranged>) -> Result<(), InvalidSetting> {
    let outside = all.into_iter().find(|(_, value, range)| !range.contains(value));
    outside.map_or(Ok(()), |(key, value, range)| {
        let (least, most) = range.into_inner();
        Err(InvalidSetting::new(key, format!("must be from {least} to {most}, not {value}")))
    })
}
