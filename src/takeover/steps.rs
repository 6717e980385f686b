//! Stops of a take-over at a named step, for drills and tests.

use std::{env, future, thread};

/// The variable that names the step.
const VARIABLE: &str = "TAKE_OVER_STOPS_AT";

/// The step at which this process stops; none unless faults are allowed.
#[derive(Clone, Debug, Default)]
pub struct Steps(Option<String>);

impl Steps {
    /// Reads the step from the environment, if faults are allowed.
    #[must_use]
    pub fn of_environment(allows_faults: bool) -> Self {
        Self(env::var(VARIABLE).ok().filter(|_| allows_faults))
    }

    fn stops_at(&self, step: &str) -> bool {
        let stops = self.0.as_deref() == Some(step);
        if stops {
            println!("the take-over stops at: {step}");
        }
        stops
    }

    /// Waits for ever when this is the step; the thread goes on with other work.
    pub async fn reach(&self, step: &str) {
        if self.stops_at(step) {
            future::pending::<()>().await;
        }
    }

    /// Waits for ever when this is the step.
    pub fn reach_blocking(&self, step: &str) {
        while self.stops_at(step) {
            thread::park();
        }
    }
}
