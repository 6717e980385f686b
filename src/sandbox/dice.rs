//! Random numbers without a lock, and the fixed share of a key.

use siphasher::sip::SipHasher13;
use std::{
    hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

/// A random number generator: `SplitMix64` (Steele, Lea, Flood 2014). Its state is an atomic
/// counter, so any number of threads may use it.
#[derive(Debug)]
pub struct Dice(AtomicU64);

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Dice {
    /// Creates a generator with a random seed: every hasher of the standard library has random
    /// keys.
    pub fn new() -> Self {
        Self(AtomicU64::new(RandomState::new().hash_one(GOLDEN)))
    }

    /// Draws a number from 0 (included) to 1 (excluded).
    pub fn roll(&self) -> f64 {
        let state = self.0.fetch_add(GOLDEN, Ordering::Relaxed).wrapping_add(GOLDEN);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        fraction(mixed ^ (mixed >> 31))
    }
}

/// A number from 0 (included) to 1 (excluded) that is the same for this key in every process.
pub fn share_of(key: &str) -> f64 {
    let mut hasher = SipHasher13::new();
    key.hash(&mut hasher);
    fraction(hasher.finish())
}

#[allow(clippy::cast_precision_loss)] // 53 bits are what a fraction holds
fn fraction(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rolls_are_spread_evenly() {
        let dice = Dice::new();
        let low = (0..10_000).filter(|_| dice.roll() < 0.3).count();
        assert!((2_700..3_300).contains(&low), "{low}");
    }

    #[test]
    fn keys_are_spread_evenly_and_each_keeps_its_share() {
        let shares: Vec<_> = (0..10_000).map(|n| share_of(&format!("charge-{n}"))).collect();
        let low = shares.iter().filter(|share| **share < 0.3).count();
        assert!((2_700..3_300).contains(&low), "{low}");
        assert!((share_of("charge-7") - shares[7]).abs() < f64::EPSILON);
    }
}
