//! What is said aloud: names and JSON over HTTP, and nothing that knows a business.
//!
//! ```text
//! front ── router (path → resource, view)      one handler for everything
//!   ├─ clients                                 who asks too much
//!   ├─ headers, accept, query                  what is asked
//!   ├─ hal, html, conversation, problem, answer
//!   ├─ operate                                 health, quarantine, index
//!   ├─ contexts, diary, faults                 what can be suspended, what happened, what is to break
//!   └─ gates                                   who is let through, and how it is set
//! connection ── deadlines, what is read ahead, and how many there may be
//!   └─ last_words                            what never becomes a request gets a sentence, too
//! ```

pub mod accept;
pub mod answer;
pub mod clients;
mod connection;
mod contexts;
pub mod conversation;
mod diary;
mod faults;
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

pub use server::{Limits, Traffic, start};
