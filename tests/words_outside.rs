//! The words of clients that existed before, said by the programs people say them with: curl,
//! `HTTPie` and siege. In CI all three must be there; elsewhere what is missing is left out, aloud.

mod support;

use serde_json::Value;
use std::process::{Command, Output};
use support::process::Server;

/// Whether a program can be run.
///
/// # Panics
/// In CI, when it cannot.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "{program} must be there in CI");
    if !found {
        println!("{program} is not there: its words are left out");
    }
    found
}

/// What a program printed: the status, the head in lower case and the JSON of an HTTP answer.
struct Heard {
    status: u16,
    head: String,
    body: Value,
}

#[track_caller]
fn heard(output: &Output) -> Heard {
    let text = String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no answer: {output:?}"));
    let body = serde_json::from_str(body).unwrap_or(Value::Null);
    Heard { status, head: head.to_lowercase(), body }
}

#[track_caller]
fn curl(server: &Server, method: &str, path: &str, body: &str) -> Heard {
    let mut command = Command::new("curl");
    command.args(["-s", "-i", "-X", method, &server.url(path)]);
    if !body.is_empty() {
        command.args(["-H", "Content-Type: application/json", "-d", body]);
    }
    heard(&command.output().expect("curl runs"))
}

/// Waits until a representation has this status.
fn becomes(server: &Server, path: &str, status: &str) {
    while curl(server, "GET", path, "").body["status"] != status {
        std::thread::yield_now();
    }
}

#[test]
fn curl_says_every_word_under_the_business_and_at_the_root() {
    if !has("curl") {
        return;
    }
    for root in ["/taxi", ""] {
        let folder = tempfile::tempdir().unwrap();
        let arguments: &[&str] = if root.is_empty() { &["--business", "taxi"] } else { &[] };
        let server = Server::start_with(folder.path(), arguments);
        let say = |method: &str, path: &str, body: &str| {
            curl(&server, method, &format!("{root}{path}"), body)
        };
        let taxi = r#"{"taxiName":"sonata","companyName":"tmap","stockCnt":10,"itemPrice":4900}"#;
        let answer = say("POST", "/taxis", taxi);
        assert_eq!((answer.status, &answer.body["stockCnt"]), (201, &10.into()));
        let answer = say("POST", "/orders", r#"{"orderType":"basic","name":"Jung"}"#);
        assert_eq!((answer.status, &answer.body["status"]), (201, &"Paid".into()));
        assert!(answer.head.contains(&format!("location: {root}/orders/1")), "{}", answer.head);
        let again = r#"{"orderId":1,"cardNo":383824245656,"status":"valid"}"#;
        let answer = say("POST", "/paymentHistories", again);
        assert_eq!((answer.status, &answer.body["status"]), (201, &"Approved".into()));
        becomes(&server, &format!("{root}/reservations/1"), "Reservation Complete");
        assert_eq!(say("PATCH", "/reservations/1", r#"{"status":"confirmed"}"#).status, 200);
        let answer = say("POST", "/reservations", r#"{"orderId":1,"status":"confirmed"}"#);
        assert_eq!((answer.status, &answer.body["taxiId"]), (201, &1.into()));
        becomes(&server, &format!("{root}/orders/1"), "Confirmed");
        let answer = say("PATCH", "/orders/1", r#"{"status":"cancelled"}"#);
        assert_eq!((answer.status, &answer.body["status"]), (200, &"Cancelled".into()));
        assert_eq!(say("GET", "/taxis/1", "").body["stockCnt"], 10);
        becomes(&server, &format!("{root}/mypages/1"), "Cancelled");
        let page = say("GET", "/mypages", "");
        assert_eq!(page.body["_embedded"]["mypages"][0]["name"], "Jung");
        assert_eq!(page.body["page"]["totalElements"], 1);
        assert!(server.terminate().success());
    }
}

#[test]
fn httpie_sends_numbers_as_text_and_is_understood() {
    if !has("http") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_with(folder.path(), &["--business", "taxi"]);
    let say = |method: &str, path: &str, fields: &[&str]| {
        let mut command = Command::new("http");
        command.env("HTTPIE_CONFIG_DIR", folder.path().join("httpie"));
        command.args(["--ignore-stdin", "--print=hb", "--pretty=none", method]);
        heard(&command.arg(server.url(path)).args(fields).output().expect("http runs"))
    };
    let taxi = ["taxiName=sonata", "companyName=tmap", "stockCnt=10", "taxiPrice=4900"];
    let answer = say("POST", "/taxi/taxis", &taxi);
    assert_eq!((answer.status, &answer.body["itemPrice"]), (201, &4900.into()));
    let order = ["orderType=prime", "name=Jung", "cardNo=383824245656"];
    let answer = say("POST", "/orders", &order);
    assert_eq!((answer.status, &answer.body["fare"]), (201, &5000.into()));
    let answer = say("POST", "/paymentHistories", &["orderId=1", "status=valid"]);
    assert_eq!(answer.status, 201);
    becomes(&server, "/reservations/1", "Reservation Complete");
    let answer = say("PATCH", "/reservations/1", &["status=confirmed", "taxiId=1"]);
    assert_eq!((answer.status, &answer.body["taxiId"]), (200, &1.into()));
    assert_eq!(say("PATCH", "/orders/1", &["status=cancelled"]).status, 200);
    let answer = say("POST", "/orders", &["orderType=basic", "name=Jung", "stockCnt=10"]);
    assert_eq!(answer.status, 422, "an order has no stock");
    assert!(answer.body["detail"].as_str().is_some_and(|why| why.contains("stockCnt")));
}

#[test]
fn siege_orders_taxis_without_a_failure() {
    if !has("siege") {
        return;
    }
    for (path, arguments) in [("/taxi/orders", &[][..]), ("/orders", &["--business", "taxi"])] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start_with(&folder.path().join("data"), arguments);
        let url = format!(r#"{} POST {{"orderType":"basic","name":"Jung"}}"#, server.url(path));
        let mut command = Command::new("siege");
        command.env("HOME", folder.path());
        command.args(["-b", "-c10", "-r20", "--content-type", "application/json", &url]);
        let output = command.output().expect("siege runs");
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        // Newer ones print json, older ones print lines; the names are the same but for this.
        let text = text.concat().to_lowercase().replace('_', " ");
        let figure = |name: &str| {
            let rest = text.split(name).nth(1).unwrap_or_else(|| panic!("{name}: {text}"));
            let digits = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
            digits.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap().to_owned()
        };
        assert_eq!(figure("availability"), "100.00", "{text}");
        assert_eq!(figure("failed transactions"), "0", "{text}");
        let page = page_of(&server, path);
        assert_eq!(page["page"]["totalElements"], 200, "{text}");
    }
}

/// Reads a page with nothing but a socket, as curl may be missing.
fn page_of(server: &Server, path: &str) -> Value {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    let request = format!("GET {path}?size=1 HTTP/1.1\r\nhost: m\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
    serde_json::from_str(body).unwrap()
}
