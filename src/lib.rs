//! madang

pub mod actors;
pub mod domain;
pub mod store;
