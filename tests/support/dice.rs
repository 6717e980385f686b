//! Random numbers that are the same for the same seed.

/// A small random number generator (xorshift); the seed must not be 0.
pub struct Dice(pub u64);

impl Dice {
    /// A number from 0 (included) to the number of sides (excluded).
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}
