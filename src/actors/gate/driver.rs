//! The gate driver: the loop that ticks all gates and logs their transitions.

use super::registry::Gates;
use std::{sync::Arc, time::Duration};

/// The longest pause between two ticks. It bounds how late an unreported permit expires.
const TICK_EVERY: Duration = Duration::from_millis(250);

/// Ticks all gates for ever. The gates keep their state when this is dropped and called again.
pub async fn drive(gates: Arc<Gates>) {
    loop {
        gates.tick();
        let timer = gates.timer();
        timer.until_due(timer.now() + TICK_EVERY).await;
    }
}
