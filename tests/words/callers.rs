//! Every command of every business, submitted by every wrong caller before the right one, on a
//! server with configured identity: a wrong caller gets 401, 403 or 404 and changes nothing.

use super::{
    STORIES, phone,
    programs::Heard,
    strangers,
    support::{
        client,
        process::Server,
        token::{SECRET, token},
    },
    table::{Story, Word},
};
use madang::domain::{
    claims::Claims, education::Education, insurance::Insurance, kernel::Business, phone::PhoneShop,
    rental::CarRental, taxi::CallTaxi,
};
use reqwest::{Client, Method};
use serde_json::Value;
use std::{fs, time::Instant};

/// The staff roles of all businesses.
const STAFF: [(&str, &[&str]); 6] = [
    (Claims::NAME, Claims::STAFF),
    (Education::NAME, Education::STAFF),
    (Insurance::NAME, Insurance::STAFF),
    (PhoneShop::NAME, PhoneShop::STAFF),
    (CarRental::NAME, CarRental::STAFF),
    (CallTaxi::NAME, CallTaxi::STAFF),
];

/// The resources that any customer may create. A wrong caller is then only one without a token.
const OPEN_TO_CUSTOMERS: [&str; 6] = [
    "claims POST /claims",
    "education POST /eduApplications",
    "insurance POST /subscriptions",
    "phone POST /orders",
    "rental POST /orders",
    "taxi POST /orders",
];

/// The content type of live queries.
pub(super) const EVENT_STREAM: &str = "text/event-stream";

/// The conversations of a business that are read at its end: all of its story.
const CONVERSATIONS: u64 = 20;

/// A client that sends requests.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) name: String,
    token: Option<String>,
}

impl Caller {
    fn new(name: &str, roles: &[String]) -> Self {
        Self { name: format!("{name} {roles:?}"), token: Some(token(name, roles)) }
    }

    pub(super) fn anonymous() -> Self {
        Self { name: "anonymous".to_owned(), token: None }
    }

    /// Sends a request with this body, and returns the status and the body of the answer.
    pub(super) async fn ask(
        &self,
        (client, server): (&Client, &Server),
        (method, path, accept): (Method, &str, &str),
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut request = client.request(method, server.url(path)).header("Accept", accept);
        if let Some(body) = body {
            request = request.json(&body);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("it answers");
        let status = answer.status().as_u16();
        if accept == EVENT_STREAM && status == 200 {
            // The stream has no end.
            return (status, Value::Null);
        }
        (status, answer.json().await.unwrap_or_default())
    }

    async fn send(&self, client: &Client, server: &Server, path: &str, word: &Word) -> Heard {
        let method: Method = word.method().parse().expect("a method");
        let mut request = client.request(method, server.url(path));
        if !word.body().is_empty() {
            request = request.header("Content-Type", "application/json").body(word.body());
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.expect("it answers");
        let status = answer.status().as_u16();
        let lines = answer.headers().iter();
        let lines = lines.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or("")));
        let head = format!("\n{}\n", lines.collect::<Vec<_>>().join("\n")).to_lowercase();
        Heard { status, head, body: answer.text().await.expect("text") }
    }
}

/// The callers of one business: those who are right for some command, and those who never are.
pub(super) struct Cast {
    /// The customer of the story, then the staff of the business, one for each role.
    pub(super) right: Vec<Caller>,
    /// Another customer, and one with the roles of all other businesses and of operators.
    pub(super) wrong: Vec<Caller>,
}

impl Cast {
    fn of(business: &str) -> Self {
        let mut right = vec![Caller::new("kim", &[])];
        let (own, foreign): (Vec<_>, Vec<_>) = STAFF.iter().partition(|(of, _)| *of == business);
        for role in own.iter().flat_map(|(_, roles)| roles.iter()) {
            right.push(Caller::new("staff", &[format!("{business}/{role}")]));
        }
        let named = |(of, roles): &(&str, &[&str])| {
            roles.iter().map(|role| format!("{of}/{role}")).collect::<Vec<_>>()
        };
        let mut roles: Vec<_> = foreign.iter().flat_map(named).collect();
        roles.extend(["admin".to_owned(), format!("{business}/admin")]);
        Self { right, wrong: vec![Caller::new("lee", &[]), Caller::new("foreign", &roles)] }
    }
}

#[tokio::test]
async fn a_wrong_caller_changes_nothing_and_sees_nothing_of_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    fs::write(&secret, SECRET).expect("written");
    let config = folder.path().join("madang.toml");
    let identity = format!("[identity]\nsecret_file = {:?}\n{}", secret, phone::SETTINGS);
    fs::write(&config, identity).expect("written");
    let server = Server::start(&folder.path().join("data"), Some(&config));
    let client = client();
    for story in STORIES {
        let cast = Cast::of(story.business);
        for word in story.words {
            if word.method() == "GET" {
                read(&client, &server, story, &cast, word).await;
            } else {
                submit(&client, &server, story, &cast, word).await;
            }
        }
        nothing_is_recorded(&client, &server, story, &cast).await;
        strangers::see_nothing((&client, &server), story.business, &cast).await;
    }
    assert!(server.terminate().success());
}

/// Submits a command by all wrong callers, and then by the right one.
async fn submit(client: &Client, server: &Server, story: &Story, cast: &Cast, word: &Word) {
    let path = format!("/{}{}", story.business, word.path());
    let what = format!("{} {path} {}", word.method(), word.body());
    let place = format!("{} {} {}", story.business, word.method(), word.path());
    let is_open = OPEN_TO_CUSTOMERS.contains(&place.as_str());
    let anonymous = Caller::anonymous();
    let wrong = cast.wrong.iter().filter(|_| !is_open);
    for caller in wrong.chain([&anonymous]) {
        let heard = caller.send(client, server, &path, word).await;
        // The body is read first, because it decides which command it is.
        let is_refused = matches!(heard.status, 401 | 403 | 404 | 422);
        assert!(is_refused, "{what} by {}: {} {}", caller.name, heard.status, heard.body);
    }
    let mut answers = String::new();
    for caller in &cast.right {
        let heard = caller.send(client, server, &path, word).await;
        match word.check(&format!("/{}", story.business), &heard) {
            Ok(()) => return,
            Err(why) => answers = format!("{answers}\n{}: {why} {}", caller.name, heard.body),
        }
        assert!(matches!(heard.status, 403 | 404), "{what}{answers}");
    }
    panic!("{what} is permitted to no caller{answers}");
}

/// Reads by staff until the answer is as expected, and then by all callers that must not see it.
async fn read(client: &Client, server: &Server, story: &Story, cast: &Cast, word: &Word) {
    let path = format!("/{}{}", story.business, word.path());
    let staff = cast.right.last().expect("the staff");
    let begun = Instant::now();
    loop {
        let heard = staff.send(client, server, &path, word).await;
        match word.check(&format!("/{}", story.business), &heard) {
            Ok(()) => break,
            Err(why) => assert!(word.may_wait(begun), "GET {path}: {why} {}", heard.body),
        }
    }
    let heard = Caller::anonymous().send(client, server, &path, word).await;
    if word.check(&format!("/{}", story.business), &heard).is_ok() {
        // All clients may see it.
        return;
    }
    assert_eq!(heard.status, 401, "GET {path} without a token: {}", heard.body);
    for caller in &cast.wrong {
        let heard = caller.send(client, server, &path, word).await;
        let body: Value = serde_json::from_str(&heard.body).unwrap_or_default();
        let is_empty = heard.status == 200 && body["page"]["totalElements"] == 0;
        let sees_nothing = is_empty || matches!(heard.status, 403 | 404);
        assert!(sees_nothing, "GET {path} by {}: {} {}", caller.name, heard.status, heard.body);
    }
}

/// Checks that no record of the first conversations was submitted by a wrong caller.
async fn nothing_is_recorded(client: &Client, server: &Server, story: &Story, cast: &Cast) {
    let staff = cast.right.last().and_then(|staff| staff.token.as_deref()).expect("the staff");
    let mut submitted_by_kim = 0;
    for number in 1..=CONVERSATIONS {
        let path = format!("/{}/conversations/{number}?size=200", story.business);
        let answer = client.get(server.url(&path)).bearer_auth(staff).send().await;
        let page: Value = answer.expect("it answers").json().await.expect("json");
        let Some(records) = page["_embedded"]["records"].as_array() else { continue };
        for record in records {
            let subject = record["issuer"]["subject"].as_str();
            assert!(!matches!(subject, Some("lee" | "foreign")), "{path}: {record}");
            submitted_by_kim += usize::from(subject == Some("kim"));
        }
    }
    assert!(submitted_by_kim > 1, "the records of {} name the customer", story.business);
}
