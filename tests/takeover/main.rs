//! Upgrades without a gap: `madang check-upgrade`, and `madang serve --take-over`.

mod checking;
mod clients;
mod library;
mod process;
#[path = "../support/mod.rs"]
mod support;
