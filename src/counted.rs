//! Counts in sentences for people: "1 flaw", "2 flaws".

use std::fmt::Display;

/// A count with the word for one thing, or for several ones.
pub fn counted(count: impl Copy + Display + PartialEq + From<u8>, one: &str) -> String {
    if count == 1.into() {
        return format!("{count} {one}");
    }
    match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{count} {stem}ies"),
        _ => format!("{count} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_has_its_own_word() {
        assert_eq!(counted(1_u64, "flaw"), "1 flaw");
        assert_eq!(counted(0_usize, "flaw"), "0 flaws");
        assert_eq!(counted(2_u32, "entry"), "2 entries");
        assert_eq!(counted(2_u32, "key"), "2 keys");
    }
}
