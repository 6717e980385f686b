//! The numbers of aggregates: those that the server assigns, and those that clients and sagas choose.

mod hotel;

use hotel::{Desk, clean, install, named, submit};
use madang::actors::{Caller, Installation, Outcome, Reply, Runtime, Settings};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{collections::HashMap, path::Path, sync::Arc};
use tokio::task::JoinSet;

const LAST: u64 = 1_000_000_000_000_000;

#[tokio::test]
async fn a_new_aggregate_never_gets_a_number_that_a_client_chose() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path());
    assert_eq!(desk.put(3, named("three")).await.status, StatusCode::CREATED);
    let numbers = [desk.creates(named("a")).await, desk.creates(named("b")).await];
    assert_eq!(numbers, [4, 5]);
    assert_eq!(desk.put(2, named("two")).await.status, StatusCode::CREATED);
    assert_eq!(desk.creates(named("c")).await, 6);
    assert_eq!(desk.get(3).await.body["name"], "three");
    drop(desk);
    let desk = Desk::open(folder.path());
    assert_eq!(desk.creates(named("d")).await, 7, "numbers go on after the last one");
}

#[tokio::test]
async fn a_new_aggregate_never_gets_a_number_that_a_saga_chose() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path());
    let first = json!({"name": "first", "copied_to": 2, "cleaned": 9});
    assert_eq!(desk.creates(first).await, 1);
    desk.copied(2).await;
    assert_eq!(desk.creates(named("second")).await, 3);
    assert_eq!(desk.get(9).await.status, StatusCode::NOT_FOUND, "it was refused there");
    assert_eq!(desk.put(8, named("eighth")).await.status, StatusCode::CREATED);
    let ninth = desk.post(named("ninth")).await;
    assert_eq!((ninth.status, &ninth.body["id"]), (StatusCode::CREATED, &json!(9)));
    assert_eq!(desk.get(9).await.body["name"], "ninth");
}

#[tokio::test]
async fn a_put_that_creates_says_where_and_the_next_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path());
    let created = desk.put(101, named("suite")).await;
    assert_eq!(created.status, StatusCode::CREATED);
    assert_eq!(created.location.as_deref(), Some("/hotel/rooms/101"));
    let repeated = desk.put(101, named("suite")).await;
    assert_eq!((repeated.status, repeated.location), (StatusCode::OK, None));
    let cleaned = desk.send(reqwest::Method::POST, "/101/clean", "", json!({})).await;
    assert_eq!((cleaned.status, cleaned.location), (StatusCode::OK, None));
    // A command that was refused there before is no first event.
    desk.creates(json!({"name": "other", "copied_to": 200, "cleaned": 300})).await;
    desk.copied(200).await;
    assert_eq!(desk.put(300, named("refused before")).await.status, StatusCode::CREATED);
    assert_eq!(desk.put(200, named("copy")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_retry_of_a_put_that_created_gets_the_same_answer() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path());
    let put = || desk.send(reqwest::Method::PUT, "/7", "key", named("seven"));
    let first = put().await;
    assert_eq!(first.status, StatusCode::CREATED);
    assert_eq!(put().await, first);
    assert_eq!(desk.put(7, named("seven")).await.status, StatusCode::OK);
    drop(desk);
    let desk = Desk::open(folder.path());
    let retried = desk.send(reqwest::Method::PUT, "/7", "key", named("seven")).await;
    assert_eq!(retried, first);
}

#[tokio::test]
async fn a_client_cannot_create_an_aggregate_under_an_invalid_number() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path());
    for number in [0, LAST + 1, u64::MAX] {
        let refused = desk.put(number, named("far")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{number}");
        let reason = "the number of a new hotel/rooms must be from 1 to 1000000000000000";
        assert_eq!(refused.body["detail"], reason);
        let path = format!("/{number}");
        let keyed = desk.send(reqwest::Method::PUT, &path, "far", named("far")).await;
        assert_eq!(keyed.body["detail"], reason);
        assert_eq!(desk.get(number).await.status, StatusCode::NOT_FOUND);
        let clean = format!("/{number}/clean");
        let unknown = desk.send(reqwest::Method::POST, &clean, "", json!({})).await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(desk.creates(named("near")).await, 1);
    drop(desk);
    assert_eq!(Desk::open(folder.path()).creates(named("next")).await, 2);
}

#[tokio::test]
async fn a_store_with_the_greatest_of_all_numbers_starts_and_assigns_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(folder.path());
    assert_eq!(desk.creates(json!({"name": "first", "copied_to": u64::MAX})).await, 1);
    desk.copied(u64::MAX).await;
    assert_eq!(desk.creates(named("second")).await, 2);
    drop(desk);
    let desk = Desk::open(folder.path());
    assert_eq!(desk.creates(named("third")).await, 3);
    assert_eq!(desk.get(u64::MAX).await.body["name"], "copy");
    assert_eq!(desk.put(u64::MAX, named("copy")).await.status, StatusCode::OK, "it exists");
    let refused = desk.put(u64::MAX - 1, named("far")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    drop(desk);
    let settings = Settings { data: folder.path().to_owned(), ..Settings::default() };
    let findings = Installation::audit(settings, install, &mut |_, _, _| {}).unwrap();
    assert_eq!(findings.flaws, Vec::<String>::new());
}

#[tokio::test]
async fn a_post_is_refused_once_the_numbers_are_used_up() {
    let folder = tempfile::tempdir().unwrap();
    for status in [StatusCode::CREATED, StatusCode::OK] {
        let desk = Desk::open(folder.path());
        assert_eq!(desk.put(LAST, named("last")).await.status, status);
        let refused = desk.post(named("one more")).await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        let reason = "the numbers of hotel/rooms are used up: the last one is 1000000000000000";
        assert_eq!(refused.body["detail"], reason);
        assert_eq!(desk.put(5, named("five")).await.body["id"], 5);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_choose_numbers_and_clients_that_do_not_never_share_one() {
    const CLIENTS: u64 = 200;
    let folder = tempfile::tempdir().unwrap();
    let desk = Arc::new(Desk::open(folder.path()));
    let mut answers = JoinSet::new();
    for nth in 1..=CLIENTS {
        let (one, other) = (desk.clone(), desk.clone());
        answers.spawn(async move {
            let answer = one.put(nth, named(format!("put {nth}"))).await;
            (format!("put {nth}"), answer)
        });
        answers.spawn(async move {
            let key = if nth % 2 == 0 { format!("post-{nth}") } else { String::new() };
            let body = named(format!("post {nth}"));
            let answer = other.send(reqwest::Method::POST, "", &key, body.clone()).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
            if !key.is_empty() {
                let retried = other.send(reqwest::Method::POST, "", &key, body).await;
                assert_eq!(retried, answer);
            }
            (format!("post {nth}"), answer)
        });
    }
    let mut names = HashMap::new();
    while let Some(answer) = answers.join_next().await {
        let (name, answer) = answer.unwrap();
        if answer.status == StatusCode::CREATED {
            let number = answer.body["id"].as_u64().unwrap();
            assert_eq!(answer.location, Some(format!("/hotel/rooms/{number}")));
            assert_eq!(names.insert(number, name), None, "{number} was created twice");
        } else {
            assert_eq!(answer.status, StatusCode::CONFLICT, "{answer:?}");
        }
    }
    for (number, name) in names {
        assert_eq!(desk.get(number).await.body["name"], name);
    }
}

#[test]
fn a_post_goes_on_to_the_next_number_when_a_put_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    actix::System::new().block_on(async {
        let runtime = start(folder.path());
        // Both commands leave this thread in one batch.
        for number in [1, 3, 5] {
            let put = submit(&runtime, Some(number), None, named("put"));
            let (put, post) = tokio::join!(put, submit(&runtime, None, None, named("post")));
            assert_eq!((put.number, post.number), (number, number + 1));
            assert_eq!([put.outcome, post.outcome], [Outcome::Created, Outcome::Created]);
            assert_eq!((name(&put), name(&post)), (json!("put"), json!("post")));
        }
        runtime.stop().await;
    });
}

#[test]
fn a_retry_of_a_put_that_created_is_told_so_when_the_first_client_was_told_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let build = json!({"name": "new", "is_built_first": true});
    actix::System::new().block_on(async {
        let runtime = start(folder.path());
        for number in [1, 2] {
            tokio::select! {
                _ = submit(&runtime, Some(number), Some(number), build.clone()) => panic!("built"),
                () = exists(&runtime, number) => {}
            }
        }
        runtime.stop().await;
        let runtime = start(folder.path());
        let retried = submit(&runtime, Some(1), Some(1), build.clone());
        let (retried, _) = tokio::join!(retried, clean(&runtime, 1));
        assert_eq!((retried.outcome, retried.number), (Outcome::Created, 1), "it waited again");
        clean(&runtime, 2).await;
        let retried = submit(&runtime, Some(2), Some(2), build.clone()).await;
        assert_eq!((retried.outcome, retried.number), (Outcome::Created, 2), "it was built");
        runtime.stop().await;
    });
}

fn start(folder: &Path) -> Runtime {
    let settings = Settings { data: folder.join("data"), ..Settings::default() };
    Runtime::start(settings, install).unwrap()
}

fn name(reply: &Reply) -> Value {
    serde_json::from_slice::<Value>(&reply.body).unwrap()["name"].clone()
}

async fn exists(runtime: &Runtime, number: u64) {
    while runtime.show(0, number, &Caller::Trusted).await.is_err() {
        tokio::task::yield_now().await;
    }
}
