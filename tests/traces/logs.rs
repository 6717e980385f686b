//! The log of the real server: each line about a conversation names it, and its trace.

use crate::support::{client, process::Server};
use serde_json::{Value, json};
use std::{fs, path::Path, process::Command, time::Instant};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Starts the server with these settings. Its log goes to a file.
fn logged(folder: &Path, settings: &str) -> (Server, std::path::PathBuf) {
    let [data, config, log] = ["data", "madang.toml", "log"].map(|name| folder.join(name));
    fs::write(&config, settings).expect("written");
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec \"$@\" 2>\"$LOG_FILE\"", "sh"]).env("LOG_FILE", &log);
    (Server::start_under_with(shell, &data, Some(&config)), log)
}

/// The first line of the log that has all these texts.
///
/// # Panics
/// When there is none within a minute.
async fn line(log: &Path, texts: &[&str]) -> String {
    let begun = Instant::now();
    loop {
        let written = fs::read_to_string(log).unwrap_or_default();
        let has_all = |line: &&str| texts.iter().all(|text| line.contains(text));
        if let Some(line) = written.lines().find(has_all) {
            return line.to_owned();
        }
        assert!(begun.elapsed().as_secs() < 60, "no line has {texts:?}:\n{written}");
        tokio::task::yield_now().await;
    }
}

/// Orders a taxi whose payment fails, in a trace. Then another one whose aggregate crashes.
async fn fail(server: &Server) {
    let parent = format!("00-{TRACE_ID}-00f067aa0ba902b7-01");
    let order = json!({ "orderType": "basic", "name": "Kim" });
    let post = |path: &str, body: &Value| {
        client().post(server.url(path)).header("traceparent", &parent).json(body).send()
    };
    let unpaid = post("/taxi/orders", &order).await.expect("an answer");
    assert!(unpaid.status().is_server_error(), "{}", unpaid.status());
    let fault = json!({ "fault": "panic", "resource": "taxi/orders", "number": 2 });
    assert!(post("/admin/faults", &fault).await.expect("an answer").status().is_success());
    let crashed = post("/taxi/orders", &order).await.expect("an answer");
    assert!(crashed.status().is_server_error(), "{}", crashed.status());
}

/// Settings with a payment service that does not answer.
const FAILING: &str = "allow_faults = true\n\
    [ports.\"taxi/payment\"]\ntransport = \"http\"\nurl = \"http://127.0.0.1:9/\"\nretries = 0\n";

#[tokio::test]
async fn the_lines_of_a_failing_conversation_have_its_number_and_its_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = format!("{FAILING}[log]\nformat = \"json\"\n");
    let (server, log) = logged(folder.path(), &settings);
    fail(&server).await;
    for (message, correlation) in
        [("the outside service fails", 1), ("an aggregate crashed", 2), ("\"panicked\"", 2)]
    {
        let line = line(&log, &[message]).await;
        let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
        assert_eq!(line["correlation"], correlation, "{line}");
        assert_eq!(line["trace_id"], TRACE_ID, "{line}");
    }
    let failure = line(&log, &["the outside service fails"]).await;
    let failure: Value = serde_json::from_str(&failure).expect("json");
    assert!(failure["for_ms"].is_u64() && failure["failures"].is_u64(), "{failure}");
    let written = fs::read_to_string(&log).expect("the log");
    for line in written.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

#[tokio::test]
async fn lines_of_text_end_with_the_conversation_and_its_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    let (server, log) = logged(folder.path(), FAILING);
    fail(&server).await;
    for (message, number) in [("the outside service fails", 1), ("an aggregate crashed", 2)] {
        let line = line(&log, &[message]).await;
        let end = format!(" correlation={number} trace_id={TRACE_ID}");
        assert!(line.ends_with(&end), "{line}");
    }
}
