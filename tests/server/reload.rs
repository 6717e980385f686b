//! Changes of settings while the server runs: on SIGHUP, and when the file of settings changes.

use crate::support::{client, process::Server};
use madang::identity::hash_secret;
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// A server with a file of settings and a file of its log, both in its folder.
struct Reloaded {
    folder: tempfile::TempDir,
    server: Server,
}

impl Reloaded {
    fn start(settings: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), settings)
    }

    fn start_in(folder: tempfile::TempDir, settings: &str) -> Self {
        let path = |name: &str| folder.path().join(name);
        fs::write(path("madang.toml"), Self::here(settings, folder.path())).unwrap();
        let mut shell = Command::new("sh");
        let script = "exec env -u RUST_LOG \"$@\" --config \"$MY/madang.toml\" 2>> \"$MY/log\"";
        shell.args(["-c", script, "sh"]).env("MY", folder.path());
        let server = Server::start_under(shell, &path("data"));
        Self { folder, server }
    }

    /// The settings with the path of the folder in place of `HERE`.
    fn here(settings: &str, folder: &Path) -> String {
        settings.replace("HERE", folder.to_str().unwrap())
    }

    /// Replaces the file of settings as a whole.
    fn write(&self, settings: &str) {
        self.replace("madang.toml", settings);
    }

    fn replace(&self, file: &str, text: &str) {
        let path = |name: &str| self.folder.path().join(name);
        fs::write(path("next.toml"), Self::here(text, self.folder.path())).unwrap();
        fs::rename(path("next.toml"), path(file)).unwrap();
    }

    fn hang_up(&self) {
        let id = self.server.process_id().to_string();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    }

    /// The lines of the log that hold these words, once there is one.
    fn logged(&self, words: &str) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let log = read(self.folder.path());
            let lines: Vec<_> = log.lines().filter(|line| line.contains(words)).collect();
            if !lines.is_empty() {
                return lines.into_iter().map(str::to_owned).collect();
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{words} is not in:\n{log}");
            std::thread::yield_now();
        }
    }

    async fn fare_of_a_new_order(&self) -> Value {
        let order = json!({ "orderType": "prime", "name": "Jung" });
        let request = client().post(self.server.url("/taxi/orders")).json(&order);
        request.send().await.unwrap().json::<Value>().await.unwrap()["fare"].clone()
    }

    async fn gate(&self) -> Value {
        let request = client().get(self.server.url("/admin/gates/taxi/orders"));
        request.send().await.unwrap().json::<Value>().await.unwrap()["settings"].clone()
    }
}

fn read(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap()
}

#[tokio::test]
async fn fares_and_gates_change_on_a_hangup_and_what_needs_a_restart_is_named() {
    let running = Reloaded::start("[taxi]\nfare_prime = 6000\n");
    assert_eq!(running.fare_of_a_new_order().await, 6_000);
    running.write(
        "[taxi]\nfare_prime = 6500\n[gates.\"taxi/orders\"]\nconcurrency_max = 77\n\
         [actors]\nshards = 2\n[log]\nfilter = \"info\"\nformat = \"json\"\n",
    );
    running.hang_up();
    let line = &running.logged("the settings were read again")[0];
    let line: Value = serde_json::from_str(line).expect("the log is JSON now");
    let changed = "log.filter, log.format, gates.\"taxi/orders\".concurrency_max, taxi.fare_prime";
    assert_eq!(line["changed"], changed);
    let later = &running.logged("take effect at the next start")[0];
    assert!(later.contains(r#""keys":"actors.shards""#), "{later}");
    assert_eq!(running.fare_of_a_new_order().await, 6_500);
    assert_eq!(running.gate().await["concurrency_max"], 77);
}

#[tokio::test]
async fn settings_that_are_wrong_anywhere_change_nothing_and_each_error_is_logged() {
    let running = Reloaded::start("[taxi]\nfare_prime = 6000\n");
    running.write("[taxi]\nfare_prime = 1\n[http]\nworkers = 5000\n[gates.\"taxi/none\"]\n");
    running.hang_up();
    let errors = running.logged("the settings were not changed").join("\n");
    assert!(errors.contains("workers") && errors.contains("madang.toml:4"), "{errors}");
    assert_eq!(running.fare_of_a_new_order().await, 6_000);
}

#[tokio::test]
async fn a_changed_file_is_read_without_a_signal() {
    let running = Reloaded::start("[taxi]\nfare_prime = 6000\n");
    running.write("[taxi]\nfare_prime = 16500\n");
    assert!(running.logged("the settings were read again")[0].contains("taxi.fare_prime"));
    assert_eq!(running.fare_of_a_new_order().await, 16_500);
}

#[tokio::test]
async fn a_file_of_settings_that_is_gone_is_logged_once_and_changes_nothing() {
    let running = Reloaded::start("[taxi]\nfare_prime = 6000\n");
    fs::remove_file(running.folder.path().join("madang.toml")).unwrap();
    running.logged("the file is gone: what was read from it stays in effect");
    assert_eq!(running.fare_of_a_new_order().await, 6_000);
    running.write("[taxi]\nfare_prime = 6500\n");
    running.logged("the settings were read again");
    assert_eq!(running.fare_of_a_new_order().await, 6_500);
    assert_eq!(running.logged("the file is gone").len(), 1);
}

#[tokio::test]
async fn accounts_are_read_again_with_the_settings_or_refused_as_a_whole() {
    let (one, other) = (hash_secret("one"), hash_secret("other"));
    let account =
        |id: &str, hash: &str| format!("[[client]]\nid = \"{id}\"\nsecret_hash = \"{hash}\"\n");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("accounts.toml"), account("desk", &one)).unwrap();
    let settings = "[identity]\nissue = true\naccounts_file = \"HERE/accounts.toml\"\n";
    let running = Reloaded::start_in(folder, settings);
    let status = async |id: &str, secret: &str| {
        let request =
            client().post(running.server.url("/oauth/token")).basic_auth(id, Some(secret));
        let request = request.form(&[("grant_type", "client_credentials")]);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status("desk", "one").await, 200);
    running.replace("accounts.toml", &(account("app", &other) + &account("desk", &other)));
    running.logged("the settings were read again");
    assert_eq!((status("desk", "other").await, status("app", "other").await), (200, 200));
    assert_eq!(status("desk", "one").await, 401);
    running.replace("accounts.toml", &account("app", "no hash"));
    let refused = &running.logged("the settings were not changed")[0];
    assert!(refused.contains("identity.accounts_file: the file"), "{refused}");
    assert!(refused.contains("madang.toml:3)"), "{refused}");
    assert_eq!((status("desk", "other").await, status("app", "other").await), (200, 200));
}

#[tokio::test]
async fn what_was_set_over_http_stays_unless_the_section_of_the_gate_changes() {
    let running = Reloaded::start("[taxi]\nfare_prime = 6000\n");
    let set = client().put(running.server.url("/admin/gates/taxi/orders"));
    set.json(&json!({ "concurrency_max": 5 })).send().await.unwrap();
    running.write("[taxi]\nfare_prime = 7000\n");
    running.hang_up();
    running.logged("the settings were read again");
    assert_eq!(running.gate().await["concurrency_max"], 5);
    running.write("[gates.\"taxi/orders\"]\nrate_per_s = 900.0\n");
    running.hang_up();
    running.logged("rate_per_s");
    let gate = running.gate().await;
    assert_eq!((&gate["concurrency_max"], &gate["rate_per_s"]), (&json!(1_024), &json!(900.0)));
}

#[tokio::test]
async fn the_rate_of_clients_changes_and_is_not_turned_off_before_the_next_start() {
    let running = Reloaded::start("[http]\nclient_rate_per_s = 500\n");
    let quota = async || {
        let answer = client().get(running.server.url("/taxi/orders")).send().await.unwrap();
        answer.headers()["ratelimit-policy"].to_str().unwrap().to_owned()
    };
    assert_eq!(quota().await, "\"client\";q=500;w=1");
    running.write("[http]\nclient_rate_per_s = 700\n");
    running.hang_up();
    running.logged("changed=\"http.client_rate_per_s\"");
    assert_eq!(quota().await, "\"client\";q=700;w=1");
    running.write("[taxi]\nfare_prime = 9000\n");
    running.hang_up();
    running.logged("take effect at the next start keys=\"http.client_rate_per_s\"");
    assert_eq!(quota().await, "\"client\";q=700;w=1");
}
