//! The contact to systemd: its sockets, and the notifications that the server serves, lives and stops.

use crate::support::{
    client,
    process::{Server, binary},
};
use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    path::Path,
    process::{Command, Output},
    time::Duration,
};

/// Longer than any step of a test; it only ends a test that fails.
const HANG: Duration = Duration::from_secs(60);

struct Systemd(UnixDatagram);

impl Systemd {
    /// The next notification.
    fn hears(&self) -> String {
        let mut bytes = [0; 256];
        let length = self.0.recv(&mut bytes).expect("a notification");
        String::from_utf8_lossy(&bytes[..length]).trim().to_owned()
    }

    fn hears_until(&self, wanted: &str) {
        while self.hears() != wanted {}
    }
}

#[tokio::test]
async fn systemd_is_notified_that_a_server_serves_lives_and_stops() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let systemd = Systemd(UnixDatagram::bind(&socket).unwrap());
    systemd.0.set_read_timeout(Some(HANG)).unwrap();
    let mut env = Command::new("env");
    env.arg(format!("NOTIFY_SOCKET={}", socket.display()));
    env.args(["WATCHDOG_USEC=300000", "MADANG_ALLOW_FAULTS=true"]);
    let server = Server::start_under(env, &folder.path().join("data"));
    assert_eq!(systemd.hears(), "READY=1");
    assert_eq!(systemd.hears(), "WATCHDOG=1");

    let fault = serde_json::json!({"fault": "block-shard", "shard": 0, "for_ms": 2_500});
    let request = client().post(server.url("/admin/faults")).json(&fault);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let liveness = async || {
        let liveness = client().get(server.url("/actuator/health/liveness")).send().await;
        liveness.unwrap().status().as_u16()
    };
    while liveness().await == 200 {
        tokio::task::yield_now().await;
    }
    // Notifications that were sent before the blocked loop was detected.
    systemd.0.set_nonblocking(true).unwrap();
    let mut bytes = [0; 256];
    while systemd.0.recv(&mut bytes).is_ok() {}
    while liveness().await == 503 {
        let heard = systemd.0.recv(&mut bytes).is_ok();
        assert!(!heard || liveness().await == 200, "a blocked server sends no sign of life");
    }
    systemd.0.set_nonblocking(false).unwrap();
    systemd.hears_until("WATCHDOG=1");
    assert!(server.terminate().success());
    systemd.hears_until("STOPPING=1");
}

/// A shell that passes its input and output to the server as systemd passes sockets: as the files
/// from 3 on. The server keeps the process id of the shell.
const PASS_ONE: &str = "export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$@\" 3<&0 0</dev/null";

/// Passes this socket instead of the input to a command line.
fn passing(script: &str, socket: impl Into<OwnedFd>) -> Command {
    let mut shell = Command::new("sh");
    let socket: OwnedFd = socket.into();
    shell.args(["-c", script, "sh"]).stdin(socket).env("RUST_LOG", "warn");
    shell
}

fn refusal(mut shell: Command, data: &Path) -> String {
    shell.arg(binary()).args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    let Output { status, stderr, .. } = shell.output().unwrap();
    let said = String::from_utf8_lossy(&stderr).into_owned();
    assert!(!status.success() && !data.exists(), "{said}");
    said
}

#[tokio::test]
async fn a_server_takes_over_the_socket_of_systemd_and_connections_wait_while_it_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let start = || Server::start_passing(passing(PASS_ONE, socket.try_clone().unwrap()), &data);
    let server = start();
    assert_eq!(server.address, address);
    let liveness = format!("http://{address}/actuator/health/liveness");
    assert_eq!(client().get(&liveness).send().await.unwrap().status(), 200);
    assert!(server.terminate().success());

    // No process accepts, but the connection is made, and its request waits.
    let mut waiting = TcpStream::connect(address).unwrap();
    let request = format!("GET /actuator/health/liveness HTTP/1.1\r\nhost: {address}\r\n");
    write!(waiting, "{request}connection: close\r\n\r\n").unwrap();
    let server = start();
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(server.terminate().success());
}

#[test]
fn what_is_not_a_socket_or_for_another_process_is_not_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = || std::fs::File::open("Cargo.toml").unwrap();
    let said = refusal(passing(PASS_ONE, file()), &data);
    assert!(said.contains("socket 1 of systemd") && said.contains("not a socket"), "{said}");
    let said = refusal(passing(&PASS_ONE.replace("FDS=1", "FDS=3"), file()), &data);
    assert!(said.contains("systemd passed 3 sockets"), "{said}");
    let reachable = TcpListener::bind("0.0.0.0:0").unwrap();
    let said = refusal(passing(PASS_ONE, reachable), &data);
    assert!(said.contains("--insecure"), "{said}");

    let for_another = PASS_ONE.replace("LISTEN_PID=$$", "LISTEN_PID=1");
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let passed = socket.local_addr().unwrap();
    let server = Server::start_passing(passing(&for_another, socket), &data);
    assert_ne!(server.address, passed);
    assert!(server.terminate().success());
}
