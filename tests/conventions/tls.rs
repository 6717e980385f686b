//! TLS: versions, a new certificate without a restart, and what a silent client costs.

use crate::support::{inside::Running, process::binary};
use madang::config::Config;
use reqwest::{Certificate, Client, tls::Version};
use std::{fs, io::Read as _, net::TcpStream, path::Path, process::Command, time::Duration};

const CERTIFICATES: &str = "tests/conventions/certificates";

/// Longer than any step of a test; it only ends a test that fails.
const HANG: Duration = Duration::from_secs(60);

/// Puts this certificate and its key into the folder, where the server reads them.
fn install(name: &str, folder: &Path) {
    for ending in ["key", "pem"] {
        let from = format!("{CERTIFICATES}/{name}.{ending}");
        fs::copy(from, folder.join(format!("server.{ending}"))).expect("a certificate");
    }
}

fn configured(config: &mut Config, folder: &Path) {
    config.only = vec!["taxi".into()];
    config.tls.certificate = Some(folder.join("server.pem"));
    config.tls.key = Some(folder.join("server.key"));
}

fn start(folder: &Path, change: impl FnOnce(&mut Config)) -> Running {
    let all = |config: &mut Config| {
        configured(config, folder);
        change(config);
    };
    Running::serve(&folder.join("data"), all, madang::shipped)
}

/// A client that trusts this certificate alone.
fn trusting(name: &str, version: Version) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pem = fs::read(format!("{CERTIFICATES}/{name}.pem")).expect("a certificate");
    let builder = Client::builder().tls_built_in_root_certs(false);
    let builder = builder.add_root_certificate(Certificate::from_pem(&pem).expect("PEM"));
    builder.max_tls_version(version).build().expect("a client")
}

#[tokio::test]
async fn both_versions_of_tls_are_spoken_and_browsers_are_told_to_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    install("one", folder.path());
    let running = start(folder.path(), |_| ());
    for version in [Version::TLS_1_2, Version::TLS_1_3] {
        let url = format!("https://{}/taxi/orders", running.address);
        let answer = trusting("one", version).get(url).send().await.expect("it answers");
        assert_eq!(answer.status(), 200);
        assert!(answer.headers().contains_key("strict-transport-security"));
    }
    let plain = format!("http://{}/", running.address);
    assert!(crate::support::client().get(plain).send().await.is_err(), "nothing is plain");
    let url = format!("https://{}/", running.address);
    assert!(trusting("two", Version::TLS_1_3).get(url).send().await.is_err());
}

#[test]
fn commands_that_ask_a_port_with_tls_without_it_say_so() {
    let folder = tempfile::tempdir().expect("a folder");
    install("one", folder.path());
    let running = start(folder.path(), |_| ());
    let (address, url) = (running.address.to_string(), format!("http://{}", running.address));
    for arguments in [["health", "--listen", &address], ["top", "--once", "--url"]] {
        let mut command = Command::new(binary());
        command.args(arguments);
        if arguments[0] == "top" {
            command.arg(&url);
        }
        let output = command.output().expect("the binary runs");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(!output.status.success() && said.contains("speaks TLS"), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn a_new_certificate_is_served_without_a_restart_and_a_wrong_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    install("one", folder.path());
    let running = start(folder.path(), |_| ());
    let url = format!("https://{}/", running.address);
    let is_served =
        async |name: &str| trusting(name, Version::TLS_1_3).get(&url).send().await.is_ok();
    fs::write(folder.path().join("server.pem"), "nonsense").expect("the folder");
    assert!(is_served("one").await);
    install("two", folder.path());
    let renewed = async { while !is_served("two").await {} };
    tokio::time::timeout(HANG, renewed).await.expect("the new certificate is served");
    assert!(!is_served("one").await);
}

#[tokio::test]
async fn a_client_that_never_speaks_is_disconnected_like_one_without_tls() {
    let folder = tempfile::tempdir().expect("a folder");
    install("one", folder.path());
    let running = start(folder.path(), |config| config.http.head_timeout_ms = 300);
    let address = running.address;
    let closed = tokio::task::spawn_blocking(move || {
        let mut silent = TcpStream::connect(address).expect("it listens");
        silent.set_read_timeout(Some(HANG)).expect("a limit");
        silent.read(&mut [0; 64])
    });
    assert_eq!(closed.await.expect("it ends").expect("it is closed, not reset"), 0);
}

#[test]
fn a_server_does_not_start_with_a_wrong_certificate_and_names_the_file() {
    use madang::tls::Certificate;
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    install("one", folder.path());
    fs::copy(format!("{CERTIFICATES}/two.key"), at("other.key")).expect("a key");
    fs::write(at("empty"), "").expect("the folder");
    for (certificate, key, file, reason) in [
        ("none.pem", "server.key", "none.pem", "cannot be read: "),
        ("empty", "server.key", "empty", "holds no certificate in PEM"),
        ("server.pem", "empty", "empty", "holds no private key in PEM"),
        ("server.pem", "server.pem", "server.pem", "holds no private key in PEM"),
        ("server.pem", "other.key", "other.key", "is not the key of "),
    ] {
        let error = Certificate::read(&at(certificate), &at(key)).unwrap_err();
        let error = error.reason;
        assert!(error.starts_with(&format!("{}: {reason}", at(file).display())), "{error}");
    }
    assert!(Certificate::read(&at("server.pem"), &at("server.key")).is_ok());
}
