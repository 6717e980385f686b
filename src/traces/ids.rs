//! The ids of spans and traces that follow from the journal: the same in every process, so that spans
//! of one conversation fit together without a table of them.

use siphasher::{
    sip::SipHasher24,
    sip128::{Hasher128 as _, SipHasher24 as SipHasher24Of128},
};
use std::hash::Hasher as _;

/// The span of a record itself. The parts that react to it have the numbers of their kinds.
const RECORD: u64 = u64::MAX;

/// The ids of one store.
#[derive(Clone, Copy, Debug)]
pub struct Ids(u64);

impl Ids {
    /// The ids of the store with this identity.
    #[must_use]
    pub const fn of(store: u64) -> Self {
        Self(store)
    }

    /// The trace of a conversation of a business.
    #[must_use]
    pub fn trace(self, business: &str, conversation: u64) -> u128 {
        let mut hasher = SipHasher24Of128::new_with_keys(self.0, conversation);
        hasher.write(business.as_bytes());
        hasher.finish128().as_u128().max(1)
    }

    /// The span of the record at a position.
    #[must_use]
    pub fn record(self, position: u64) -> u64 {
        self.span(position, RECORD)
    }

    /// The span of the reaction of the part with this number to the record at a position.
    #[must_use]
    pub fn reaction(self, position: u64, part: u16) -> u64 {
        self.span(position, u64::from(part))
    }

    /// The span of the rows of a view that follow from the record with this span.
    #[must_use]
    pub fn of_view(self, view: &str, record: u64) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(self.0, record);
        hasher.write(view.as_bytes());
        hasher.finish().max(1)
    }

    fn span(self, position: u64, part: u64) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(self.0, part);
        hasher.write_u64(position);
        hasher.finish().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_same_in_every_process_and_differ_by_store_conversation_and_part() {
        let ids = Ids::of(7);
        assert_eq!(ids.trace("taxi", 1), Ids::of(7).trace("taxi", 1));
        assert_ne!(ids.trace("taxi", 1), Ids::of(8).trace("taxi", 1));
        assert_ne!(ids.trace("taxi", 1), ids.trace("rental", 1));
        assert_ne!(ids.trace("taxi", 1), ids.trace("taxi", 2));
        let spans = [ids.record(1), ids.record(2), ids.reaction(1, 0), ids.reaction(1, 1)];
        let others = |at: usize| spans.iter().skip(at + 1);
        assert!((0..4).all(|at| others(at).all(|other| *other != spans[at])), "{spans:?}");
    }
}
