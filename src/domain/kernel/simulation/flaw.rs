//! The flaw of a random world, with its story.

use std::fmt;

/// A violation of an invariant in a random world, with the shortest story found that leads to a
/// violation of the same kind.
#[derive(Clone, Debug)]
pub struct Flaw {
    /// The seed of the world.
    pub seed: u64,
    /// The violation at the end of the story, as a sentence.
    pub violation: String,
    /// The story: a line for each request with its answer, and for what follows from it.
    pub story: String,
    /// The number of acts in the random world, and in the story.
    pub acts: (usize, usize),
    /// The settings of the businesses.
    pub settings: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, violation, story, acts: (before, after), settings } = self;
        writeln!(f, "the world of seed {seed} has a flaw: {violation}")?;
        writeln!(f, "its story, shortened from {before} acts to {after}, under {settings}:")?;
        write!(f, "{story}")
    }
}
