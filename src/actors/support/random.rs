//! Random numbers for pauses, moments and latencies that must differ between callers.

use std::hash::{BuildHasher as _, RandomState};

/// A random number.
pub fn random() -> u64 {
    // Each `RandomState` of the standard library has its own random keys.
    RandomState::new().hash_one(0)
}

/// A random number from `low` to `high`, both included.
pub fn between(low: u64, high: u64) -> u64 {
    low + random() % (high - low + 1)
}
