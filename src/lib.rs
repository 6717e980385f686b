//! madang

#![forbid(unsafe_code)]

pub mod actors;
pub mod domain;
pub mod http;
pub mod store;
pub mod verify;
