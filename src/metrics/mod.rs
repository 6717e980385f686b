//! Metrics: counters and histograms that are cheap to write, and the families that a scrape reads.
//!
//! ```text
//! written at each event     Counters, Histogram     relaxed atomics, one stripe for a few threads
//! read at each scrape       Families                names, labels and values
//!                           Process, folder         figures of the operating system
//! ```
//! The code that counts keeps its counters, so that an event needs neither a lock nor a look-up. What
//! the runtime knows already, such as the state of a gate, is not counted: a scrape reads it.

mod counters;
mod families;
mod folder;
mod histogram;
mod process;
mod stripe;

pub use counters::Counters;
pub use families::{Families, Family, Kind, Sample, Value};
pub use folder::{FileSystem, bytes_of, bytes_of_view, file_system};
pub use histogram::{Buckets, DURATIONS, Histogram, RECORDS, SHORT_DURATIONS, Scale};
pub use process::Process;
