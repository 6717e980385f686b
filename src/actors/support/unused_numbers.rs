//! The numbers that can have no history on disk, so that the disk need not be read.

/// The numbers that were used since the start, and were greater than all numbers on disk then. Each
/// takes one bit. The first instance of such a number needs no read from disk.
#[derive(Debug)]
pub struct UnusedNumbers {
    last_on_disk: u64,
    shards: u64,
    born: Vec<u64>,
}

impl UnusedNumbers {
    /// Numbers further than this above the start are read from disk instead: 16 MiB of bits.
    const NUMBERS_MAX: u64 = 1 << 27;

    /// No number above `last_on_disk` is on disk. Every `shards`th number belongs to this shard.
    pub const fn after(last_on_disk: u64, shards: u64) -> Self {
        Self { last_on_disk, shards, born: Vec::new() }
    }

    /// Whether this number certainly has no history; true only at the first call for it.
    pub fn first_time(&mut self, number: u64) -> bool {
        if number <= self.last_on_disk {
            return false;
        }
        let nth = (number - self.last_on_disk - 1) / self.shards;
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
    fn a_number_greater_than_all_on_disk_is_unused_until_its_first_use() {
        let mut unused_numbers = UnusedNumbers::after(10, 2);
        assert!(!unused_numbers.first_time(10));
        assert!(unused_numbers.first_time(11));
        assert!(!unused_numbers.first_time(11));
        assert!(unused_numbers.first_time(213));
        assert!(!unused_numbers.first_time(u64::MAX));
        assert!(!UnusedNumbers::after(u64::MAX, 2).first_time(u64::MAX));
    }
}
