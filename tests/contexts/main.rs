//! Parts are suspended and resumed: nothing is missed, nothing comes twice, and nobody else notices.

mod operating;
mod stories;
#[path = "../support/mod.rs"]
mod support;
