//! A server is backed up while clients order, and restored elsewhere.

use crate::{
    support::{
        client,
        process::{Server, assert_verified, binary},
        token::{SECRET, token},
    },
    tools::{
        Orders, back_up, back_up_files, done, keys_beside, names, order, position_in, refused,
        restore, shown, stopped,
    },
};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_while_clients_order_holds_every_order_that_was_acknowledged_up_to_its_position() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let server = Server::start(&path("data"), None);
    let mut orders = Orders::begin(&server, 4);
    orders.further(40).await;
    let (data, backup) = (path("data"), path("backup"));
    let first = blocking(|| back_up(&server, &data, &backup));
    orders.further(40).await;
    let second = blocking(|| back_up(&server, &data, &backup));
    orders.further(20).await;
    let answers = orders.end().await;
    server.kill();
    assert!(first > 0 && second > first, "{first} {second}");

    done(&["backup", "--check", shown(&backup)]);
    let new = path("new");
    let said = restore(&backup, &new);
    assert_eq!(position_in(&said), second);
    assert_verified(&new);
    let restored = Server::start(&new, None);
    let found: BTreeSet<String> = names(&client(), &restored).await.into_iter().collect();
    let is_acknowledged = |placed: &u64| *placed <= second;
    for (key, placed) in &answers {
        if is_acknowledged(&placed.position) {
            assert!(found.contains(key), "{key} at {} of {second} is lost", placed.position);
        }
    }
    // No order is there that began after the position.
    assert!(found.len() < answers.len(), "{} of {}", found.len(), answers.len());

    // A retry under the key of an order gets its answer.
    let kept = answers.iter().filter(|(_, placed)| is_acknowledged(&placed.position)).take(20);
    for (key, placed) in kept {
        assert_eq!(&order(&client(), &restored.url(""), key).await, placed, "{key}");
    }
    let new_one = order(&client(), &restored.url(""), "new").await;
    let text = String::from_utf8_lossy(&new_one.body).into_owned();
    let number: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(number["id"].as_u64().unwrap() > 1_000_000, "no lost number is given again: {text}");
    stopped(restored, &new);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_to_a_position_shows_what_clients_saw_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let server = Server::start(&path("data"), None);
    let mut then = Vec::new();
    for key in ["a", "b", "c"] {
        then.push(order(&client(), &server.url(""), key).await);
    }
    let (data, backup) = (path("data"), path("backup"));
    assert!(server.terminate().success());
    // The server is stopped, so the command opens the data folder itself.
    let (said, keys) = (back_up_files(&data, &backup), keys_beside(&backup));
    assert!(position_in(&said) >= then[2].position, "{said}");

    let (new, to) = (path("new"), then[1].position.to_string());
    let restore = ["restore", shown(&backup), "--data", shown(&new), "--to-position", &to];
    let said = done(&[&restore[..], &["--keys", shown(&keys), "--skip-numbers", "0"]].concat());
    assert!(position_in(&said) <= then[1].position, "{said}");
    assert_verified(&new);
    let restored = Server::start(&new, None);
    assert_eq!(names(&client(), &restored).await, ["a", "b"]);
    // The third order is not there, so its key is new. Its number is not given again.
    let again = order(&client(), &restored.url(""), "c").await;
    let number = |body: &[u8]| {
        serde_json::from_slice::<serde_json::Value>(body).unwrap()["id"].as_u64().unwrap()
    };
    assert_eq!(number(&again.body), number(&then[2].body) + 1);
    stopped(restored, &new);
    assert!(refused(&restore).contains("is not empty"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_admin_gets_a_backup_of_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let config = path("madang.toml");
    fs::write(path("secret"), SECRET).unwrap();
    let identity = format!("[identity]\nsecret_file = {:?}\n", shown(&path("secret")));
    fs::write(&config, identity).unwrap();
    let server = Server::start(&path("data"), Some(&config));
    let (data, backup, url) = (path("data"), path("backup"), server.url(""));
    let command = ["backup", shown(&backup), "--data", shown(&data), "--url", &url];
    assert!(blocking(|| refused(&command)).contains("401"));
    let with = |roles: &[&str]| {
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        fs::write(path("token"), token("min", &roles)).unwrap();
        let token = path("token");
        [&command[..], &["--token-file", shown(&token)]].concat().join("\n")
    };
    let arguments = |line: String| line.split('\n').map(str::to_owned).collect::<Vec<_>>();
    let run = |line: String, run: fn(&[&str]) -> String| {
        let arguments = arguments(line);
        run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert!(blocking(|| run(with(&["clerk"]), refused)).contains("403"));
    blocking(|| run(with(&["admin"]), done));
    done(&["backup", "--check", shown(&backup)]);
}

#[test]
fn the_server_of_another_data_folder_is_not_taken_for_the_one_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (data, backup) = (path("data"), path("backup"));
    let (_server, other) = (Server::start(&data, None), Server::start(&path("other"), None));
    let url = other.url("");
    let said = refused(&["backup", shown(&backup), "--data", shown(&data), "--url", &url]);
    assert!(said.contains("does not serve"), "{said}");
}

#[test]
fn a_damaged_backup_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (data, backup, new) = (path("data"), path("backup"), path("new"));
    assert!(refused(&["backup", shown(&backup), "--data", shown(&data)]).contains("no journal"));
    assert!(Server::start(&data, None).terminate().success());
    done(&["backup", shown(&backup), "--data", shown(&data)]);
    flip(&backup.join("state-00000001.part"));
    assert!(refused(&["backup", "--check", shown(&backup)]).contains("state-00000001.part"));
    let restore = ["restore", shown(&backup), "--data", shown(&new)];
    assert!(refused(&restore).contains("state-00000001.part"));
    assert!(!new.exists());
}

#[test]
fn a_restore_to_a_time_before_all_records_says_that_nothing_is_so_old() {
    let folder = tempfile::tempdir().unwrap();
    let (backup, new) = (backed_up(folder.path()), folder.path().join("new"));
    let restore = ["restore", shown(&backup), "--data", shown(&new)];
    let keys = keys_beside(&backup);
    let then = ["--keys", shown(&keys), "--to-time", "2001-01-01T00:00:00Z"];
    assert!(refused(&[&restore[..], &then].concat()).contains("no record of the backup is as old"));
    let first = ["--to-position", "0"];
    assert!(
        refused(&[&restore[..], &first].concat()).contains("no record of the backup is as old")
    );
    assert!(!new.exists());
}

#[test]
fn a_backup_the_copy_of_its_keys_and_the_data_are_refused_in_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let data = path("data");
    assert!(Server::start(&data, None).terminate().success());
    std::os::unix::fs::symlink(&data, path("link")).unwrap();
    for (backup, keys, named) in [
        ("backup", "backup/persons", "apart from the backup"),
        ("backup/new", "backup", "apart from the backup"),
        ("backup", "data/persons", "apart from the data folder"),
        ("backup", "link/../data/persons", "apart from the data folder"),
        ("link/backup", "keys", "apart from the data folder"),
    ] {
        let (backup, keys) = (path(backup), path(keys));
        let command = ["backup", shown(&backup), "--data", shown(&data), "--keys", shown(&keys)];
        let said = refused(&command);
        assert!(said.contains(named), "{backup:?}, {keys:?}: {said}");
    }
    assert!(!path("backup").exists() && !path("keys").exists());
}

#[test]
fn a_command_whose_reader_has_ended_still_tells_its_result_by_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Server::start(folder.path(), None).terminate().success());
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let verify = Command::new(binary())
        .args(["verify", "--data", shown(folder.path())])
        .env("RUST_LOG", "warn")
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verify.stderr);
    assert!(verify.status.success(), "{}: {said}", verify.status);
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_folder_whose_restore_was_interrupted_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let (backup, new) = (backed_up(folder.path()), folder.path().join("new"));
    // A kill leaves the marker and a part of the journal.
    fs::create_dir_all(new.join("journal")).unwrap();
    fs::write(new.join("restore.unfinished"), "").unwrap();
    let serve = ["serve", "--data", shown(&new), "--listen", "127.0.0.1:0"];
    assert!(refused(&serve).contains("was interrupted"));
    restore(&backup, &new);
    assert_verified(&new);
}

/// The backup of a server that has taken no command, in this folder.
fn backed_up(folder: &Path) -> PathBuf {
    let (data, backup) = (folder.join("data"), folder.join("backup"));
    assert!(Server::start(&data, None).terminate().success());
    back_up_files(&data, &backup);
    backup
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Runs a command beside the clients of the test.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}
