//! Reads of many small ranges of keys in ascending order, in one pass over the tree: to open each
//! range costs more than to read it, and most are empty.

use super::tree::{Entries, Tree, TreeError};
use sled::IVec;
use std::ops::Bound;

/// The number of ranges in ascending order after which all that follow are opened together. To open
/// them copies what sled does not hold yet, which would be too much for ranges in any other order.
const IN_ORDER: u32 = 8;

/// A reader of ranges of keys under one letter.
pub struct Ascending {
    letter: u8,
    pass: Option<Pass>,
    /// The number of ranges in ascending order so far, and the end of the last one.
    in_order: u32,
    end: IVec,
}

struct Pass {
    entries: Entries,
    /// There is no key between this one and the next entry.
    from: Bound<IVec>,
    /// The last key that the entries can have.
    until: IVec,
    /// The next entry; `None` at the end.
    next: Option<Result<(IVec, IVec), TreeError>>,
}

impl Ascending {
    /// A reader that has read nothing yet.
    pub(in crate::store) fn new(letter: u8) -> Self {
        Self { letter, pass: None, in_order: 0, end: IVec::default() }
    }

    /// Returns the entries from the first to the last of these keys. Both begin with the letter.
    pub(in crate::store) fn range<'a>(
        &'a mut self,
        db: &Tree,
        first: &[u8],
        last: &[u8],
    ) -> Within<'a> {
        let is_in_order = self.end.as_ref() < first;
        self.in_order = if is_in_order { self.in_order.saturating_add(1) } else { 0 };
        self.end = last.into();
        let before = self.pass.take();
        let was_whole = before.as_ref().is_some_and(|pass| pass.until.len() == 1);
        let pass = before.filter(|pass| pass.is_at(first, last));
        if pass.is_none() && was_whole {
            self.in_order = 0;
        }
        let pass = self.pass.insert(pass.unwrap_or_else(|| {
            let until = if self.in_order < IN_ORDER { last } else { &[self.letter + 1] };
            let mut entries = db.range(first..=until);
            let next = entries.next();
            Pass { entries, from: Bound::Included(first.into()), until: until.into(), next }
        }));
        Within { pass, last: last.into() }
    }

    /// Whether there is an entry under this key.
    pub(in crate::store) fn contains(&mut self, db: &Tree, key: &[u8]) -> Result<bool, TreeError> {
        Ok(self.range(db, key, key).next().transpose()?.is_some())
    }
}

impl Pass {
    /// Whether the next entry is the first one from this key on, and the entries go to that key.
    fn is_at(&self, first: &[u8], last: &[u8]) -> bool {
        let is_behind_last = match &self.from {
            Bound::Included(from) => from.as_ref() <= first,
            Bound::Excluded(passed) => passed.as_ref() < first,
            Bound::Unbounded => false,
        };
        is_behind_last
            && self.until.as_ref() >= last
            && match &self.next {
                Some(Ok((key, _))) => key.as_ref() >= first,
                Some(Err(_)) => false,
                None => true,
            }
    }
}

/// Iterator over the entries of one range. It ends after an error.
pub(in crate::store) struct Within<'a> {
    pass: &'a mut Pass,
    last: IVec,
}

impl Iterator for Within<'_> {
    type Item = Result<(IVec, IVec), TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.pass.next.as_ref()?.as_ref().is_ok_and(|(key, _)| *key > self.last) {
            return None;
        }
        let taken = self.pass.next.take();
        match &taken {
            Some(Ok((key, _))) => {
                self.pass.from = Bound::Excluded(key.clone());
                self.pass.next = self.pass.entries.next();
            }
            // The range is opened again after an error.
            _ => self.pass.from = Bound::Unbounded,
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree with the entries `s1` to `s9`, and one under another letter.
    fn tree(folder: &std::path::Path) -> Tree {
        let config = sled::Config::new().path(folder).flush_every_ms(None);
        let tree = Tree::open(&config, folder).expect("opens");
        for number in 1..=9 {
            tree.insert([b's', number], &[number]).expect("is written");
        }
        tree.insert(b"t1", b"other").expect("is written");
        tree
    }

    fn read(ascending: &mut Ascending, tree: &Tree, first: u8, last: u8) -> Vec<u8> {
        let within = ascending.range(tree, &[b's', first], &[b's', last]);
        within.map(|entry| entry.expect("is readable").1[0]).collect()
    }

    #[test]
    fn ranges_in_any_order_have_the_entries_of_the_tree() {
        let folder = tempfile::tempdir().expect("a folder");
        let (tree, mut ascending) = (tree(folder.path()), Ascending::new(b's'));
        let in_order = (10..30).map(|number| (number, number));
        let ranges = [(0, 0), (1, 1), (2, 3), (4, 4), (7, 8), (2, 2), (9, 20), (30, 40)];
        let singly = (0..=9).map(|number| (number, number));
        for (first, last) in ranges.into_iter().chain(in_order).chain(singly).chain(ranges) {
            let expected: Vec<u8> = (first.max(1)..=last.min(9)).collect();
            assert_eq!(read(&mut ascending, &tree, first, last), expected, "{first} to {last}");
        }
        let singly = (1..=9).map(|number| (number, number));
        for (first, last) in singly {
            assert_eq!(read(&mut ascending, &tree, first, last), [first]);
        }
        assert_eq!(ascending.pass.as_ref().map(|pass| pass.until.len()), Some(1), "in one pass");
        assert_eq!(read(&mut ascending, &tree, 0, 255), (1..=9).collect::<Vec<u8>>());
    }

    #[test]
    fn a_range_that_was_read_in_part_is_read_again_from_its_beginning() {
        let folder = tempfile::tempdir().expect("a folder");
        let (tree, mut ascending) = (tree(folder.path()), Ascending::new(b's'));
        for number in 10..10 + 2 * u8::try_from(IN_ORDER).expect("is small") {
            assert!(read(&mut ascending, &tree, number, number).is_empty());
        }
        assert!(ascending.range(&tree, b"s\x02", b"s\x05").next().is_some());
        assert_eq!(read(&mut ascending, &tree, 2, 5), [2, 3, 4, 5]);
        assert_eq!(read(&mut ascending, &tree, 5, 6), [5, 6]);
    }
}
