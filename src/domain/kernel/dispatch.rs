//! The dispatch: a command from a saga, a port or a lookup to an aggregate.

use super::{Aggregate, Id};
use std::{any::Any, fmt, fmt::Debug, sync::Arc};

/// A command with its address. The command is type-erased; the aggregate kind downcasts it.
#[derive(Clone)]
pub struct Dispatch {
    aggregate: &'static str,
    number: u64,
    command: Arc<dyn Sealed>,
}

trait Sealed: Any + Debug + Send + Sync {}

impl<C: Any + Debug + Send + Sync> Sealed for C {}

impl Dispatch {
    /// A command for the `A` of this number.
    pub fn new<A: Aggregate>(whom: Id<A>, command: A::Command) -> Self {
        Self { aggregate: A::NAME, number: whom.number(), command: Arc::new(command) }
    }

    /// The name of the aggregate kind that the command is for.
    #[must_use]
    pub const fn aggregate(&self) -> &'static str {
        self.aggregate
    }

    /// The number of the aggregate that the command is for.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The same command for the aggregate of this number.
    pub(super) fn renumbered(&self, number: u64) -> Self {
        Self { number, ..self.clone() }
    }

    /// The command as a command of `A`; `None` when it is for another aggregate kind.
    #[must_use]
    pub fn command<A: Aggregate>(&self) -> Option<&A::Command> {
        let command: &dyn Any = &*self.command;
        command.downcast_ref()
    }

    /// The bare name of the command, without its details.
    #[must_use]
    pub fn command_name(&self) -> String {
        command_name(&self.command)
    }
}

/// The bare name of a command: the variant, without its details.
pub fn command_name(command: &impl Debug) -> String {
    let mut name = format!("{command:?}");
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
    name.truncate(end);
    name
}

impl Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}: {:?}", self.aggregate, self.number, self.command)
    }
}

/// Two dispatches are equal when their debug output is the same.
impl PartialEq for Dispatch {
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}
