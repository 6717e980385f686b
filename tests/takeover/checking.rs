//! A new binary proves itself on the history of a server, without a change to it.

use crate::{
    clients::Connection,
    library::{before, careless},
    process::Process,
    support::{commands::trusted, process::binary},
};
use madang::{
    actors::{Installation, Runtime, Settings},
    declarations::Declarations,
    domain::kernel::{Business, Host as _},
    upgrade,
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// Runs `check-upgrade`; returns whether the binary can serve the store, and what it printed.
fn check(data: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(binary());
    command.args(["check-upgrade", "--data"]).arg(data).args(arguments).env("RUST_LOG", "warn");
    let Output { status, stdout, stderr } = command.output().expect("the binary runs");
    let said = String::from_utf8_lossy(&stdout) + String::from_utf8_lossy(&stderr);
    (status.success(), said.into_owned())
}

/// The files of a folder and those below it, with their content.
fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(content(&path));
        } else {
            found.insert(path.clone(), fs::read(&path).unwrap_or_default());
        }
    }
    found
}

/// A store with a book, which the shipped binary does not know.
fn store_with_a_book(data: &Path) {
    let shelve = async || {
        let settings = Settings { data: data.to_owned(), ..Settings::default() };
        let install = |host: &mut Installation| _ = host.business::<before::Library>();
        let runtime = Runtime::start(settings, install).unwrap();
        let shelve = trusted((0, 0), None, &json!({"title": "Momo"}));
        runtime.submit(shelve).await.unwrap();
        runtime.stop().await;
    };
    // A test has an event loop of its own already.
    let shelve = || actix::System::new().block_on(shelve());
    std::thread::scope(|scope| scope.spawn(shelve).join().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binary_proves_itself_on_the_history_of_a_server_that_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Process::serve(&data, &[], "");
    let mut connection = Connection::open(server.address()).await.unwrap();
    for key in ["a", "b", "c"] {
        assert_eq!(connection.order(key).await.unwrap().status, 201);
    }
    let (is_sound, said) = tokio::task::block_in_place(|| check(&data, &[]));
    assert!(is_sound && said.contains("can serve it"), "{said}");
    for part in ["checked:", "not checked:", "sagas, ports and lookups"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("snapshots ("), "snapshots are checked: {said}");
    assert!(!data.join("check-upgrade").exists(), "the copy is removed");
    assert_eq!(connection.order("d").await.unwrap().status, 201);
    assert!(tokio::task::block_in_place(|| server.terminate()).success());

    // Of a stopped server, everything is checked, and nothing changes.
    let before = content(&data);
    let (is_sound, said) = check(&data, &[]);
    assert!(is_sound && !said.contains("not checked"), "{said}");
    assert_eq!(content(&data), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binary_that_cannot_read_the_history_is_refused_and_the_server_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    store_with_a_book(&data);
    let server = Process::serve(&data, &[], "");
    let address = server.address();
    let mut connection = Connection::open(address).await.unwrap();
    assert_eq!(connection.order("a").await.unwrap().status, 201);
    let (is_sound, said) = tokio::task::block_in_place(|| check(&data, &[]));
    assert!(!is_sound && said.contains("is not installed"), "{said}");
    assert!(said.contains("cannot serve it"), "{said}");
    let new = Process::serve(&data, &["--take-over"], "");
    assert_eq!(tokio::task::block_in_place(|| new.ended()).code(), Some(1));
    let again = connection.order("b").await.unwrap();
    assert_eq!((again.status, again.is_last), (201, false), "the server has not noticed");
    assert!(tokio::task::block_in_place(|| server.terminate()).success());
}

/// The flaws that a version of the library finds.
fn flaws_of<B: Business>(data: &Path) -> Result<Vec<String>, String> {
    let declarations = Declarations::of(|host| _ = host.business::<B>());
    let findings = upgrade::check(data, &declarations).map_err(|error| error.to_string())?;
    Ok(findings.flaws)
}

#[test]
fn a_binary_with_a_wrong_decoder_is_told_what_it_cannot_read() {
    let folder = tempfile::tempdir().unwrap();
    store_with_a_book(folder.path());
    assert_eq!(flaws_of::<before::Library>(folder.path()), Ok(vec![]));
    let reason = flaws_of::<careless::Library>(folder.path()).unwrap_err();
    for part in ["library/books event", "Shelved", "missing field `pages`"] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    assert_eq!(flaws_of::<before::Library>(folder.path()), Ok(vec![]));
}

#[test]
fn a_folder_without_a_journal_is_not_taken_for_a_sound_one() {
    let folder = tempfile::tempdir().unwrap();
    let (is_sound, said) = check(folder.path(), &[]);
    assert!(!is_sound && said.contains("no journal"), "{said}");
}
