//! madang

#![forbid(unsafe_code)]

pub mod actors;
pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod http;
pub mod store;
pub mod verify;
