//! Settings that can change while the runtime is running.

use crate::sync;
use std::sync::{Arc, RwLock};

/// A value that can be replaced while others read it. A clone shares the value.
#[derive(Debug, Default)]
pub struct Live<T>(Arc<RwLock<Arc<T>>>);

impl<T> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Live<T> {
    /// A shared value.
    pub fn new(value: T) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(value))))
    }

    /// The present value. The lock is not held afterwards, so code that does not return stops no
    /// replacement.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&sync::read(&self.0))
    }

    /// Replaces the value.
    pub fn set(&self, value: T) {
        *sync::write(&self.0) = Arc::new(value);
    }
}
