//! Reads of many small ranges of keys in ascending order, in one pass over the tree: to open each
//! range costs more than to read it, and most are empty.

use super::tree::{Entries, Tree, TreeError};
use sled::IVec;
use std::ops::Bound;

/// A reader of ranges of keys under one letter. A range before the one that was read last, or far
/// behind it, is opened anew.
pub struct Ascending {
    letter: u8,
    pass: Option<Pass>,
}

struct Pass {
    entries: Entries,
    /// There is no key between this one and the next entry.
    from: Bound<IVec>,
    /// The next entry; `None` at the end.
    next: Option<Result<(IVec, IVec), TreeError>>,
}

impl Ascending {
    /// A reader that has read nothing yet.
    pub(in crate::store) const fn new(letter: u8) -> Self {
        Self { letter, pass: None }
    }

    /// Returns the entries from the first to the last of these keys. Both begin with the letter.
    pub(in crate::store) fn range<'a>(
        &'a mut self,
        db: &Tree,
        first: &[u8],
        last: &[u8],
    ) -> Within<'a> {
        let pass = self.pass.take().filter(|pass| pass.is_at(first));
        let pass = self.pass.insert(pass.unwrap_or_else(|| {
            let mut entries = db.range(first..[self.letter + 1].as_slice());
            let next = entries.next();
            Pass { entries, from: Bound::Included(first.into()), next }
        }));
        Within { pass, last: last.into() }
    }

    /// Whether there is an entry under this key.
    pub(in crate::store) fn contains(&mut self, db: &Tree, key: &[u8]) -> Result<bool, TreeError> {
        Ok(self.range(db, key, key).next().transpose()?.is_some())
    }
}

impl Pass {
    /// Whether the next entry is the first one from this key on.
    fn is_at(&self, first: &[u8]) -> bool {
        let is_behind_last = match &self.from {
            Bound::Included(from) => from.as_ref() <= first,
            Bound::Excluded(passed) => passed.as_ref() < first,
            Bound::Unbounded => false,
        };
        is_behind_last
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
        for (first, last) in [(0, 0), (1, 1), (2, 3), (4, 4), (7, 8), (2, 2), (9, 20), (30, 40)] {
            let expected: Vec<u8> = (first.max(1)..=last.min(9)).collect();
            assert_eq!(read(&mut ascending, &tree, first, last), expected, "{first} to {last}");
        }
        assert_eq!(read(&mut ascending, &tree, 0, 255), (1..=9).collect::<Vec<u8>>());
    }

    #[test]
    fn a_range_that_was_read_in_part_is_read_again_from_its_beginning() {
        let folder = tempfile::tempdir().expect("a folder");
        let (tree, mut ascending) = (tree(folder.path()), Ascending::new(b's'));
        assert!(ascending.range(&tree, b"s\x02", b"s\x05").next().is_some());
        assert_eq!(read(&mut ascending, &tree, 2, 5), [2, 3, 4, 5]);
        assert_eq!(read(&mut ascending, &tree, 5, 6), [5, 6]);
    }
}
