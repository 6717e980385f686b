//! A person is erased: nothing of it is found in the data folder or in a backup that was made
//! before, everything else stays, and both verify.

use crate::{
    support::{
        client,
        process::{Server, assert_verified},
        token::{SECRET, token},
    },
    tools::{back_up, back_up_files, done, keys_beside, refused, restore, shown, stopped},
};
use reqwest::Client;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A customer, with values that occur nowhere else.
struct Customer {
    name: &'static str,
    phone: &'static str,
    card: &'static str,
}

const JUNG: Customer = Customer { name: "Jungholzer", phone: "0199987", card: "383824245656" };

const KIM: Customer = Customer { name: "Kimberling", phone: "0155543", card: "411122223333" };

impl Customer {
    fn texts(&self) -> [&'static str; 3] {
        [self.name, self.phone, self.card]
    }

    /// Calls a taxi; returns the number of the order.
    async fn calls(&self, (client, server): (&Client, &Server), key: &str) -> (u64, Value) {
        let Self { name, phone, card } = self;
        let body = json!({ "orderType": "basic", "name": name, "phone": phone, "cardNo": card });
        let request = client.post(server.url("/taxi/orders")).header("Idempotency-Key", key);
        let answer = request.json(&body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
        let body: Value = answer.json().await.expect("json");
        (body["id"].as_u64().expect("a number"), body)
    }
}

async fn shown_at((client, server): (&Client, &Server), path: &str) -> Value {
    let answer = client.get(server.url(path)).send().await.expect("an answer");
    answer.json().await.expect("json")
}

/// Waits until a view has rows for this order that meet the condition, and returns the answer.
async fn rows(at: (&Client, &Server), path: &str, is_there: impl Fn(&str) -> bool) -> String {
    loop {
        let answer = shown_at(at, path).await.to_string();
        if is_there(&answer) {
            return answer;
        }
        tokio::task::yield_now().await;
    }
}

/// The files below a folder that have this text in their bytes.
fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if path.is_file() {
            let bytes = fs::read(&path).expect("a file");
            if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
                found.push(path);
            }
        }
    }
    found
}

#[track_caller]
fn assert_nothing_of(customer: &Customer, folders: &[&Path]) {
    for text in customer.texts() {
        for folder in folders {
            assert_eq!(files_with(folder, text), Vec::<PathBuf>::new(), "{text}");
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erased_person_is_found_in_no_file_of_the_data_and_of_a_backup_that_was_made_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (data, backup, new) = (path("data"), path("backup"), path("new"));
    let config = path("madang.toml");
    fs::write(&config, "[actors]\nsnapshot_every_events = 2\n").unwrap();
    let server = Server::start(&data, Some(&config));
    let client = client();
    let at = (&client, &server);
    let (jung, _) = JUNG.calls(at, "jung").await;
    let (kim, first) = KIM.calls(at, "kim").await;
    let messages = |order: u64| format!("/taxi/messages?orderId={order}");
    for (order, customer) in [(jung, &JUNG), (kim, &KIM)] {
        rows(at, &messages(order), |rows| rows.matches(customer.phone).count() >= 2).await;
        rows(at, &format!("/taxi/mypages/{order}"), |row| row.contains(customer.name)).await;
    }
    tokio::task::block_in_place(|| back_up(&server, &data, &backup));
    stopped(server, &data);

    // Only the views hold what they show.
    for text in JUNG.texts().iter().chain(&KIM.texts()) {
        assert_eq!(files_with(&backup, text), Vec::<PathBuf>::new(), "{text}");
        let others = files_with(&data, text).into_iter();
        let others: Vec<_> = others.filter(|file| !file.starts_with(data.join("views"))).collect();
        assert_eq!(others, Vec::<PathBuf>::new(), "{text}");
    }
    let number = format!("taxi/{jung}");
    let erase = ["erase", "--number", &number, "--data", shown(&data)];
    assert!(refused(&erase).contains("nothing is changed"));
    assert!(!files_with(&data, JUNG.name).is_empty(), "it is still in the views");
    let said = done(&[&erase[..], &["--yes"]].concat());
    assert!(said.contains("erased: 1 number of taxi"), "{said}");
    assert_nothing_of(&JUNG, &[&data, &backup]);
    assert_verified(&data);

    // The next run brings the copy of the keys up to date.
    let keys = keys_beside(&backup);
    done(&["backup", shown(&path("next")), "--keys", shown(&keys), "--data", shown(&data)]);
    restore(&backup, &new);
    for data in [&data, &new] {
        let server = Server::start(data, Some(&config));
        let at = (&client, &server);
        let order = shown_at(at, &format!("/taxi/orders/{jung}")).await;
        for field in ["name", "phone", "cardNo"] {
            assert_eq!(order[field], "[erased]", "{order}");
        }
        let page = rows(at, &format!("/taxi/mypages/{jung}"), |row| row.contains("status")).await;
        assert!(page.contains("[erased]") && !page.contains(JUNG.name), "{page}");
        let told = rows(at, &messages(jung), |rows| rows.contains("orderId")).await;
        assert!(told.contains("[erased]") && !told.contains(JUNG.phone), "{told}");
        let history = shown_at(at, &format!("/taxi/conversations/{jung}")).await.to_string();
        assert!(!history.contains(JUNG.name) && !history.contains("** 5656"), "{history}");
        // A retry gets what there is, and the other customer her first answer.
        let (again, answer) = JUNG.calls(at, "jung").await;
        assert_eq!((again, &answer["name"]), (jung, &json!("[erased]")));
        assert_eq!(KIM.calls(at, "kim").await, (kim, first.clone()));
        let page = rows(at, &format!("/taxi/mypages/{kim}"), |row| row.contains("status")).await;
        assert!(page.contains(KIM.name), "{page}");
        stopped(server, data);
        for text in [JUNG.name, JUNG.phone] {
            assert_eq!(files_with(data, text), Vec::<PathBuf>::new(), "{text}");
        }
    }
    let said = done(&[&erase[..], &["--yes"]].concat());
    assert!(said.contains("erased before") && said.contains("nothing to erase"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_whose_keys_are_lost_is_served_only_once_they_are_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (data, backup, new) = (path("data"), path("backup"), path("new"));
    let server = Server::start(&data, None);
    let client = client();
    let (jung, _) = JUNG.calls((&client, &server), "jung").await;
    stopped(server, &data);
    back_up_files(&data, &backup);
    done(&["restore", shown(&backup), "--data", shown(&new)]);
    let serve = ["serve", "--data", shown(&new), "--listen", "127.0.0.1:0"];
    let (verify, file) = (["verify", "--data", shown(&new)], path("export"));
    let export = ["export", shown(&file), "--data", shown(&new)];
    for command in [&serve[..], &verify, &export] {
        let said = refused(command);
        assert!(said.contains("the keys of personal texts"), "{said}");
    }
    let give_up = ["erase", "--lost-keys", "--data", shown(&new)];
    assert!(refused(&give_up).contains("nothing is changed"));
    done(&[&give_up[..], &["--yes"]].concat());
    assert_verified(&new);
    let server = Server::start(&new, None);
    let order = shown_at((&client, &server), &format!("/taxi/orders/{jung}")).await;
    assert_eq!(order["name"], "[erased]", "{order}");
    // What is new is encrypted with new keys.
    let (_, order) = KIM.calls((&client, &server), "kim").await;
    assert_eq!(order["name"], KIM.name);
    stopped(server, &new);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_erased_with_all_orders_and_no_other_customer_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (data, config) = (path("data"), path("madang.toml"));
    fs::write(path("secret"), SECRET).unwrap();
    let identity = format!("[identity]\nsecret_file = {:?}\n", shown(&path("secret")));
    fs::write(&config, identity).unwrap();
    let server = Server::start(&data, Some(&config));
    let of = |subject: &str| {
        // It chooses the TLS provider.
        drop(client());
        let mut headers = reqwest::header::HeaderMap::new();
        let bearer = format!("Bearer {}", token(subject, &[]));
        headers.insert("authorization", bearer.parse().expect("a header"));
        Client::builder().default_headers(headers).build().expect("a client")
    };
    let (as_jung, as_kim) = (of("subject-of-jung"), of("subject-of-kim"));
    let mut orders = Vec::new();
    for key in ["a", "b"] {
        orders.push(JUNG.calls((&as_jung, &server), key).await.0);
    }
    let (kim, _) = KIM.calls((&as_kim, &server), "c").await;
    let erase = ["erase", "--customer", "subject-of-jung", "--yes", "--data", shown(&data)];
    stopped(server, &data);
    let said = done(&erase);
    assert!(said.contains("erased: 2 numbers of taxi"), "{said}");
    assert_nothing_of(&JUNG, &[&data]);
    assert_verified(&data);

    let server = Server::start(&data, Some(&config));
    for order in &orders {
        let order = shown_at((&as_jung, &server), &format!("/taxi/orders/{order}")).await;
        assert_eq!(order["name"], "[erased]");
    }
    let order = shown_at((&as_kim, &server), &format!("/taxi/orders/{kim}")).await;
    assert_eq!(order["name"], KIM.name);
    // A customer who comes back gets new keys for what is new.
    let (new, answer) = JUNG.calls((&as_jung, &server), "d").await;
    assert!(!orders.contains(&new) && answer["name"] == JUNG.name, "{answer}");
    stopped(server, &data);
    assert!(done(&["erase", "--customer", "unknown", "--data", shown(&data)]).contains("nothing"));
    assert!(refused(&["erase", "--number", "shop/1", "--data", shown(&data)]).contains("shop"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_erases_a_person_from_what_it_has_in_memory_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, None);
    let client = client();
    let at = (&client, &server);
    let (jung, _) = JUNG.calls(at, "jung").await;
    let (kim, _) = KIM.calls(at, "kim").await;
    let (page, messages) =
        (format!("/taxi/mypages/{jung}"), format!("/taxi/messages?orderId={jung}"));
    rows(at, &page, |row| row.contains(JUNG.name)).await;
    rows(at, &messages, |rows| rows.matches(JUNG.phone).count() >= 2).await;
    let (number, url) = (format!("taxi/{jung}"), server.url(""));
    let erase = ["erase", "--number", &number, "--data", shown(&data), "--url", &url];
    let said = tokio::task::block_in_place(|| refused(&erase));
    assert!(said.contains("to be erased: 1 number of taxi"), "{said}");
    let said = tokio::task::block_in_place(|| done(&[&erase[..], &["--yes"]].concat()));
    assert!(said.contains("erased: 1 number of taxi"), "{said}");

    let order = shown_at(at, &format!("/taxi/orders/{jung}")).await;
    assert_eq!((&order["name"], &order["cardNo"]), (&json!("[erased]"), &json!("[erased]")));
    rows(at, &page, |row| row.contains("[erased]")).await;
    rows(at, &messages, |rows| rows.contains("[erased]")).await;
    let events =
        client.get(server.url("/events?business=taxi&size=200")).send().await.expect("an answer");
    let events = events.text().await.expect("text");
    assert!(!events.contains(JUNG.name) && events.contains(KIM.name), "{events}");
    let order = shown_at(at, &format!("/taxi/orders/{kim}")).await;
    assert_eq!(order["name"], KIM.name);
    // What happens to the order afterwards shows nothing of the person either.
    let cancel = client.post(server.url(&format!("/taxi/orders/{jung}/cancel")));
    assert!(cancel.json(&json!({})).send().await.expect("an answer").status().is_success());
    rows(at, &page, |row| row.contains("Cancelled")).await;
    stopped(server, &data);
    assert_nothing_of(&JUNG, &[&data]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_is_interrupted_is_finished_by_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, None);
    let client = client();
    let (jung, _) = JUNG.calls((&client, &server), "jung").await;
    let page = format!("/taxi/mypages/{jung}");
    rows((&client, &server), &page, |row| row.contains(JUNG.name)).await;
    stopped(server, &data);
    let views = folder.path().join("views");
    copy(&data.join("views"), &views);
    done(&["erase", "--number", &format!("taxi/{jung}"), "--data", shown(&data), "--yes"]);
    // The process ended after the keys were destroyed.
    copy(&views, &data.join("views"));
    fs::write(data.join("views").join("taxi.mypages.sqlite.damaged"), JUNG.name).unwrap();
    fs::write(data.join("persons").join("views-to-remove"), "").unwrap();
    let server = Server::start(&data, None);
    rows((&client, &server), &page, |row| row.contains("[erased]")).await;
    stopped(server, &data);
    assert_nothing_of(&JUNG, &[&data]);
}

#[tokio::test]
async fn a_request_that_names_no_person_erases_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (client, server) = (client(), Server::start(folder.path(), None));
    let (number, _) = JUNG.calls((&client, &server), "one").await;
    for body in [
        json!({}),
        json!({ "customer": "" }),
        json!({ "customer": "kim", "number": null }),
        json!({ "customer": "kim", "number": "taxi/1" }),
        json!({ "number": "taxi" }),
        json!(["kim"]),
    ] {
        let request = client.post(server.url("/admin/erasures")).json(&body);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 422, "{body}: {:?}", answer.text().await);
    }
    let order = shown_at((&client, &server), &format!("/taxi/orders/{number}")).await;
    assert_eq!(order["name"], JUNG.name, "{order}");
    assert!(server.terminate().success());
}
