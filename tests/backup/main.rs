//! `madang backup` of a running server, and `madang restore` into a new data folder.

mod erasing;
mod gates;
mod keys;
mod running;
mod speed;
#[path = "../support/mod.rs"]
mod support;
mod tools;
mod transfer;
