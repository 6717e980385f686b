//! Tests that a tree reads as if sled held every write.

use super::*;
use proptest::{collection::vec, prelude::*};
use std::collections::BTreeMap;

/// A step of a test. Keys and values are one byte long.
#[derive(Clone, Debug)]
enum Step {
    Insert(u8, u8),
    Remove(u8),
    Freeze,
    /// Writes the frozen layer to sled.
    WriteBack,
    /// Forgets it.
    Forget,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..24_u8, any::<u8>()).prop_map(|(key, value)| Step::Insert(key, value)),
        3 => (0..24_u8).prop_map(Step::Remove),
        1 => Just(Step::Freeze),
        1 => Just(Step::WriteBack),
        1 => Just(Step::Forget),
    ];
    vec(step, 1..80)
}

/// A tree, what it must read as, and its frozen layer, if there is one.
struct Case {
    tree: Tree,
    model: BTreeMap<u8, u8>,
    frozen: Option<(Arc<Layer>, bool)>,
    _folder: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = sled::Config::new().path(folder.path()).flush_every_ms(None);
        let tree = Tree::open(&config, folder.path()).expect("opens");
        Self { tree, model: BTreeMap::new(), frozen: None, _folder: folder }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Insert(key, value) => {
                self.tree.add([(IVec::from(&[key]), Some(IVec::from(&[value])))]);
                self.model.insert(key, value);
            }
            Step::Remove(key) => {
                self.tree.add([(IVec::from(&[key]), None)]);
                self.model.remove(&key);
            }
            Step::Freeze if self.frozen.is_none() => {
                self.frozen = Some((self.tree.freeze(), false));
            }
            Step::WriteBack => {
                if let Some((layer, is_written)) = &mut self.frozen {
                    let mut batch = sled::Batch::default();
                    for (key, value) in layer.iter() {
                        match value {
                            Some(value) => batch.insert(key, value),
                            None => batch.remove(key),
                        }
                    }
                    self.tree.apply(batch).expect("written");
                    *is_written = true;
                }
            }
            Step::Forget if self.frozen.as_ref().is_some_and(|(_, is_written)| *is_written) => {
                self.tree.forget_frozen();
                self.frozen = None;
            }
            Step::Freeze | Step::Forget => {}
        }
    }

    fn assert_reads_as_the_model(&self) {
        let pair = |entry: Entry| entry.map(|(key, value)| (key[0], value[0])).expect("readable");
        let expected: Vec<_> = self.model.iter().map(|(key, value)| (*key, *value)).collect();
        let all = || self.tree.range::<[u8; 1]>(..);
        assert_eq!(all().map(pair).collect::<Vec<_>>(), expected);
        let backwards: Vec<_> = expected.iter().rev().copied().collect();
        assert_eq!(all().rev().map(pair).collect::<Vec<_>>(), backwards);
        let (mut both, mut left) = (all(), expected.as_slice());
        while let [first, rest @ ..] = left {
            assert_eq!(both.next().map(pair), Some(*first));
            left = rest;
            if let [rest @ .., last] = left {
                assert_eq!(both.next_back().map(pair), Some(*last));
                left = rest;
            }
        }
        assert!(both.next().is_none() && both.next_back().is_none());
        for key in 0..=24 {
            let found = self.tree.get([key]).expect("readable").map(|value| value[0]);
            assert_eq!(found, self.model.get(&key).copied());
            let below = self.tree.get_lt([key]).expect("readable").map(|entry| pair(Ok(entry)));
            let expected = self.model.range(..key).next_back().map(|(key, value)| (*key, *value));
            assert_eq!(below, expected);
            let some: Vec<_> = self.tree.range([key]..=[key + 7]).map(pair).collect();
            let expected = self.model.range(key..=key + 7).map(|(key, value)| (*key, *value));
            assert_eq!(some, expected.collect::<Vec<_>>());
            assert_eq!(self.tree.scan_prefix([key]).count(), usize::from(found.is_some()));
        }
        assert_eq!(self.tree.is_empty().expect("readable"), self.model.is_empty());
    }
}

type Entry = Result<(IVec, IVec), TreeError>;

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_tree_reads_as_if_sled_held_every_write(steps in steps()) {
        let mut case = Case::new();
        for step in &steps {
            case.step(step);
        }
        case.assert_reads_as_the_model();
    }
}

#[test]
fn a_range_that_was_begun_before_a_write_back_misses_nothing() {
    let mut case = Case::new();
    for step in [Step::Insert(1, 1), Step::Insert(2, 2), Step::Freeze, Step::Insert(3, 3)] {
        case.step(&step);
    }
    let mut begun = case.tree.range::<[u8; 1]>(..);
    assert_eq!(begun.next().expect("there").expect("readable").0, [1]);
    for step in [Step::WriteBack, Step::Forget] {
        case.step(&step);
    }
    let rest: Vec<u8> = begun.map(|entry| entry.expect("readable").0[0]).collect();
    assert_eq!(rest, [2, 3]);
}

#[test]
fn a_prefix_of_greatest_bytes_has_no_end() {
    assert_eq!(behind_prefix(b"ab"), Some(IVec::from(b"ac")));
    assert_eq!(behind_prefix(&[1, u8::MAX]), Some(IVec::from(&[2])));
    assert_eq!(behind_prefix(&[u8::MAX]), None);
}
