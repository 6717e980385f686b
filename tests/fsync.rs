//! No reply is sent before its record is on disk, as strace observes from outside.

mod support;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::{Command, Stdio},
};
use support::{
    client,
    process::Server,
    trace::{calls, replies_follow_syncs},
};

const TRACED: &str = "trace=read,recvfrom,write,writev,pwrite64,pwritev,sendto,sendmsg,fsync,\
                      fdatasync,sync_file_range";
const ONE_AFTER_THE_OTHER: usize = 8;
const SIDE_BY_SIDE: usize = 24;

/// An order with payment needs two syncs. The provider is called only for durable records, and
/// its answer is made durable too.
const SYNCS_OF_ORDER: usize = 2;
const SYNCS_OF_TAXI: usize = 1;

#[tokio::test]
async fn no_reply_leaves_before_its_record_is_synced() {
    if !strace_is_there() {
        assert!(std::env::var_os("CI").is_none(), "strace is not installed");
        println!("strace is not installed: nothing was tried");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("trace");
    let server = Server::start_under(strace(&seen), &folder.path().join("data"));
    let marks = send_all(&server).await;
    assert!(server.terminate_child().success());

    let trace = std::fs::read_to_string(seen).unwrap();
    let calls = calls(&trace);
    assert_eq!(replies_follow_syncs(&calls, &marks), Ok(()));
    let syncs = calls.iter().filter(|call| call.syncs_journal()).count();
    println!("{} replies, {syncs} syncs of the journal, none too late", marks.len());

    let unsynced: Vec<_> = calls.into_iter().filter(|call| !call.syncs_journal()).collect();
    replies_follow_syncs(&unsynced, &marks).expect_err("without syncs, every reply is too early");
}

#[test]
fn a_reply_too_early_is_noticed() {
    let asked = r#"1 recvfrom(9<socket:[1]>, "POST /x HTTP/1.1\r\n{\"name\":\"m-1\"}", 9) = 9"#;
    let write = r#"2 pwrite64(3</d/journal/wal.0>, "..m-1..", 7, 0) = 7"#;
    let sync = "2 fdatasync(3</d/journal/wal.0>) = 0";
    let reply = r#"1 sendto(9<socket:[1]>, "HTTP/1.1 201 Created\r\n m-1", 9, 0, NULL, 0) = 9"#;
    let failed = "2 fdatasync(3</d/journal/wal.0>) = -1 EIO (Input/output error)";
    let other = "2 fdatasync(3</d/journal/db>) = 0";
    let began = "2 fdatasync(3</d/journal/wal.0> <unfinished ...>";
    let ended = "2 <... fdatasync resumed>) = 0";
    let is_honest = |lines: &[&str]| {
        replies_follow_syncs(&calls(&lines.join("\n")), &[("m-1".to_owned(), 1)]).is_ok()
    };
    assert!(is_honest(&[asked, write, sync, reply]));
    assert!(is_honest(&[asked, write, began, ended, reply]));

    assert!(!is_honest(&[asked, write, reply]));
    assert!(!is_honest(&[asked, write, reply, sync]));
    assert!(!is_honest(&[asked, sync, write, reply]));
    assert!(!is_honest(&[asked, began, write, ended, reply]));
    assert!(!is_honest(&[asked, write, began, reply, ended]));
    assert!(!is_honest(&[asked, write, failed, reply]));
    assert!(!is_honest(&[asked, write, other, reply]));
    assert!(!is_honest(&[asked, sync, reply]));
}

/// Places orders and registers taxis, first one after the other, then concurrently. Each has a mark
/// of its own and a number of syncs that it needs.
async fn send_all(server: &Server) -> Vec<(String, usize)> {
    let client = client();
    let mut marks = Vec::new();
    for nth in 0..ONE_AFTER_THE_OTHER {
        marks.push(send(&client, server.url(""), nth).await);
    }
    let all = ONE_AFTER_THE_OTHER..ONE_AFTER_THE_OTHER + SIDE_BY_SIDE;
    let commands: Vec<_> = all
        .map(|nth| {
            let (client, url) = (client.clone(), server.url(""));
            tokio::spawn(async move { send(&client, url, nth).await })
        })
        .collect();
    for command in commands {
        marks.push(command.await.unwrap());
    }
    marks
}

async fn send(client: &Client, url: String, nth: usize) -> (String, usize) {
    let mark = format!("mark-{nth:04}");
    if nth.is_multiple_of(2) {
        // The name of an item is no personal text, which would be encrypted.
        let order = json!({ "item": mark, "qty": 1, "price": 990_000 });
        post(client, format!("{url}/phone/orders"), order).await;
        return (mark, SYNCS_OF_ORDER);
    }
    let taxi = json!({
        "taxiName": mark, "companyName": "tmap", "stockCnt": 1, "itemPrice": 4_900,
    });
    post(client, format!("{url}/taxi/taxis"), taxi).await;
    (mark, SYNCS_OF_TAXI)
}

async fn post(client: &Client, url: String, body: Value) {
    let response = client.post(url).json(&body).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED, "{:?}", response.text().await);
}

/// Strace keeps all received and sent bytes, so that the marks are found.
fn strace(output: &Path) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-s", "1000000", "-e", TRACED, "-o"]).arg(output);
    command
}

fn strace_is_there() -> bool {
    // Some containers have strace and forbid it, so a small program is traced first.
    let mut command = Command::new("strace");
    command.args(["-e", "trace=none", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
