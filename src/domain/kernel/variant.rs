//! The name of a variant of an enum, checked by the compiler.

use std::marker::PhantomData;

/// The name of a variant of `E`, made by [`variant!`](crate::variant).
#[derive(Debug)]
pub struct Variant<E> {
    path: &'static str,
    of: PhantomData<fn(&E)>,
}

/// The name of a variant of an enum: `variant!(Command::Assign)`. A variant that does not exist is
/// an error of the compiler, so that a renamed command cannot be forgotten in a saga.
#[macro_export]
macro_rules! variant {
    ($path:path) => {
        $crate::domain::kernel::Variant::new(stringify!($path), |value| {
            matches!(value, $path { .. })
        })
    };
}

impl<E> Clone for Variant<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Variant<E> {}

impl<E> Variant<E> {
    /// The variant with this path; see [`variant!`](crate::variant). The function is never called:
    /// it makes the compiler check that the variant exists.
    pub const fn new(path: &'static str, _exists: fn(&E) -> bool) -> Self {
        Self { path, of: PhantomData }
    }

    /// Whether the variant has this name.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        self.path.rsplit("::").next().is_some_and(|last| last.trim() == name)
    }
}

#[cfg(test)]
mod tests {
    enum Command {
        Assign { _taxi: u64 },
        Release,
    }

    #[test]
    fn a_variant_is_known_by_its_last_name() {
        let _ = [Command::Assign { _taxi: 1 }, Command::Release];
        let assign = crate::variant!(Command::Assign);
        assert!(assign.names("Assign"));
        assert!(!assign.names("Release"));
        assert!(crate::variant!(self::Command::Release).names("Release"));
    }
}
