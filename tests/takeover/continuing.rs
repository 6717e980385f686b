//! A new process continues for an old one while clients order.

use crate::{
    clients::{Clients, Connection, assert_has},
    process::{HANG, Process},
    support::process::assert_verified,
};
use std::{collections::BTreeSet, fs, os::unix::net::UnixDatagram, time::Duration};

/// The longest answer. A loaded machine is slow; `docs/adr/0057` has what was measured.
const ANSWERED_WITHIN: Duration = Duration::from_secs(3);

/// Runs this beside the clients of the test.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_processes_take_over_one_after_the_other_and_no_request_fails() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::serve(folder.path(), &[], "");
    let address = server.address();
    let clients = Clients::begin(address, 16);
    for nth in 0..10 {
        clients.further(32).await;
        let checked: &[&str] =
            if nth < 2 { &["--take-over"] } else { &["--take-over", "--unchecked"] };
        let next = Process::serve(folder.path(), checked, "");
        assert_eq!(blocking(|| next.address()), address);
        clients.further(32).await;
        let ended = blocking(|| std::mem::replace(&mut server, next).ended());
        assert!(ended.success(), "the old process ends by itself: {ended}");
    }
    let placed = clients.end().await;
    println!("the longest of {} answers took {:?}", placed.orders.len(), placed.longest);
    assert!(placed.longest < ANSWERED_WITHIN, "{:?}", placed.longest);
    assert_has(address, &placed).await;
    assert!(blocking(|| server.terminate()).success());
    assert_verified(folder.path());
}

#[test]
fn the_new_process_logs_which_process_it_took_over_and_how_long_that_took() {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let old = Process::serve(&data, &[], "");
    let address = old.address();
    let arguments = ["--take-over", "--unchecked"];
    let new = Process::serve_logged(&data, &arguments, &log);
    assert_eq!(new.address(), address);
    let written = fs::read_to_string(&log).unwrap();
    let line =
        written.lines().find(|line| line.contains("this process took over")).expect("a line");
    assert!(line.contains(&format!("process={} took_ms=", old.id())), "{line}");
    assert!(old.ended().success() && new.terminate().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_open_before_gets_its_answer_from_the_new_process_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let old = Process::serve(folder.path(), &[], "");
    let address = old.address();
    let mut connection = Connection::open(address).await.unwrap();
    assert_eq!(connection.order("a").await.unwrap().status, 201);
    let mut head = Connection::open(address).await.unwrap();
    head.send("GET /taxi/orders/1 HTTP/1.1\r\n").await.unwrap();
    let mut stream = Connection::open(address).await.unwrap();
    stream.send("GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert_eq!(stream.answer().await.unwrap().status, 200);

    let new = Process::serve(folder.path(), &["--take-over", "--unchecked"], "");
    assert_eq!(blocking(|| new.address()), address);
    // A retry under the same key gets the answer of then.
    let again = connection.order("a").await.unwrap();
    assert_eq!((again.status, again.is_last, &again.body["id"]), (201, true, &1.into()));
    head.send("host: localhost\r\n\r\n").await.unwrap();
    let shown = head.answer().await.unwrap();
    assert_eq!((shown.status, shown.is_last, &shown.body["name"]), (200, true, &"a".into()));
    drop(stream);
    assert!(blocking(|| old.ended()).success());
    let mut further = Connection::open(address).await.unwrap();
    assert_eq!(further.order("b").await.unwrap().status, 201);
    assert!(blocking(|| new.terminate()).success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_a_take_over_starts_as_usual_and_one_at_a_time_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = Process::serve(&data, &["--take-over"], "");
    let address = first.address();
    let control = fs::metadata(data.join("take-over.sock")).unwrap().permissions();
    let mode = std::os::unix::fs::PermissionsExt::mode(&control) & 0o777;
    assert_eq!(mode, 0o600);
    let arguments = ["--take-over", "--unchecked", "--allow-faults"];
    let waiting = Process::serve(&data, &arguments, "new-welcome");
    blocking(|| waiting.stopped());
    let second = Process::serve(&data, &arguments, "");
    let ended = blocking(|| second.ended());
    assert_eq!(ended.code(), Some(1), "another take-over is running");
    drop(waiting);
    let mut connection = Connection::open(address).await.unwrap();
    assert_eq!(connection.order("a").await.unwrap().status, 201);
    assert!(blocking(|| first.terminate()).success());
}

#[test]
fn systemd_is_told_the_new_main_process() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&socket).unwrap();
    systemd.set_read_timeout(Some(HANG)).unwrap();
    let hears = || {
        let mut bytes = [0; 256];
        let length = systemd.recv(&mut bytes).expect("a notification");
        String::from_utf8_lossy(&bytes[..length]).trim().to_owned()
    };
    let variables = [("NOTIFY_SOCKET", socket.to_str().unwrap())];
    let data = folder.path().join("data");
    let old = Process::serve_with(&data, &[], &variables);
    assert_eq!(hears(), "READY=1");
    let new = Process::serve_with(&data, &["--take-over", "--unchecked"], &variables);
    let main = format!("MAINPID={}", new.id());
    assert_eq!(BTreeSet::from([hears(), hears()]), BTreeSet::from([main, "READY=1".to_owned()]));
    new.address();
    assert!(old.ended().success());
    assert!(new.terminate().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_folder_with_a_long_path_has_its_sockets_too() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("x".repeat(120));
    let old = Process::serve(&data, &[], "");
    let address = old.address();
    let new = Process::serve(&data, &["--take-over", "--unchecked"], "");
    assert_eq!(blocking(|| new.address()), address);
    assert!(blocking(|| old.ended()).success());
    let mut connection = Connection::open(address).await.unwrap();
    assert_eq!(connection.order("a").await.unwrap().status, 201);
    assert!(blocking(|| new.terminate()).success());
}
