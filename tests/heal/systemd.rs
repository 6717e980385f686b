//! The notifications to systemd: the server serves, it lives, it stops.

use crate::support::{client, process::Server};
use std::{os::unix::net::UnixDatagram, process::Command, time::Duration};

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
