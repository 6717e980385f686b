//! Protection of personal values: only the owner can read the data folder. A card number is masked
//! everywhere except in the call of the service that charges the card.

use crate::support::{
    client,
    process::{Server, assert_verified},
    provider::Provider,
};
use serde_json::{Value, json};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

const CARD: &str = "383824245656";

/// Starts a server that writes its whole log into a file of this folder.
fn logging(folder: &Path, config: &str) -> Server {
    let (path, log) = (folder.join("madang.toml"), folder.join("log"));
    fs::write(&path, config).unwrap();
    let script = format!(
        "umask 022; export RUST_LOG=madang=trace; exec \"$@\" --config {} 2>> {}",
        path.display(),
        log.display()
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, "sh"]);
    Server::start_under(shell, &folder.join("data"))
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap()
}

/// The data folder and all files and folders in it.
fn all_in(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(all_in(&path)) } else { all.push(path) }
    }
    all
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[track_caller]
fn assert_private(data: &Path) {
    let all = all_in(data);
    assert!(all.iter().any(|path| path.ends_with("journal/db")), "{all:?}");
    assert!(all.iter().any(|path| path.extension().is_some_and(|ending| ending == "sqlite")));
    for path in all {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
}

#[test]
fn the_data_folder_and_everything_in_it_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = logging(folder.path(), "");
    assert_private(&data);
    assert!(server.terminate().success());
    assert!(!log(folder.path()).contains("0600"), "no permissions had to be removed");
}

#[test]
fn a_folder_that_others_could_read_is_made_private_when_it_is_opened_and_the_log_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert!(logging(folder.path(), "").terminate().success());
    for path in all_in(&data) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
    let server = logging(folder.path(), "");
    assert_private(&data);
    let sentence = "other users of this machine could read the data; files are 0600";
    assert!(log(folder.path()).contains(sentence));
    assert!(server.terminate().success());
    assert_verified(&data);
}

#[tokio::test]
async fn only_the_service_that_charges_a_card_gets_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let (provider, client) = (Provider::start(), client());
    let server = logging(folder.path(), &provider.config());
    let order = json!({"orderType": "basic", "name": "Jung", "phone": "0101234", "cardNo": CARD});
    let created = client.post(server.url("/taxi/orders")).json(&order).send().await.unwrap();
    assert_eq!(created.status(), 201);
    let body: Value = created.json().await.unwrap();
    assert_eq!(body["cardNo"], "**** 5656");
    assert_eq!(provider.cards(), [CARD], "the provider charges the given card");
    let again = json!({"orderId": 1, "cardNo": CARD, "status": "valid"});
    let again = client.post(server.url("/taxi/paymentHistories")).json(&again).send();
    let again: Value = again.await.unwrap().json().await.unwrap();
    assert_eq!(again["cardNo"], "**** 5656");

    for (path, is_masked) in [
        ("/taxi/orders/1", true),
        ("/taxi/orders", true),
        ("/taxi/paymentHistories/1", true),
        ("/taxi/payments", true),
        ("/taxi/conversations/1?as=json", true),
        ("/taxi/conversations/1?as=text", true),
        ("/taxi/mypages", false),
        ("/taxi/messages", false),
        ("/taxi/notices/1", false),
        ("/admin/log", false),
        ("/admin/quarantine", false),
    ] {
        let shown = client.get(server.url(path)).send().await.unwrap().text().await.unwrap();
        assert!(!shown.contains(CARD), "{path}: {shown}");
        assert_eq!(shown.contains("**** 5656"), is_masked, "{path}: {shown}");
    }
    assert!(server.terminate().success());
    assert!(!log(folder.path()).contains(CARD), "the log has the card number");
}
