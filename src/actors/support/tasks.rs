//! Tasks and blocking work, with one type for each: tokio's code for a task is compiled for every
//! type of future, and aggregates, sagas and effects would have hundreds of types.

use crate::traces::Correlation;
use std::{any::Any, future::Future, pin::Pin};

/// Spawns a task on this event loop. It ends with the loop at the latest.
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    let task: Pin<Box<dyn Future<Output = ()>>> = Box::pin(task);
    actix::spawn(task);
}

/// Runs work that may wait for the disk on a thread for blocking work, off the event loop.
///
/// # Errors
/// The reason, when the work panicked or the runtime stops.
pub async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    type Work = Box<dyn FnOnce() -> Box<dyn Any + Send> + Send>;
    let correlation = Correlation::current();
    let work: Work = Box::new(move || {
        let _entered = correlation.enter();
        Box::new(work())
    });
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())?;
    Ok(*done.downcast().expect("the work returns its own type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix::test]
    async fn the_result_of_blocking_work_is_returned() {
        assert_eq!(run_blocking(|| 7_u64).await, Ok(7));
    }

    #[actix::test]
    async fn a_panic_of_blocking_work_is_its_error() {
        let error = run_blocking(|| -> u64 { panic!("no taxi") }).await.unwrap_err();
        assert!(error.contains("panicked"), "{error}");
    }
}
