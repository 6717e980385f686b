//! Validation of settings: their values must lie within a range.

use std::ops::RangeInclusive;

/// The greatest value of a count. Counters cannot count further. Times up to this many milliseconds
/// or seconds away fit into every clock.
pub const COUNT_MAX: u64 = u32::MAX as u64;

/// The greatest number of threads; no machine needs more.
pub const THREADS_MAX: u64 = 1_024;

/// A setting with an invalid value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSetting {
    /// Its key, within its section.
    pub key: &'static str,
    /// The valid values.
    pub reason: String,
}

impl InvalidSetting {
    /// An error about the value of this key.
    pub fn new(key: &'static str, reason: impl Into<String>) -> Self {
        Self { key, reason: reason.into() }
    }
}

/// A key, its value, and the valid range.
pub type Ranged = (&'static str, u64, RangeInclusive<u64>);

/// Checks that each of these values is within its range.
///
/// # Errors
/// The first value that is outside its range.
pub fn within(all: impl IntoIterator<Item = Ranged>) -> Result<(), InvalidSetting> {
    let outside = all.into_iter().find(|(_, value, range)| !range.contains(value));
    outside.map_or(Ok(()), |(key, value, range)| {
        let (least, most) = range.into_inner();
        Err(InvalidSetting::new(key, format!("must be from {least} to {most}, not {value}")))
    })
}
