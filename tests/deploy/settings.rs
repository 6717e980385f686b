//! The files of settings in `deploy/`: the server accepts them, and answers as the probes ask it.

use super::{
    support::{client, process::Server},
    text, value,
};
use madang::config::{Config, Flags};
use std::{fs, path::Path, process::Command};

fn read(file: &str, insecure: bool) -> Result<Config, String> {
    let flags = Flags { config: Some(file.into()), insecure, ..Flags::default() };
    Config::read(flags).map_err(|error| error.to_string())
}

/// The port that a file of settings listens on.
#[track_caller]
fn port(file: &str) -> u16 {
    read(file, true).unwrap_or_else(|error| panic!("{error}")).listen.port()
}

#[test]
fn the_settings_of_each_place_are_valid() {
    assert!(read("deploy/debian/madang.toml", false).is_ok());
    let error = read("deploy/docker/madang.toml", false).unwrap_err();
    assert!(error.contains("configure [identity]"), "{error}");
    assert!(read("deploy/docker/madang.toml", true).is_ok());
    assert!(read("deploy/kubernetes/madang.toml", false).is_ok());
}

#[test]
fn the_ports_of_each_place_are_those_of_its_settings() {
    let image = port("deploy/docker/madang.toml").to_string();
    assert_eq!(value(&text("Dockerfile"), "EXPOSE"), image);
    let pod = port("deploy/kubernetes/madang.toml").to_string();
    assert_eq!(value(&text("deploy/kubernetes/statefulset.yaml"), "containerPort"), pod);
    assert_eq!(value(&text("deploy/kubernetes/service.yaml"), "port"), pod);
    let figures = read("deploy/kubernetes/madang.toml", false).unwrap().metrics.listen;
    let figures = figures.expect("an address").port();
    for (file, lines) in [
        ("statefulset", vec!["prometheus.io/port: \"PORT\"", "containerPort: PORT"]),
        ("service", vec!["port: PORT\n      targetPort: metrics"]),
    ] {
        let manifest = text(format!("deploy/kubernetes/{file}.yaml"));
        for line in lines {
            let line = line.replace("PORT", &figures.to_string());
            assert!(manifest.contains(&line), "{file}: no {line}");
        }
    }
    assert!(text("deploy/kubernetes/networkpolicy.yaml").contains("          port: metrics\n"));
    let packaged = read("deploy/debian/madang.toml", false).unwrap().listen;
    let socket = text("deploy/systemd/madang.socket");
    assert_eq!(value(&socket, "ListenStream"), packaged.to_string());
}

#[test]
fn the_paths_of_each_place_are_those_that_it_provides() {
    let pod = text("deploy/kubernetes/statefulset.yaml");
    let config = read("deploy/kubernetes/madang.toml", false).unwrap();
    let secret = config.identity.secret_file.as_deref().expect("a file");
    for path in [config.data.as_path(), secret, Path::new("/etc/madang/madang.toml")] {
        let mounts = pod.lines().filter_map(|line| line.trim().strip_prefix("mountPath: "));
        assert!(mounts.into_iter().any(|mount| path.starts_with(mount)), "{}", path.display());
    }
    let key = secret.file_name().unwrap().to_str().unwrap();
    assert!(text("deploy/kubernetes/secret.yaml").contains(&format!("\n  {key}: ")), "{key}");
    let image = read("deploy/docker/madang.toml", true).unwrap();
    assert!(image.data.starts_with(value(&text("Dockerfile"), "VOLUME")));
}

/// The settings of the pod, with the folders and the address of this test.
fn start_as_in_the_cluster(folder: &Path) -> Server {
    let secret = folder.join("identity");
    fs::write(&secret, "0123456789abcdef0123456789abcdef").unwrap();
    let mut env = Command::new("env");
    env.arg(format!("MADANG_IDENTITY__SECRET_FILE={}", secret.display()));
    env.arg("MADANG_METRICS__LISTEN=127.0.0.1:0");
    let file = fs::canonicalize("deploy/kubernetes/madang.toml").unwrap();
    Server::start_under_with(env, &folder.join("data"), Some(&file))
}

#[tokio::test]
async fn the_probes_of_the_pod_are_answered_without_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let server = start_as_in_the_cluster(folder.path());
    let pod = text("deploy/kubernetes/statefulset.yaml");
    let paths: Vec<_> = pod.lines().filter_map(|line| line.trim().strip_prefix("path: ")).collect();
    assert_eq!(paths.len(), 3, "{paths:?}");
    for path in paths {
        let answer = client().get(server.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    let orders = client().get(server.url("/taxi/orders"));
    let refused = orders.try_clone().unwrap().send().await.unwrap();
    assert_eq!(refused.status(), 401);
    // The names of the service are known hosts; another name is refused.
    for (host, status) in [("madang:8080", 401), ("madang.default.svc:8080", 401), ("else", 421)] {
        let answer = orders.try_clone().unwrap().header("host", host).send().await.unwrap();
        assert_eq!(answer.status(), status, "{host}");
    }
    assert!(server.terminate().success());
}

#[test]
fn the_secret_of_the_base_is_refused_until_it_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("identity");
    fs::write(&secret, value(&text("deploy/kubernetes/secret.yaml"), "identity")).unwrap();
    let mut serve = Command::new(super::support::process::binary());
    serve.args(["serve", "--config", "deploy/kubernetes/madang.toml", "--data"]);
    serve.arg(folder.path().join("data")).args(["--listen", "127.0.0.1:0"]);
    serve.env("MADANG_METRICS__LISTEN", "127.0.0.1:0");
    let output = serve.env("MADANG_IDENTITY__SECRET_FILE", &secret).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("at least 32 bytes"), "{said}");
}

#[test]
fn the_health_of_a_server_is_asked_by_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let server = start_as_in_the_cluster(folder.path());
    let health = |arguments: &[&str], address: &str| {
        let mut ask = Command::new(super::support::process::binary());
        let output =
            ask.arg("health").args(arguments).env("MADANG_LISTEN", address).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let address = server.address.to_string();
    let probes: [&[&str]; 3] = [&[], &["--live"], &["--listen", &address]];
    for probe in probes {
        let (code, answer) = health(probe, &address);
        assert_eq!(code, Some(0), "{probe:?}: {answer}");
        assert!(answer.contains("\"UP\""), "{answer}");
    }
    assert!(server.terminate().success());
    assert_eq!(health(&[], &address).0, Some(1));
}
