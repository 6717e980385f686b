//! Random numbers that must differ between callers, and the fixed share of a key.

use ring::rand::{SecureRandom as _, SystemRandom};
use siphasher::sip::SipHasher13;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};

/// A random number.
pub fn random() -> u64 {
    // Each `RandomState` of the standard library has its own random keys.
    RandomState::new().hash_one(0)
}

/// Random bytes for secrets and keys.
///
/// # Errors
/// When the system gives none.
pub fn secret<const BYTES: usize>() -> Result<[u8; BYTES], String> {
    let mut bytes = [0; BYTES];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map(|()| bytes).map_err(|_| "the system gives no random bytes".to_owned())
}

/// A random number from `low` to `high`, both included.
pub fn between(low: u64, high: u64) -> u64 {
    low + random() % (high - low + 1)
}

/// A random number from 0 (included) to 1 (excluded).
pub fn roll() -> f64 {
    fraction(random())
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
        let low = (0..10_000).filter(|_| roll() < 0.3).count();
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
