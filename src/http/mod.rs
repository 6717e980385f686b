//! What is said aloud: names and JSON over HTTP, and nothing that knows a business.
//!
//! ```text
//! front ── router (path → resource, view)      one handler for everything
//!   ├─ headers, query                          what is asked
//!   ├─ hal, problem, answer                    what is answered
//!   ├─ operate                                 health, quarantine, index
//!   └─ contexts                                what can be suspended
//! last_words ── what never becomes a request gets a sentence, too
//! ```

pub mod answer;
mod contexts;
pub mod front;
pub mod hal;
pub mod headers;
mod last_words;
pub mod operate;
pub mod problem;
pub mod query;
pub mod router;
mod server;

pub use server::{Limits, start};
