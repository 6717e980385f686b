//! Dice that fall the same way for the same seed.

/// Small and good enough (xorshift); the seed must not be 0.
pub struct Dice(pub u64);

impl Dice {
    /// From 0 up to, and without, the number of sides.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}
