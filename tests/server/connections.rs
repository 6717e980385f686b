//! Connections that read or send nothing have limits, and all others are served.

use crate::support::process::{Server, assert_verified};
use madang::http::PositionToken;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::Command,
    sync::mpsc,
    time::{Duration, Instant},
};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
const BYTES_PIPELINED: usize = 512 << 10;
/// Longer than any step of a test; it only ends a test that fails.
const HANG: Duration = Duration::from_secs(30);
/// The interval of polling.
const PACE: Duration = Duration::from_millis(50);

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(HANG)).expect("a limit");
    stream.set_write_timeout(Some(HANG)).expect("a limit");
    stream
}

/// Sends this request repeatedly, up to half a megabyte or until the server stops reading. Reads
/// nothing.
fn pipeline(address: SocketAddr, request: &[u8]) -> TcpStream {
    let mut stream = connect(address);
    stream.set_nonblocking(true).expect("a mode");
    let bytes = request.repeat(BYTES_PIPELINED / request.len());
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(written) => sent += written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    stream
}

/// The answer to one request on this connection, with a body of known length.
fn ask(stream: &mut TcpStream, request: &[u8]) -> String {
    stream.write_all(request).expect("sent");
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a head");
        answer.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&answer).to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    let mut body = vec![0; length.expect("a length").parse().expect("a number")];
    stream.read_exact(&mut body).expect("a body");
    head + &String::from_utf8_lossy(&body)
}

/// Waits for this time.
fn pass(time: Duration) {
    let (_kept, nothing) = mpsc::channel::<()>();
    assert!(nothing.recv_timeout(time).is_err());
}

/// Polls until the condition holds.
#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < HANG, "not in time: {what}");
        pass(PACE);
    }
}

/// The processor time of a process so far, in ticks of 10 ms.
fn ticks(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("a process");
    let fields: Vec<_> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// The number of open sockets of a process.
fn sockets(process: u32) -> usize {
    let open = fs::read_dir(format!("/proc/{process}/fd")).expect("a process");
    let targets = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}

fn configured(folder: &Path, text: &str) -> Server {
    let file = folder.join("madang.toml");
    fs::write(&file, text).unwrap();
    Server::start(&folder.join("data"), Some(&file))
}

/// The processor time of the server during one second, in ticks, without the cost of these
/// connections. It is measured once the server is idle or after a while.
fn ticks_in_a_second(process: u32) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..5 {
        let before = ticks(process);
        pass(Duration::from_secs(1));
        least = least.min(ticks(process) - before);
        if least < 20 {
            break;
        }
    }
    least
}

#[test]
fn connections_that_pipeline_and_read_nothing_take_no_processor() {
    let folder = tempfile::tempdir().unwrap();
    let server = configured(folder.path(), "[http]\nworkers = 2");
    let _ignored: Vec<_> = (0..4).map(|_| pipeline(server.address, REQUEST)).collect();
    let spent = ticks_in_a_second(server.process_id());
    assert!(spent < 20, "{spent} ticks of 10 ms in a second");
    let mut other = connect(server.address);
    for _ in 0..100 {
        let since = Instant::now();
        assert!(ask(&mut other, REQUEST).starts_with("http/1.1 200"));
        assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    }
}

#[test]
fn a_position_that_does_not_exist_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = configured(folder.path(), "[http]\nworkers = 2\nwait_max_ms = 30000");
    let mut client = connect(server.address);
    let token = PositionToken(u64::MAX);
    let future = format!("GET /taxi/mypages?at-least={token} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let future = future.as_bytes();
    let since = Instant::now();
    let answer = ask(&mut client, future);
    assert!(answer.starts_with("http/1.1 400"), "{answer}");
    assert!(answer.contains("the journal has not reached this position"), "{answer}");
    let header = format!(
        "GET /taxi/mypages/1 HTTP/1.1\r\nhost: localhost\r\nx-madang-position: {token}\r\n\r\n"
    );
    assert!(ask(&mut client, header.as_bytes()).starts_with("http/1.1 400"));
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    let _ignored: Vec<_> = (0..4).map(|_| pipeline(server.address, future)).collect();
    let spent = ticks_in_a_second(server.process_id());
    assert!(spent < 20, "{spent} ticks of 10 ms in a second");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let server = configured(folder.path(), "[http]\nworkers = 1");
    let stream = connect(server.address);
    let mut writer = stream.try_clone().unwrap();
    let requests = 2_000;
    let sending = std::thread::spawn(move || {
        for number in 0..requests {
            let request = match number % 3 {
                0 => format!("POST /nowhere/{number} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
                1 => format!(
                    "POST /nowhere/{number} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n"
                ),
                _ => format!("GET /taxi/orders/{number} HTTP/1.1\nhost: localhost\n\n"),
            };
            writer.write_all(request.as_bytes()).expect("sent");
        }
        writer.shutdown(std::net::Shutdown::Write).expect("the end");
    });
    let mut answers = String::new();
    let mut reader = stream;
    reader.read_to_string(&mut answers).expect("all answers");
    sending.join().unwrap();
    let asked: Vec<_> = answers.split("HTTP/1.1 404").skip(1).collect();
    assert_eq!(asked.len(), requests);
    for (number, answer) in asked.iter().enumerate() {
        assert!(answer.contains(&format!("/{number}")), "{number}: {answer}");
    }
}

#[test]
fn a_slow_second_head_is_answered_408_and_closed() {
    let folder = tempfile::tempdir().unwrap();
    let server = configured(folder.path(), "[http]\nworkers = 1\nhead_timeout_ms = 500");
    let mut stream = connect(server.address);
    assert!(ask(&mut stream, REQUEST).starts_with("http/1.1 200"));
    stream.set_read_timeout(Some(PACE)).unwrap();
    let (mut answer, mut part) = (Vec::new(), [0; 4_096]);
    // One byte at a time, which does not extend the deadline.
    for byte in b"GET /".iter().chain([b'x'; 200].iter()) {
        let _ = stream.write_all(&[*byte]);
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(read) => answer.extend_from_slice(&part[..read]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer:?}");
    assert!(answer.contains("\"detail\":\""), "{answer}");
}

#[test]
fn an_unread_body_does_not_keep_a_connection() {
    let folder = tempfile::tempdir().unwrap();
    let server = configured(folder.path(), "[http]\nworkers = 1\nhead_timeout_ms = 500");
    let mut stream = connect(server.address);
    let endless = b"GET / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    assert!(ask(&mut stream, endless).starts_with("http/1.1 200"));
    until("it is closed", || stream.write_all(b"1\r\nx\r\n").is_err());
}

#[test]
fn a_peer_that_reads_nothing_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let server = configured(folder.path(), "[http]\nworkers = 1\nwrite_timeout_ms = 500");
    // The threads of the server have sockets of their own as soon as they serve.
    let mut first = connect(server.address);
    assert!(ask(&mut first, REQUEST).starts_with("http/1.1 200"));
    let before = sockets(server.process_id()) - 1;
    drop(first);
    let ignored: Vec<_> = (0..4).map(|_| pipeline(server.address, REQUEST)).collect();
    // Connections are accepted in order: when this one is served, the others are accepted too.
    assert!(ask(&mut connect(server.address), REQUEST).starts_with("http/1.1 200"));
    until("they are closed", || sockets(server.process_id()) <= before);
    for mut stream in ignored {
        stream.set_nonblocking(false).expect("a mode");
        let mut answers = Vec::new();
        // The end of the stream, or a reset because of the unread requests.
        let _ = stream.read_to_end(&mut answers);
        let count = answers.windows(12).filter(|part| part == b"HTTP/1.1 200").count();
        assert!((1..BYTES_PIPELINED / REQUEST.len()).contains(&count), "{count} answers");
    }
}

/// The limit of open files is low, and there are more connections than it allows.
#[tokio::test]
async fn connections_never_take_the_files_of_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let mut limited = Command::new("prlimit");
    limited.arg("--nofile=640:640");
    let server = Server::start_under(limited, &folder.path().join("data"));
    let (address, process) = (server.address, server.process_id());
    let slow: Vec<_> = (0..700)
        .map(|_| {
            let mut stream = connect(address);
            // A second head that never ends.
            let _ = stream.write_all(&[REQUEST, b"GET / HT"].concat());
            stream
        })
        .collect();
    let client = crate::support::client();
    for nth in 0..50 {
        let order = json!({"orderType": "basic", "name": format!("Jung {nth}")});
        let posted = client.post(server.url("/taxi/orders")).json(&order).timeout(HANG);
        let response = posted.send().await;
        assert_eq!(response.expect("an answer").status(), StatusCode::CREATED);
        let open = fs::read_dir(format!("/proc/{process}/fd")).unwrap().count();
        assert!(open < 600, "{open} files are open");
    }
    let health = client.get(server.url("/actuator/health")).send().await.expect("an answer");
    let health: Value = health.json().await.expect("json");
    assert_eq!(health["status"], "UP", "{health}");
    let operations_log = client.get(server.url("/admin/log")).send().await.expect("an answer");
    let operations_log = operations_log.text().await.expect("a text");
    assert!(operations_log.contains("\"totalElements\":0"), "{operations_log}");
    drop((slow, client));
    assert!(server.terminate().success());
    assert_verified(&folder.path().join("data"));
}

#[test]
fn a_limit_of_open_files_that_is_too_low_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut limited = Command::new("prlimit");
    limited.arg("--nofile=128:128").arg(env!("CARGO_BIN_EXE_madang"));
    limited.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path());
    let output = limited.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("128 files"), "{said}");
}
