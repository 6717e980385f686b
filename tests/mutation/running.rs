//! Files that vanish under a running server, and an accepted loss, seen from outside.

use super::{
    acknowledged::{Answered, get, send, settled},
    mutating::copy,
    serving::{Started, start},
    support::{client, process::assert_verified},
};
use reqwest::StatusCode;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// The server notices within this time.
const NOTICED_WITHIN: Duration = Duration::from_secs(2);

async fn order(url: &str, key: &str) -> Answered {
    send(&client(), url, "taxi/orders", key).await.expect("an answer")
}

/// The health of the journal, and the HTTP status of the reply.
async fn health(url: &str) -> (StatusCode, String) {
    let (status, body) = get(&client(), &format!("{url}/actuator/health")).await.unwrap();
    (status, body["components"]["journal"].to_string())
}

fn serving(data: &Path, arguments: &[&str]) -> (super::serving::Process, String) {
    match start(data, arguments) {
        Started::Serving(process, url) => (process, url),
        Started::Ended(code, words) => panic!("exit code {code:?}: {words}"),
        Started::Hanging => panic!("the server does not start"),
    }
}

fn refused(data: &Path) -> String {
    match start(data, &[]) {
        Started::Ended(Some(1), words) => words,
        Started::Ended(code, words) => panic!("exit code {code:?}: {words}"),
        _ => panic!("it serves"),
    }
}

#[tokio::test]
async fn files_deleted_under_a_server_stop_its_writing_and_not_its_reading() {
    for path in ["journal/db", "journal", "journal.mark", ""] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let (process, url) = serving(&data, &[]);
        assert_eq!(order(&url, "before").await.status, StatusCode::CREATED);
        settled(&client(), &url).await;

        let path = data.join(path);
        let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        let deleted = Instant::now();
        loop {
            let (status, journal) = health(&url).await;
            // A commit beside the deletion may fail first, with the error of the file system.
            let is_named = journal.contains("while the server was running");
            if status == StatusCode::SERVICE_UNAVAILABLE && is_named {
                break;
            }
            let is_in_time = deleted.elapsed() < NOTICED_WITHIN;
            assert!(is_in_time, "{}: not noticed: {journal}", path.display());
        }
        let refused = order(&url, "after").await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{refused:?}");
        assert!(refused.body.to_string().contains("while the server was running"), "{refused:?}");
        let (status, _) = get(&client(), &format!("{url}/taxi/orders/1")).await.unwrap();
        assert_eq!(status, StatusCode::OK, "reads go on");
        drop(process);
    }
}

#[tokio::test]
async fn a_second_server_does_not_start_where_the_files_of_the_first_were_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (_process, url) = serving(&data, &[]);
    assert_eq!(order(&url, "before").await.status, StatusCode::CREATED);
    let aside = folder.path().join("aside");
    copy(&data.join("journal"), &aside);
    fs::remove_dir_all(data.join("journal")).unwrap();
    fs::rename(&aside, data.join("journal")).unwrap();
    let words = refused(&data);
    assert!(words.contains("the data folder is in use by another process"), "{words}");
}

/// A data folder whose journal lacks the last orders.
async fn cut_short(folder: &Path) -> PathBuf {
    let (data, early) = (folder.join("data"), folder.join("early"));
    let (process, url) = serving(&data, &[]);
    assert_eq!(order(&url, "early").await.location, "/taxi/orders/1");
    settled(&client(), &url).await;
    drop(process);
    copy(&data.join("journal"), &early);
    let (process, url) = serving(&data, &[]);
    for (key, location) in [("late", "/taxi/orders/2"), ("later", "/taxi/orders/3")] {
        assert_eq!(order(&url, key).await.location, location);
    }
    settled(&client(), &url).await;
    drop(process);
    fs::remove_dir_all(data.join("journal")).unwrap();
    fs::rename(&early, data.join("journal")).unwrap();
    data
}

#[tokio::test]
async fn a_loss_is_refused_until_it_is_accepted_and_then_no_number_is_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = cut_short(folder.path()).await;
    for words in ["acknowledged history is missing", "taxi/orders 2 to 3", "--accept-loss"] {
        assert!(refused(&data).contains(words), "{}", refused(&data));
    }
    let (process, url) = serving(&data, &["--accept-loss"]);
    assert_eq!(order(&url, "early").await.location, "/taxi/orders/1", "the rest is known");
    assert_eq!(order(&url, "late").await.location, "/taxi/orders/4");
    let (_, operations_log) = get(&client(), &format!("{url}/admin/log")).await.unwrap();
    assert!(operations_log.to_string().contains("LossAccepted"), "{operations_log}");
    settled(&client(), &url).await;
    drop(process);
    assert_verified(&data);
    let (process, url) = serving(&data, &[]);
    assert_eq!(order(&url, "late").await.location, "/taxi/orders/4");
    drop(process);
}

#[tokio::test]
async fn views_reveal_a_loss_when_the_mark_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let data = cut_short(folder.path()).await;
    fs::remove_file(data.join("journal.mark")).unwrap();
    let words = refused(&data);
    assert!(words.contains("but the view in") && words.contains(".sqlite is at"), "{words}");
    let (process, url) = serving(&data, &["--accept-loss"]);
    let placed = order(&url, "late").await.location;
    let number: u64 = placed.rsplit_once('/').unwrap().1.parse().unwrap();
    assert!(number > 3, "{placed}");
    drop(process);
}
