//! A real Chromium without a window.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

/// A running browser; killed when dropped.
pub struct Chromium(Child);

/// Opens a page and keeps it open.
///
/// # Panics
/// When the browser does not start.
pub fn open(folder: &Path, arguments: &[&str], url: &str) -> Chromium {
    let mut command = headless(folder, arguments);
    command.arg(url).stdout(Stdio::null());
    Chromium(command.spawn().expect("chromium starts"))
}

/// The final document of a page.
///
/// # Panics
/// When the browser does not start.
pub fn document(folder: &Path, url: &str) -> String {
    let mut command = headless(folder, &["--dump-dom"]);
    let output = command.arg(url).output().expect("chromium runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A browser with its profile in this folder.
pub fn headless(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("chromium");
    command.env("HOME", folder).stdin(Stdio::null()).stderr(Stdio::null());
    command.arg(format!("--user-data-dir={}", folder.join("profile").display()));
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-proxy-server",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
    ]);
    command.args(arguments);
    command
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
