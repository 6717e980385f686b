//! The server as a process and over HTTP: its limits, its configuration, its start and its stop.
//!
//! `tests/clock.rs` is a program of its own, because it sets the clock of its process.

mod calendar;
mod compacting;
mod configuration;
mod connections;
mod eighth;
mod evolution;
mod examples;
mod gates;
mod hostile;
mod http2;
mod identity;
mod names;
mod numbers;
mod operations_log;
mod planted;
mod private;
mod race;
mod reload;
mod repair;
mod running_balance;
mod sandbox;
mod seventh;
mod starting_and_stopping;
mod staying;
mod stopping;
mod strict;
#[path = "../support/mod.rs"]
mod support;
mod template;
mod verify;
