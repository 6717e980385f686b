//! Responses: JSON (HAL), HTML, plain text, and problems in the sense of RFC 9457.

mod answer;
pub mod conversation;
pub mod hal;
mod history;
pub mod html;
mod written;

pub use answer::{Body, Response};
pub use conversation::ConversationPage;
pub use history::history;
pub use written::written;
