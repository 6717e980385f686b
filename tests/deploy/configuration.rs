//! The command `config`: the effective settings with their places, all errors, and the document.

use super::{support::process::binary, text};
use madang::{
    config::{Keys, page},
    declarations::Declarations,
};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

fn keys() -> Keys {
    Keys::with(&Declarations::of(madang::shipped).sections())
}

#[test]
fn the_document_is_current() {
    let expected = page(&keys());
    let is_current = text("docs/configuration.md") == expected;
    assert!(is_current, "write it with `cargo run -- config doc > docs/configuration.md`");
}

#[test]
fn every_key_has_a_meaning() {
    let keys = keys();
    let mut count = 0;
    for section in keys.sections() {
        for key in &section.keys {
            assert!(key.meaning.ends_with('.'), "{}.{}: {}", section.name, key.name, key.meaning);
            count += 1;
        }
    }
    assert!(count > 80 && keys.has("http.hosts") && keys.has("taxi.fare_basic"), "{count}");
    assert!(!keys.has("http.host") && !keys.has("journal.views"));
}

/// Runs `madang config` with these arguments in a folder with this file of settings.
fn config(folder: &Path, file: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    fs::write(folder.join("madang.toml"), file).unwrap();
    let mut command = Command::new(binary());
    command.arg("config").args(arguments).current_dir(folder);
    command.env("MADANG_TAXI__FARE_BASIC", "4100");
    let Output { status, stdout, stderr } = command.output().unwrap();
    let [said, why] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    (status.code(), said, why)
}

const SETTINGS: &str = "\
listen = \"127.0.0.1:9\"

[http]
hosts = [\"madang.example\"]

[ports.\"taxi/payment\"]
transport = \"http\"
url = \"http://bank.example\"
headers.X-Key = \"s3cret\"
headers.Authorization = { env = \"PATH\" }

[phone.prices]
\"GX Note99\" = 990000
";

#[test]
fn the_effective_settings_are_shown_with_their_places_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--config", "madang.toml", "--data", "d\"a"];
    let (code, shown, why) = config(folder.path(), SETTINGS, &arguments);
    assert_eq!(code, Some(0), "{why}");
    let line = |start: &str| {
        let line = shown.lines().find(|line| line.starts_with(start)).expect(start);
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("listen = "), "listen = \"127.0.0.1:9\" # madang.toml:1");
    assert_eq!(line("data = "), "data = \"d\\\"a\" # --data");
    assert_eq!(line("insecure = "), "insecure = false # default");
    assert_eq!(line("hosts = "), "hosts = [\"madang.example\"] # madang.toml:4");
    assert_eq!(line("fare_basic = "), "fare_basic = 4100 # MADANG_TAXI__FARE_BASIC");
    assert_eq!(line("url = "), "url = \"http://bank.example\" # madang.toml:8");
    assert_eq!(line("timeout_ms = "), "timeout_ms = 1000 # default");
    assert!(line("headers = ").contains("\"X-Key\" = \"***\""), "{shown}");
    assert!(line("prices = ").starts_with("prices = { \"GX Note99\" = 990000 } # madang.toml:1"));
    assert_eq!(line("# secret_env"), "# secret_env is not set");
    assert!(shown.contains("\n[ports.\"taxi/payment\"]\n") && !shown.contains("s3cret"), "{shown}");
}

#[test]
fn the_shown_settings_are_settings_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = SETTINGS.replace("headers.X-Key = \"s3cret\"\n", "");
    let (_, shown, _) = config(folder.path(), &file, &["--config", "madang.toml"]);
    let (code, said, _) = config(folder.path(), &shown, &["check", "madang.toml"]);
    assert_eq!((code, said.as_str()), (Some(0), "madang.toml: valid\n"));
    let (_, again, _) = config(folder.path(), &shown, &["--config", "madang.toml"]);
    let values = |text: &str| {
        let values =
            text.lines().map(|line| line.split(" # ").next().unwrap_or_default().trim_end());
        values.skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(values(&shown), values(&again));
}

const WRONG: &str = "\
colour = 1
listen = \"127.0.0.1:9\"
[grpc]
listen = \"127.0.0.1:9\"
[metrics]
listen = \"0.0.0.0:9\"
[log]
format = \"xml\"
[identity]
issue = true
leeway_s = 601
accounts_file = \"none.toml\"
[tls]
certificate = \"none.pem\"
key = \"none.key\"
[http]
wait_max_ms = \"soon\"
workers = 2000
patience = 7

[ports.\"taxi/payment\"]
timeout_ms = 0
[ports.\"taxi/payments\"]
retries = 1
[taxi]
fare_gold = 1
fare_prime = \"dear\"
[taxis]
fare = 1
";

#[test]
fn all_errors_of_a_file_are_named_with_their_keys_and_lines() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said, _) = config(folder.path(), WRONG, &["check", "madang.toml"]);
    assert_eq!(code, Some(1));
    for (words, line) in [
        ("colour", 1),
        ("grpc.listen: 127.0.0.1:9 is the address of `listen` as well", 4),
        ("metrics.listen: 0.0.0.0:9 is the address of `listen` as well", 6),
        ("log.format: unknown value `xml`, expected `text` or `json`", 8),
        ("identity.leeway_s: must be from 0 to 600", 11),
        ("identity.accounts_file: the file none.toml cannot be read", 12),
        ("tls.certificate: none.pem: cannot be read", 14),
        ("http.wait_max_ms: invalid value: the text \"soon\"", 17),
        ("http.workers: must be from 0 to 1024, not 2000", 18),
        ("patience", 19),
        ("ports.taxi/payment.timeout_ms: must be from 1", 22),
        ("ports.\"taxi/payments\": there is no such port", 23),
        ("fare_gold", 26),
        ("taxi.fare_prime", 27),
        ("`taxis`: there is no such business", 28),
    ] {
        let found = said.lines().find(|it| it.contains(words));
        let found = found.unwrap_or_else(|| panic!("{words} is not in\n{said}"));
        assert!(found.ends_with(&format!("(in madang.toml:{line})")), "{line}: {found}");
    }
    assert_eq!(said.lines().count(), 15, "{said}");
}

#[test]
fn a_file_that_is_no_toml_or_does_not_exist_is_one_error() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said, _) = config(folder.path(), "[http", &["check", "madang.toml"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("line 1") && said.contains("madang.toml"), "{said}");
    let (code, said, _) = config(folder.path(), "", &["check", "nowhere.toml"]);
    assert_eq!((code, said.as_str()), (Some(1), "nowhere.toml: there is no such file\n"));
    let (code, _, why) =
        config(folder.path(), "listen = \"0.0.0.0:1\"", &["--config", "madang.toml"]);
    assert!(code == Some(1) && why.contains("(in madang.toml:1)"), "{why}");
}
