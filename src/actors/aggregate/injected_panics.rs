//! Panics that are injected into instances on purpose.

use crate::actors::api::{FaultError, TARGETS_MAX};
use crate::sync;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// How often an instance panics on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectedPanic {
    Once,
    UntilReleased,
}

/// The instances that are made to panic. Without any, the check is one atomic load.
#[derive(Debug, Default)]
pub struct InjectedPanics {
    is_any: AtomicBool,
    targets: Mutex<BTreeMap<(String, u64), InjectedPanic>>,
}

impl InjectedPanics {
    /// Panics if a panic is injected into this instance.
    ///
    /// # Panics
    /// When a panic is injected into this instance.
    pub fn panic_if_injected(&self, resource: &str, number: u64) {
        if !self.is_any.load(Ordering::Relaxed) {
            return;
        }
        let is_struck = {
            let key = (resource.to_owned(), number);
            let mut targets = sync::lock(&self.targets);
            let panic = targets.get(&key).copied();
            if panic == Some(InjectedPanic::Once) {
                targets.remove(&key);
            }
            panic.is_some()
        };
        assert!(!is_struck, "broken on purpose");
    }

    /// Removes the injected panic of this instance.
    pub fn forgive(&self, resource: &str, number: u64) {
        if self.is_any.load(Ordering::Relaxed) {
            sync::lock(&self.targets).remove(&(resource.to_owned(), number));
        }
    }

    pub(in crate::actors) fn aim(
        &self,
        resource: &str,
        number: u64,
        panic: InjectedPanic,
    ) -> Result<(), FaultError> {
        let mut targets = sync::lock(&self.targets);
        if targets.len() >= TARGETS_MAX {
            return Err(FaultError::Full);
        }
        targets.insert((resource.to_owned(), number), panic);
        self.is_any.store(true, Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::support::catch_panic;

    #[test]
    fn an_instance_panics_once_or_until_its_injected_panic_is_removed() {
        let injected_panics = InjectedPanics::default();
        let panics =
            |number| catch_panic(|| injected_panics.panic_if_injected("a/b", number)).is_err();
        injected_panics.aim("a/b", 1, InjectedPanic::Once).unwrap();
        injected_panics.aim("a/b", 2, InjectedPanic::UntilReleased).unwrap();
        assert!(panics(1) && !panics(1) && !panics(3));
        assert!(panics(2) && panics(2));
        injected_panics.forgive("a/b", 2);
        assert!(!panics(2));
    }
}
