//! `madang repair` removes what is wrong and is made again from the records.

use crate::{
    planted::{damaged_view, planted_bytes, registered},
    support::process::{Server, assert_verified, binary},
};
use madang::{
    domain::{kernel::Aggregate as _, taxi::taxi::Taxi},
    store::{codec, journal::Snapshot},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The result of `madang repair`: whether no flaw is left, and what it printed.
fn repair(data: &Path, more: &[&str]) -> (bool, String) {
    let mut command = Command::new(binary());
    let output = command.args(["repair", "--data"]).arg(data).args(more).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Writes a taxi whose snapshot is not its state.
fn taxi_with_a_wrong_snapshot(data: &Path) {
    let state = codec::encode(&Taxi::default());
    let snapshot = Snapshot { version: 1, shape: Taxi::SHAPE, state };
    let events = vec![codec::encode(&registered())];
    planted_bytes(data, "taxi/taxis", 1, events, Some(snapshot));
}

#[test]
fn what_is_made_again_from_the_records_is_repaired_once_the_operator_confirms_it() {
    let folder = tempfile::tempdir().unwrap();
    taxi_with_a_wrong_snapshot(folder.path());
    let view = PathBuf::from(damaged_view(folder.path()));
    let (is_sound, said) = repair(folder.path(), &[]);
    assert!(!is_sound && view.exists(), "{said}");
    for sentence in [
        "taxi/taxis 1: version 1: the snapshot differs from the state of the events",
        "2 repairs:",
        "remove the snapshot of taxi/taxis 1: it is rebuilt from its events",
        "the next start builds taxi/mypages from the records",
        "nothing is changed: `repair --yes` carries them out",
    ] {
        assert!(said.contains(sentence), "{sentence}\n{said}");
    }
    let (is_sound, said) = repair(folder.path(), &["--yes"]);
    assert!(is_sound && !view.exists(), "{said}");
    assert!(said.contains("repaired; the data is checked again"), "{said}");
    assert_verified(folder.path());
    let (is_sound, said) = repair(folder.path(), &[]);
    assert!(is_sound && !said.contains("repairs"), "{said}");
}

#[test]
fn a_record_that_cannot_be_read_is_no_matter_of_a_repair() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), None);
    assert!(server.terminate().success());
    let view = folder.path().join("views").join("claims.history.sqlite");
    taxi_with_a_wrong_snapshot(folder.path());
    planted_bytes(folder.path(), "claims/claims", 1, vec![vec![0xff; 9]], None);
    let (is_sound, said) = repair(folder.path(), &["--yes"]);
    assert!(!is_sound && view.exists(), "{said}");
    for sentence in [
        "nothing can be repaired; a backup restores a damaged journal",
        "view claims/history cannot be checked: the journal has a flaw",
    ] {
        assert!(said.contains(sentence), "{sentence}\n{said}");
    }
}

#[test]
fn the_data_of_a_running_server_is_not_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), None);
    let mut command = Command::new(binary());
    let output = command.args(["repair", "--yes", "--data"]).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("a server has it open; stop the server first"), "{said}");
    assert!(!output.status.success());
    assert!(server.terminate().success());
}
