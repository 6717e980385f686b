//! Parts are suspended and resumed: nothing is missed, nothing comes twice, and nobody else notices.

mod cancels;
mod gates;
mod operating;
mod site;
mod stories;
#[path = "../support/mod.rs"]
mod support;
