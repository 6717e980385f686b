//! After damage to the file of a view, its rows are rebuilt from the journal and are never wrong.

use super::{Answered, Reader};
use madang::http::PositionToken;
use rusqlite::Connection;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    fs::File,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// Concurrent requests.
const CLIENTS: usize = 32;

/// Attempts to read rows during a rebuild. Each waits as long as the server allows.
const ATTEMPTS_MAX: usize = 60;

fn file_of(data: &Path) -> PathBuf {
    data.join("views").join("taxi.mypages.sqlite")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

/// Places this many orders, many of them concurrently; returns the last position.
async fn call(reader: &Reader, calls: usize) -> PositionToken {
    let mut last = PositionToken(0);
    for begin in (0..calls).step_by(CLIENTS) {
        let some = begin..calls.min(begin + CLIENTS);
        let positions = some.map(|nth| reader.call(if nth % 2 == 0 { "Jung" } else { "Kim" }));
        last = last.max(join(positions).await);
    }
    last
}

/// Waits for all of them concurrently.
async fn join(calls: impl Iterator<Item = impl Future<Output = PositionToken>>) -> PositionToken {
    let mut calls: Vec<_> = calls.map(Box::pin).collect();
    let mut last = PositionToken(0);
    std::future::poll_fn(|context| {
        calls.retain_mut(|call| match call.as_mut().poll(context) {
            std::task::Poll::Ready(position) => {
                last = last.max(position);
                false
            }
            std::task::Poll::Pending => true,
        });
        if calls.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    last
}

/// Whether the answer is right or a refusal.
#[track_caller]
fn is_honest(answered: &Answered) -> bool {
    if answered.status == 200 {
        return true;
    }
    assert_eq!(answered.status, 503, "{}", answered.text);
    assert!(!answered.header("retry-after").is_empty(), "{}", answered.text);
    false
}

/// The values of all orders by number: from the orders themselves, and from the view.
async fn seen(reader: &Reader, resource: &str, at: PositionToken) -> BTreeMap<u64, (Value, Value)> {
    let mut seen = BTreeMap::new();
    for page in 0.. {
        let at_least =
            if resource == "mypages" { format!("&at-least={at}") } else { String::new() };
        let path = format!("/taxi/{resource}?size=200&page={page}{at_least}");
        let mut answered = reader.get(&path).await;
        for _ in 0..ATTEMPTS_MAX {
            if is_honest(&answered) {
                break;
            }
            answered = reader.get(&path).await;
        }
        assert_eq!(answered.status, 200, "{}", answered.text);
        let rows = answered.rows(resource);
        for row in rows {
            let number = row["id"].as_u64().expect("a number");
            seen.insert(number, (row["name"].clone(), row["status"].clone()));
        }
        if rows.len() < 200 {
            return seen;
        }
    }
    seen
}

async fn assert_right(reader: &Reader, at: PositionToken, orders: usize) {
    let rows = seen(reader, "mypages", at).await;
    assert_eq!(rows.len(), orders);
    assert_eq!(rows, seen(reader, "orders", at).await);
}

#[tokio::test]
async fn a_file_deleted_under_load_comes_back_complete() {
    let data = tempfile::tempdir().expect("a folder");
    let reader = Reader::start_in(data.path());
    let at = call(&reader, 2_000).await;
    assert_right(&reader, at, 2_000).await;
    let file = file_of(data.path());
    let inode = fs::metadata(&file).expect("is there").ino();
    // The file stays open, so that its inode number is not reused.
    let _deleted = File::open(&file).expect("is there");
    fs::remove_file(&file).expect("is there");
    assert!(!is_honest(&reader.get("/taxi/mypages/1").await), "no read of a deleted file");
    let at = call(&reader, 200).await;
    assert_right(&reader, at, 2_200).await;
    assert_ne!(fs::metadata(&file).expect("is there again").ino(), inode);
    assert_eq!(reader.get("/actuator/health").await.status, 200);
}

#[tokio::test]
async fn all_damage_to_the_file_of_a_running_server_is_repaired() {
    let data = tempfile::tempdir().expect("a folder");
    let reader = Reader::start_in(data.path());
    let file = file_of(data.path());
    let mut at = call(&reader, 50).await;
    assert_right(&reader, at, 50).await;
    let older = beside(&file, ".older");
    fs::copy(&file, &older).expect("is readable");
    let mut orders = 50;
    let touches: [&dyn Fn(); 6] = [
        &|| fs::write(&file, vec![0x5a; 100_000]).expect("is writable"),
        &|| {
            let file = File::options().write(true).open(&file).expect("is there");
            file.set_len(5_000).expect("is cut short");
        },
        &|| drop(fs::copy(&older, beside(&file, ".copy"))),
        &|| fs::remove_file(beside(&file, "-wal")).expect("is there"),
        &|| fs::remove_file(beside(&file, "-shm")).expect("is there"),
        &|| {
            let other = Connection::open(&file).expect("opens");
            other.execute_batch("DROP TABLE rows").expect("is dropped");
        },
    ];
    for (nth, touch) in touches.iter().enumerate() {
        touch();
        if nth == 2 {
            fs::rename(beside(&file, ".copy"), &file).expect("is renamed");
        }
        assert!(!is_honest(&reader.get("/taxi/mypages?name=Jung").await), "touch {nth}");
        at = at.max(call(&reader, 20).await);
        orders += 20;
        assert_right(&reader, at, orders).await;
    }
}

#[tokio::test]
async fn rows_of_another_schema_are_rebuilt_before_they_are_served() {
    let data = tempfile::tempdir().expect("a folder");
    let reader = Reader::start_in(data.path());
    let at = call(&reader, 100).await;
    assert_right(&reader, at, 100).await;
    drop(reader);
    let other = Connection::open(file_of(data.path())).expect("opens");
    other
        .execute_batch("UPDATE meta SET shape = 'older'; UPDATE rows SET body = '{\"id\":1}'")
        .expect("is written");
    drop(other);
    let reader = Reader::start_in(data.path());
    let first = reader.get("/taxi/mypages/1").await;
    assert!(!is_honest(&first) || first.body["name"] == "Jung", "{}", first.text);
    assert_right(&reader, at, 100).await;
}

#[tokio::test]
async fn a_file_deleted_damaged_or_ahead_of_the_journal_before_the_start_is_rebuilt() {
    let data = tempfile::tempdir().expect("a folder");
    let file = file_of(data.path());
    let at = call(&Reader::start_in(data.path()), 100).await;
    let damages: [&dyn Fn(); 4] = [
        &|| fs::remove_file(&file).expect("is there"),
        &|| fs::write(&file, "no database").expect("is writable"),
        &|| {
            let other = Connection::open(&file).expect("opens");
            other.execute_batch("UPDATE meta SET cursor = 1000000; DELETE FROM rows").expect("ok");
        },
        &|| drop(fs::remove_dir_all(data.path().join("views"))),
    ];
    for damage in damages {
        damage();
        let reader = Reader::start_in(data.path());
        assert_right(&reader, at, 100).await;
    }
}

#[tokio::test]
async fn a_flipped_bit_in_a_stopped_view_is_healed_before_anything_is_read() {
    let data = tempfile::tempdir().expect("a folder");
    let file = file_of(data.path());
    let at = call(&Reader::start_in(data.path()), 100).await;
    assert!(beside(&file, ".seal").exists(), "it was stopped");
    assert_eq!(fs::metadata(beside(&file, "-wal")).map_or(0, |log| log.len()), 0);
    for word in ["Jung", "CREATE INDEX", "bytes of free pages", "madang view seal"] {
        let seal = beside(&file, ".seal");
        let damaged = if word.starts_with("madang") { &seal } else { &file };
        let mut bytes = fs::read(damaged).expect("is readable");
        let found = bytes.windows(word.len()).rposition(|bytes| bytes == word.as_bytes());
        // The fallback is the last byte of the file, which is in a used page.
        let place = found.unwrap_or(bytes.len() - 1);
        bytes[place] ^= 4;
        fs::write(damaged, bytes).expect("is writable");
        let reader = Reader::start_in(data.path());
        assert_right(&reader, at, 100).await;
    }
}
