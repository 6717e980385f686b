//! Numbers that can have no history on disk, so that no lookup is needed.

/// The numbers above those on disk at the start that have been used since: a bit each. The first
/// instance of such a number needs no lookup on disk.
#[derive(Debug)]
pub struct UnusedNumbers {
    last_on_disk: u64,
    shards: u64,
    born: Vec<u64>,
}

impl UnusedNumbers {
    /// Numbers further than this above the start are looked up on disk instead: 16 MiB of bits.
    const NUMBERS_MAX: u64 = 1 << 27;

    /// No number above `last_on_disk` is on disk; every `shards`th number belongs to this shard.
    pub const fn after(last_on_disk: u64, shards: u64) -> Self {
        Self { last_on_disk, shards, born: Vec::new() }
    }

    /// Whether this number certainly has no history; true only at the first call for it.
    pub fn first_time(&mut self, number: u64) -> bool {
        let Some(above) = number.checked_sub(self.last_on_disk + 1) else { return false };
        let nth = above / self.shards;
        if nth >= Self::NUMBERS_MAX {
            return false;
        }
        let (word, bit) = (usize::try_from(nth / 64).unwrap_or(usize::MAX), nth % 64);
        if self.born.len() <= word {
            self.born.resize(word + 1, 0);
        }
        let is_first = self.born[word] & (1 << bit) == 0;
        self.born[word] |= 1 << bit;
        is_first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_birth_above_the_disk_is_a_newborn() {
        let mut newborns = UnusedNumbers::after(10, 2);
        assert!(!newborns.first_time(10));
        assert!(newborns.first_time(11));
        assert!(!newborns.first_time(11));
        assert!(newborns.first_time(213));
        assert!(!newborns.first_time(u64::MAX));
    }
}
