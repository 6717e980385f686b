//! Small helpers: backoff, bulkhead, causes of errors, clock, panics, validation of settings, `Retry-After`,
//! tasks, brief blocking work, batching of wake-ups. They use no other folder of the runtime.

mod backoff;
mod brief_work;
mod bulkhead;
mod causes;
pub mod clock;
pub mod data_folder;
mod panics;
mod retry_after;
mod tasks;
mod thread_name;
mod unused_numbers;
mod validation;
mod wake_batching;

pub use backoff::{Backoff, RETRY_PAUSE};
pub use brief_work::begin_brief;
pub use bulkhead::{Bulkhead, NoTurn};
pub use causes::with_causes;
pub use clock::{JUMP_MIN, Jump, in_millis, millis, now};
pub use panics::{catch_panic, panic_message};
pub use retry_after::{DrainRate, soon, whole_seconds_spread};
pub use tasks::{run_blocking, spawn};
pub use thread_name::name_this_thread;
pub use unused_numbers::UnusedNumbers;
pub use validation::{COUNT_MAX, InvalidSetting, Ranged, THREADS_MAX, within};
pub use wake_batching::batch_wakes;
