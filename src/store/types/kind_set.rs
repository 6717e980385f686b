//! Sets of kinds, one bit each. The comparison of a few words finds the subscribers that a commit
//! concerns.

use super::record::{Cause, KindId, Payload, Stream};

/// A set of kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindSet {
    words: Vec<u64>,
}

impl KindSet {
    /// Adds a kind.
    pub fn insert(&mut self, kind: KindId) {
        let (word, bit) = place(kind);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= bit;
    }

    /// Adds all kinds of another set.
    pub fn extend(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, bits) in self.words.iter_mut().zip(&other.words) {
            *word |= bits;
        }
    }

    /// Whether this kind is in the set.
    #[must_use]
    pub fn contains(&self, kind: KindId) -> bool {
        let (word, bit) = place(kind);
        self.words.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// Returns the kinds in the set.
    pub fn iter(&self) -> impl Iterator<Item = KindId> {
        let words = (0_u16..).zip(&self.words);
        words.flat_map(|(word, bits)| {
            (0..64)
                .filter(move |bit| bits & (1 << bit) != 0)
                .map(move |bit| KindId(word * 64 + bit))
        })
    }

    /// Whether any kind is in both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.words.iter().zip(&other.words).any(|(one, other)| one & other != 0)
    }
}

impl FromIterator<KindId> for KindSet {
    fn from_iter<I: IntoIterator<Item = KindId>>(kinds: I) -> Self {
        let mut set = Self::default();
        for kind in kinds {
            set.insert(kind);
        }
        set
    }
}

fn place(kind: KindId) -> (usize, u64) {
    (usize::from(kind.0 / 64), 1 << (kind.0 % 64))
}

/// Returns the kind whose subscribers a record concerns. That is the kind of its stream; for the
/// outcome of a dispatched command without an event, the kind that dispatched it.
pub const fn interested_kind(stream: Stream, payload: &Payload, cause: Cause) -> KindId {
    match (payload, cause) {
        (Payload::Refused { .. } | Payload::Unchanged { .. }, Cause::Dispatch(origin)) => origin.by,
        _ => stream.kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_meet_when_they_share_a_kind() {
        let set = |kinds: &[u16]| kinds.iter().copied().map(KindId).collect::<KindSet>();
        assert!(set(&[1, 200]).meets(&set(&[3, 200])));
        assert!(!set(&[1, 200]).meets(&set(&[3, 64])));
        assert!(!set(&[]).meets(&set(&[0])));
        assert!(set(&[0, 63, 64]).contains(KindId(64)) && !set(&[0, 63]).contains(KindId(64)));
        let mut both = set(&[7]);
        both.extend(&set(&[64]));
        assert!(both.iter().eq([7, 64].map(KindId)));
        assert!(set(&[7, 63, 64]).iter().eq([7, 63, 64].map(KindId)));
    }
}
