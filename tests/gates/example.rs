//! The provider of `examples/provider.py` behind the payment port, as docs/ports.md sets it up.

use crate::support::{
    client,
    process::{Server, assert_verified},
};
use reqwest::Client;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

const TOKEN: &str = "s3cret-token";

/// The running provider; killed on drop.
struct Provider {
    child: Child,
    url: String,
}

impl Provider {
    fn start() -> Self {
        let mut command = Command::new("python3");
        command.args(["examples/provider.py", "--port", "0", "--limit", "7000"]);
        command.env("PROVIDER_TOKEN", TOKEN).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python3");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let line = lines.next().expect("a line").expect("text");
        // The rest of the output must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: line.split(' ').next_back().expect("a url").to_owned() }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A call taxi with a token for the provider in a file.
struct Taxi {
    server: Server,
    client: Client,
    folder: tempfile::TempDir,
}

impl Taxi {
    fn start(provider: &Provider, token: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (config, secret) = (folder.path().join("madang.toml"), folder.path().join("token"));
        fs::write(&secret, format!("{token}\n")).expect("written");
        let text = format!(
            "[ports.\"taxi/payment\"]\ntransport = \"http\"\nurl = \"{}\"\nretries = 0\n\
             headers.Authorization = {{ file = \"{}\", prefix = \"Bearer \" }}\n",
            provider.url,
            secret.display()
        );
        fs::write(&config, text).expect("written");
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec \"$@\" --config \"$CONFIG\" 2>\"$LOG\"", "sh"]);
        shell.env("LOG", folder.path().join("log")).env("CONFIG", config);
        let server = Server::start_under(shell, &folder.path().join("data"));
        Self { server, client: client(), folder }
    }

    async fn order(&self, grade: &str) -> (u16, Value) {
        let call = json!({ "orderType": grade, "name": "Jung" });
        let request = self.client.post(self.server.url("/taxi/orders")).json(&call);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("json"))
    }

    async fn get(&self, path: &str) -> Value {
        read(&self.client, &self.server.url(path)).await
    }

    /// Stops the server; returns its log.
    fn log(self) -> String {
        assert!(self.server.terminate().success());
        assert_verified(&self.folder.path().join("data"));
        fs::read_to_string(self.folder.path().join("log")).expect("a log")
    }
}

async fn read(client: &Client, url: &str) -> Value {
    client.get(url).send().await.expect("an answer").json().await.expect("json")
}

#[tokio::test]
async fn a_provider_of_a_hundred_lines_charges_declines_and_gives_back() {
    let provider = Provider::start();
    let taxi = Taxi::start(&provider, TOKEN);
    assert_eq!(taxi.order("basic").await.0, 201);
    let payment = taxi.get("/taxi/paymentHistories/1").await;
    assert_eq!(
        (&payment["status"], &payment["transactionId"]),
        (&json!("Approved"), &json!("ch_1"))
    );
    let (status, problem) = taxi.order("platinum").await;
    assert_eq!((status, &problem["detail"]), (402, &json!("the card has a limit of 7000")));

    let cancel = taxi.client.post(taxi.server.url("/taxi/orders/1/cancel")).json(&json!({}));
    assert_eq!(cancel.send().await.expect("an answer").status(), 200);
    let payment = taxi.get("/taxi/paymentHistories/1").await;
    assert_eq!(
        (&payment["status"], &payment["transactionId"]),
        (&json!("Refunded"), &json!("ch_1"))
    );
    let charges = read(&taxi.client, &provider.url).await;
    let charges: Vec<_> = charges.as_object().expect("charges").values().collect();
    let given_back = json!({ "transactionId": "ch_1", "amount": 3_800, "status": "given back" });
    assert_eq!(charges, [&given_back]);
    assert_eq!(taxi.log(), "");
}

#[tokio::test]
async fn a_wrong_token_is_told_to_operators_and_not_to_customers() {
    let provider = Provider::start();
    let taxi = Taxi::start(&provider, "wr0ng-token");
    let (status, problem) = taxi.order("basic").await;
    assert_eq!((status, &problem["detail"]), (503, &json!("the outside service failed")));
    let mut shown = problem.to_string();
    for path in [
        "/taxi/orders/1",
        "/taxi/paymentHistories/1",
        "/taxi/conversations/1",
        "/admin/components",
        "/admin/gates/taxi/payment",
        "/actuator/health",
    ] {
        shown.push_str(&taxi.get(path).await.to_string());
    }
    let address = provider.url.trim_start_matches("http://").trim_end_matches("/charges");
    for secret in ["wr0ng-token", address, "this token is unknown"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    let log = taxi.log();
    let line = log.lines().find(|line| line.contains("the outside service fails")).expect("a line");
    assert!(line.contains("taxi/payment") && line.contains("401") && line.contains("unknown"));
    assert!(!log.contains("wr0ng-token"), "{log}");
}
