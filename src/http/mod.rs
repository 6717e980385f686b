//! What is said aloud: names and JSON over HTTP, and nothing that knows a business.
//!
//! ```text
//! front ── router (path → resource, view)      one handler for everything
//!   ├─ headers, accept, query                  what is asked
//!   ├─ hal, html, conversation, problem, answer
//!   ├─ operate                                 health, quarantine, index
//!   ├─ contexts                                what can be suspended
//!   └─ gates                                   who is let through, and how it is set
//! last_words ── what never becomes a request gets a sentence, too
//! ```

pub mod accept;
pub mod answer;
mod contexts;
pub mod conversation;
pub mod front;
mod gates;
pub mod hal;
pub mod headers;
pub mod html;
mod last_words;
pub mod operate;
mod plain;
pub mod problem;
pub mod query;
pub mod router;
mod server;

pub use server::{Limits, start};
