//! Upgrades without a gap: `madang check-upgrade`, and `madang serve --take-over`.

mod checking;
mod clients;
mod continuing;
mod dying;
mod library;
mod process;
#[path = "../support/mod.rs"]
mod support;
