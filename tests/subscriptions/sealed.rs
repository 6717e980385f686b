//! The secret of a webhook is on disk only encrypted.

use super::{
    Desk,
    webhooks::{KEY, Receiver, until},
};
use crate::support::{inside::Running, process::verify};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use madang::config::Config;
use std::{
    fs,
    path::{Path, PathBuf},
};

fn taxi(config: &mut Config) {
    config.only = vec!["taxi".into()];
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[track_caller]
fn assert_hidden(text: &[u8], what: &str) {
    let encoded = STANDARD.encode(KEY);
    for secret in [KEY, encoded.as_bytes()] {
        assert!(!contains(text, secret), "{what} shows the secret");
    }
}

#[tokio::test]
async fn no_file_and_no_answer_shows_a_secret_and_deliveries_are_signed_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let receiver = Receiver::start(|_, _| 204);
    let app = Running::serve(&data, taxi, madang::shipped);
    let desk = Desk::at(app.address);
    assert_eq!(desk.put("/subscriptions/a", receiver.terms()).await.0, 201);
    for path in ["/subscriptions", "/subscriptions/a", "/events?after=beginning"] {
        assert_hidden(desk.get(path).await.to_string().as_bytes(), path);
    }
    drop(app);
    let files = files(&data);
    // The name of the subscription is where its secret would be.
    let journal = files.iter().filter(|file| file.starts_with(data.join("journal")));
    assert!(journal.clone().any(|file| contains(&fs::read(file).unwrap(), b"/hook?secret=")));
    for file in &files {
        assert_hidden(&fs::read(file).expect("a file"), &file.display().to_string());
    }
    let told = verify(&data);
    assert!(told.status.success(), "{told:?}");
    assert_hidden(&[told.stdout, told.stderr].concat(), "verify");
    let app = Running::serve(&data, taxi, madang::shipped);
    let desk = Desk::at(app.address);
    desk.order("Kim").await;
    until(&desk, |shown| shown["lag"]["events"] == 0 && shown["lag"]["isExact"] == true).await;
    let arrived = receiver.arrived();
    assert!(!arrived.is_empty() && arrived.iter().all(|(is_signed, ..)| *is_signed));
}

#[tokio::test]
async fn without_its_key_a_webhook_waits_until_its_secret_is_set_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let receiver = Receiver::start(|_, _| 204);
    let app = Running::serve(&data, taxi, madang::shipped);
    assert_eq!(Desk::at(app.address).put("/subscriptions/a", receiver.terms()).await.0, 201);
    drop(app);
    fs::remove_file(data.join("webhooks.key")).expect("the key");
    let app = Running::serve(&data, taxi, madang::shipped);
    let desk = Desk::at(app.address);
    assert_eq!(desk.put("/subscriptions/a", receiver.terms()).await.0, 200);
    desk.order("Kim").await;
    until(&desk, |shown| shown["lag"]["events"] == 0 && shown["lag"]["isExact"] == true).await;
    let arrived = receiver.arrived();
    assert!(!arrived.is_empty() && arrived.iter().all(|(is_signed, ..)| *is_signed));
}
