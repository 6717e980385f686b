//! In any state, the process ends within its deadline, and a second signal ends it at once.

use crate::support::process::{Server, assert_verified};
use serde_json::{Value, json};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// The time that the configuration grants requests in flight.
const REQUESTS_WITHIN: Duration = Duration::from_secs(1);
/// That time, the time for the rest, and the delay of a busy machine.
const ENDS_WITHIN: Duration = Duration::from_secs(1 + 10 + 5);

const ORDER: &str = r#"{"orderType":"basic","name":"Jung"}"#;

fn start(folder: &Path, text: &str) -> Server {
    let file = folder.join("madang.toml");
    fs::write(&file, format!("allow_faults = true\n{text}")).unwrap();
    Server::start(&folder.join("data"), Some(&file))
}

fn stopping_soon(folder: &Path) -> Server {
    start(folder, &format!("[http]\nstop_within_s = {}", REQUESTS_WITHIN.as_secs()))
}

/// A server that stops soon, and its payment service, which never answers.
fn with_a_silent_service(folder: &Path) -> (Server, TcpListener) {
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = service.local_addr().unwrap();
    let settings = format!(
        "[http]\nstop_within_s = 1\nwait_max_ms = 30000\n\
         [ports.\"taxi/payment\"]\ntransport = \"http\"\nurl = \"http://{url}\"\n\
         timeout_ms = 20000\nwithin_ms = 25000"
    );
    (start(folder, &settings), service)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    stream
}

fn posting(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends a command without waiting for its answer.
fn begin(address: SocketAddr, path: &str, body: &str) -> TcpStream {
    let mut stream = connect(address);
    stream.write_all(&posting(path, body)).expect("sent");
    stream
}

fn post(address: SocketAddr, path: &str, body: &str) -> String {
    let mut answer = String::new();
    begin(address, path, body).read_to_string(&mut answer).expect("an answer");
    answer
}

#[track_caller]
fn breaks(server: &Server, fault: &Value) {
    let answer = post(server.address, "/admin/faults", &fault.to_string());
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Sends SIGTERM; the process must end in time.
#[track_caller]
fn ends_in_time(server: Server) -> ExitStatus {
    let since = Instant::now();
    let status = server.terminate();
    assert!(since.elapsed() < ENDS_WITHIN, "ended after {:?}", since.elapsed());
    status
}

#[test]
fn a_stop_ends_in_time_whatever_fault_is_injected() {
    for fault in [
        json!({"fault": "slow-journal", "by_ms": 2_000, "for_ms": 3_600_000}),
        json!({"fault": "block-shard", "shard": 0, "for_ms": 60_000}),
        json!({"fault": "no-space", "for_ms": 3_600_000}),
        json!({"fault": "read-only", "for_ms": 3_600_000}),
        json!({"fault": "fail-fsync", "times": 1_000}),
        json!({"fault": "break", "part": "view taxi/mypages"}),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let server = stopping_soon(folder.path());
        assert!(post(server.address, "/taxi/orders", ORDER).starts_with("HTTP/1.1 201"));
        breaks(&server, &fault);
        let _waiting: Vec<_> =
            (0..8).map(|_| begin(server.address, "/taxi/orders", ORDER)).collect();
        let status = ends_in_time(server);
        assert!(status.success(), "{fault}: {status}");
        assert_verified(&folder.path().join("data"));
    }
}

#[test]
fn a_fault_that_would_not_end_is_refused_with_its_range() {
    let folder = tempfile::tempdir().unwrap();
    let server = stopping_soon(folder.path());
    let endless = r#"{"fault":"slow-journal","by_ms":18446744073709551615,"for_ms":1000}"#;
    let answer = post(server.address, "/admin/faults", endless);
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert!(answer.contains("by_ms must be from 1 to 10000, not 18446744073709551615"), "{answer}");
}

#[test]
fn a_stop_does_not_wait_for_silent_clients_or_services() {
    let folder = tempfile::tempdir().unwrap();
    let (server, service) = with_a_silent_service(folder.path());
    let order = begin(server.address, "/taxi/orders", ORDER);
    let _asked = service.accept().expect("the question");
    let whole = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let beginnings: [&[u8]; 5] = [
        b"",
        b"GET /",
        b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\nGET /",
        b"POST /taxi/orders HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{",
        &whole.repeat(10_000),
    ];
    let silent: Vec<_> = beginnings
        .iter()
        .map(|beginning| {
            let mut stream = connect(server.address);
            stream.set_nonblocking(true).unwrap();
            let _ = stream.write(beginning);
            stream
        })
        .collect();
    assert!(ends_in_time(server).success());
    drop((order, silent));
    assert_verified(&folder.path().join("data"));
}

#[test]
fn a_client_that_waits_for_a_slow_service_gets_its_202_before_the_server_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (server, service) = with_a_silent_service(folder.path());
    let mut order = begin(server.address, "/taxi/orders", ORDER);
    let _asked = service.accept().expect("the question");
    assert!(ends_in_time(server).success());
    let mut answer = String::new();
    order.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 202") && answer.contains("/taxi/orders/1"), "{answer}");
    assert_verified(&folder.path().join("data"));
}

#[test]
fn a_stop_ends_in_time_while_a_view_is_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    let server = stopping_soon(folder.path());
    let waiting: Vec<_> = (0..64).map(|_| begin(server.address, "/taxi/orders", ORDER)).collect();
    for mut stream in waiting {
        stream.read_to_end(&mut Vec::new()).expect("an answer");
    }
    assert!(ends_in_time(server).success());
    fs::remove_dir_all(folder.path().join("data/views")).unwrap();
    let server = stopping_soon(folder.path());
    assert!(ends_in_time(server).success());
    assert_verified(&folder.path().join("data"));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(folder.path(), "[http]\nstop_within_s = 600\nwait_max_ms = 30000");
    breaks(&server, &json!({"fault": "slow-journal", "by_ms": 10_000, "for_ms": 60_000}));
    let _waiting = begin(server.address, "/taxi/orders", ORDER);
    let (address, process) = (server.address, server.process_id().to_string());
    assert!(Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
    let since = Instant::now();
    // The server has received the first signal when it accepts no more connections.
    while TcpStream::connect(address).is_ok() {
        assert!(since.elapsed() < ENDS_WITHIN, "the server does not stop");
        std::thread::yield_now();
    }
    let status = server.terminate();
    assert_eq!(status.code(), Some(128 + 15), "{status}");
    assert!(since.elapsed() < Duration::from_secs(9), "{:?}", since.elapsed());
    assert_verified(&folder.path().join("data"));
}

/// The disk hangs, which no code in the process can end.
#[test]
fn a_stop_ends_in_time_while_an_fsync_hangs() {
    if !strace_is_there() {
        assert!(std::env::var_os("CI").is_none(), "strace is not installed");
        println!("strace is not installed: nothing was tried");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut strace = Command::new("strace");
    strace.args(["-f", "-o", "/dev/null", "-e", "trace=fdatasync"]);
    strace.args(["-e", "inject=fdatasync:delay_enter=120000000:when=120+"]);
    strace.env("MADANG_HTTP__STOP_WITHIN_S", "1");
    let server = Server::start_under(strace, &folder.path().join("data"));
    let mut acknowledged = 0;
    let mut part = [0; 12];
    for nth in 0.. {
        assert!(nth < 200, "no fsync hangs");
        let mut stream = begin(server.address, "/taxi/orders", ORDER);
        // After `wait_max` the answer is 202: the command is not durable.
        stream.read_exact(&mut part).expect("an answer");
        if !part.ends_with(b"201") {
            break;
        }
        acknowledged += 1;
    }
    assert!(acknowledged > 0);
    let process = server.wrapped().expect("the server under strace");
    assert!(Command::new("kill").args(["-TERM", &process.to_string()]).status().unwrap().success());
    let since = Instant::now();
    // Strace waits for the hanging call, so the end is read from the process table of the system.
    let exit_code = loop {
        assert!(since.elapsed() < ENDS_WITHIN, "the server has not ended");
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        if fields[0] == "Z" {
            break fields[49].parse::<i32>().unwrap() >> 8;
        }
        std::thread::yield_now();
    };
    assert_eq!(exit_code, 70);
}

fn strace_is_there() -> bool {
    // Some containers have strace and forbid it, so a small program is traced first.
    let mut command = Command::new("strace");
    command.args(["-e", "trace=none", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
