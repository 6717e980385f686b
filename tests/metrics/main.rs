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
mod top;

use std::{
    env,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

/// Runs `promtool` with this input; `None` when it is not installed, except in CI.
///
/// # Panics
/// In CI, when it is not installed.
fn promtool(arguments: &[&str], folder: &Path, input: &str) -> Option<(bool, String)> {
    let mut command = Command::new("promtool");
    command.args(arguments).current_dir(folder).stdin(Stdio::piped());
    match command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() {
        Ok(mut child) => {
            let mut text = child.stdin.take().expect("its input");
            text.write_all(input.as_bytes()).expect("written");
            drop(text);
            let output = child.wait_with_output().expect("its output");
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
