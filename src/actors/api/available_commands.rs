//! The names of the commands that are available in a represented state of an aggregate.

/// The names of the available commands.
#[derive(Clone, Debug)]
pub enum Possible {
    /// As the aggregate declares them.
    Declared(&'static [&'static str]),
    /// As they were stored with an answer.
    Stored(Vec<String>),
}

impl Possible {
    /// Returns the names.
    #[must_use]
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        let (declared, stored): (&[&str], &[String]) = match self {
            Self::Declared(names) => (names, &[]),
            Self::Stored(names) => (&[], names),
        };
        let names = declared.len() + stored.len();
        (0..names).map(|nth| declared.get(nth).copied().unwrap_or_else(|| &stored[nth]))
    }
}

impl From<&'static [&'static str]> for Possible {
    fn from(names: &'static [&'static str]) -> Self {
        Self::Declared(names)
    }
}
