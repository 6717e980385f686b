//! The manifests of Kubernetes: they are valid, and fit the deadlines of the server.

use super::{seconds, support::tools::tool, text};
use madang::config::{Config, Flags};
use std::{fs, path::PathBuf, process::Command};

/// The oldest and the newest version of Kubernetes whose schemas are checked. The action `sleep` of
/// `preStop` is in all of them.
const VERSIONS: [&str; 2] = ["1.32.0", "1.37.0"];

/// The flush of the journal after the requests in flight, and a margin, in seconds.
const FLUSH_S: u64 = 10;

fn manifests() -> Vec<PathBuf> {
    let entries = fs::read_dir("deploy/kubernetes").unwrap().map(|entry| entry.unwrap().path());
    let is_manifest = |path: &PathBuf| {
        path.extension().is_some_and(|it| it == "yaml") && !path.ends_with("kustomization.yaml")
    };
    entries.filter(is_manifest).collect()
}

#[test]
fn the_manifests_are_valid_for_their_schemas() {
    let Some(validate) = tool("kubernetes-validate") else { return };
    let manifests = manifests();
    assert!(manifests.len() >= 5, "{manifests:?}");
    for version in VERSIONS {
        let mut command = Command::new(&validate);
        let output = command.args(["--strict", "-k", version]).args(&manifests).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{version}: {said}{why}");
    }
}

#[test]
fn the_base_lists_every_manifest_and_the_settings() {
    let base = text("deploy/kubernetes/kustomization.yaml");
    for manifest in manifests() {
        let name = manifest.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(base.contains(&format!("  - {name}\n")), "{name} is not listed");
    }
    assert!(base.contains("      - madang.toml\n"));
    assert!(base.contains(&format!("newTag: {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn the_grace_period_is_longer_than_the_stop_of_the_server() {
    let pod = text("deploy/kubernetes/statefulset.yaml");
    let flags = Flags { config: Some("deploy/kubernetes/madang.toml".into()), ..Flags::default() };
    let stop_s = Config::read(flags).unwrap().http.stop_within_s + FLUSH_S;
    let before_s = seconds(&pod, "seconds");
    assert!(seconds(&pod, "terminationGracePeriodSeconds") > before_s + stop_s);
}

#[test]
fn the_variables_of_service_links_are_off() {
    assert_eq!(
        super::value(&text("deploy/kubernetes/statefulset.yaml"), "enableServiceLinks"),
        "false"
    );
}
