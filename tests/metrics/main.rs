//! The figures for Prometheus: what a scrape has, who may read it, and that every alert of
//! `deploy/prometheus` follows from its condition.

#![allow(clippy::float_cmp)] // the figures are whole numbers

mod access;
mod conditions;
mod expressions;
mod format;
mod scrape;
#[path = "../support/mod.rs"]
mod support;

use std::{env, path::Path, process::Command};

/// Runs `promtool`; `None` when it is not installed, except in CI.
///
/// # Panics
/// In CI, when it is not installed.
fn promtool(arguments: &[&str], folder: &Path) -> Option<(bool, String)> {
    match Command::new("promtool").args(arguments).current_dir(folder).output() {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
        }
        Err(error) => {
            assert!(env::var_os("CI").is_none(), "promtool is required in CI: {error}");
            println!("promtool is not installed: its test is skipped");
            None
        }
    }
}
