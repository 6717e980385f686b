//! The numbers that a restored journal does not assign: clients may know them.

use crate::{
    domain::kernel::Number,
    store::types::{Payload, Record},
};

/// The prefix of the kinds of the runtime itself, whose numbers clients do not know.
const OF_RUNTIME: &str = "madang/";

/// The numbers that were given to aggregates up to the end of a backup, and how many after them
/// are left out.
#[derive(Clone, Debug, Default)]
pub(super) struct FreeNumbers {
    /// The greatest number with an event, by kind. A refused command is not counted, because a
    /// client can write any number.
    given: Vec<u64>,
    skipped: u64,
}

impl FreeNumbers {
    /// Leaves out so many numbers of each kind.
    pub(super) fn after(skipped: u64) -> Self {
        Self { given: Vec::new(), skipped }
    }

    /// Passes further records of the backup, also those after the cut.
    pub(super) fn pass(&mut self, records: &[Record]) {
        let events = records.iter().filter(|one| matches!(one.payload, Payload::Event(_)));
        for stream in events.map(|one| one.stream).filter(|one| one.number <= Number::MAX.0) {
            let kind = usize::from(stream.kind.0);
            if self.given.len() <= kind {
                self.given.resize(kind + 1, 0);
            }
            self.given[kind] = self.given[kind].max(stream.number);
        }
    }

    /// The greatest number of each of these kinds that must not be assigned; 0 when a journal with
    /// these greatest numbers assigns none of them anyway.
    pub(super) fn taken(&self, kinds: &[String], heads: &[u64]) -> Vec<u64> {
        let of = |(kind, name): (usize, &String)| {
            let number = |all: &[u64]| all.get(kind).copied().unwrap_or_default();
            let taken = number(&self.given).saturating_add(self.skipped);
            let is_left_out = !name.starts_with(OF_RUNTIME) && taken > number(heads);
            if is_left_out { taken } else { 0 }
        };
        kinds.iter().enumerate().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_left_out_only_where_clients_may_know_them() {
        let kinds = ["taxi/orders", "taxi/taxis", "madang/types"].map(str::to_owned);
        let after = |skipped| FreeNumbers { given: vec![9], skipped };
        assert_eq!(after(0).taken(&kinds, &[9]), [0, 0, 0], "nothing is left out");
        assert_eq!(after(0).taken(&kinds, &[4]), [9, 0, 0], "5 to 9 were given after the cut");
        assert_eq!(after(100).taken(&kinds, &[9]), [109, 100, 0]);
    }
}
