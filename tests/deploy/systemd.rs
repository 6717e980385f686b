//! The units of systemd: systemd accepts them, and they fit the deadlines of the server.

use super::{seconds, text};
use madang::http::Limits;
use std::{env, fs, process::Command};

/// The flush of the journal after the requests in flight, in seconds.
const FLUSH_S: u64 = 10;

/// The highest exposure that `systemd-analyze security` may find, in tenths: 0 is none, 100 all.
const EXPOSURE_MAX: &str = "15";

/// The output of `systemd-analyze`; `None` when it is not installed, except in CI.
fn analyzed(arguments: &[&str]) -> Option<(bool, String)> {
    match Command::new("systemd-analyze").args(arguments).output() {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            Some((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
        }
        Err(error) => {
            assert!(env::var_os("CI").is_none(), "systemd-analyze is required in CI: {error}");
            println!("systemd-analyze is not installed: its test is skipped");
            None
        }
    }
}

#[test]
fn systemd_accepts_the_units() {
    let folder = tempfile::tempdir().unwrap();
    // The binary is not installed on this machine, and neither are its man pages.
    let unit = text("deploy/systemd/madang.service")
        .replace("/usr/bin/madang", env!("CARGO_BIN_EXE_madang"));
    let unit: String = unit
        .lines()
        .filter(|line| !line.starts_with("Documentation="))
        .fold(String::new(), |all, line| all + line + "\n");
    let service = folder.path().join("madang.service");
    fs::write(&service, unit).unwrap();
    let socket = folder.path().join("madang.socket");
    fs::copy("deploy/systemd/madang.socket", &socket).unwrap();
    let paths = [&service, &socket].map(|path| path.to_str().unwrap());
    let Some((is_valid, said)) = analyzed(&["verify", paths[0], paths[1]]) else { return };
    assert!(is_valid && said.is_empty(), "{said}");
}

#[test]
fn the_service_is_exposed_to_little() {
    let arguments = ["security", "--offline=true", "--threshold", EXPOSURE_MAX];
    let arguments = [&arguments[..], &["deploy/systemd/madang.service"]].concat();
    let Some((is_closed, said)) = analyzed(&arguments) else { return };
    assert!(is_closed, "{said}");
}

#[test]
fn the_stop_of_the_service_is_longer_than_that_of_the_server() {
    let unit = text("deploy/systemd/madang.service");
    assert!(seconds(&unit, "TimeoutStopSec") > Limits::default().stop_within_s + FLUSH_S);
    assert_eq!(super::value(&unit, "Type"), "notify");
    assert!(super::value(&unit, "ExecStart").contains("--data /var/lib/madang"));
    assert_eq!(super::value(&unit, "StateDirectory"), "madang");
}
