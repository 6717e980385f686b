//! Live queries: a read as a stream, which has the state at once and again whenever it changes.

use super::taxi::Taxi;
use crate::support::messages::{Message, Messages};
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// Asks for a live query, after the state with this position.
async fn ask(taxi: &Taxi, path: &str, last_seen: Option<&str>) -> Response {
    let request = taxi.request(Method::GET, path).header("Accept", "text/event-stream");
    let request = match last_seen {
        Some(id) => request.header("Last-Event-ID", id),
        None => request,
    };
    request.send().await.expect("it answers")
}

/// The next state.
async fn state(messages: &mut Messages) -> Value {
    let message = messages.next().await.expect("the stream is open");
    assert_eq!(message.kind, "", "{message:?}");
    message.data
}

/// Opens a live query and returns it with its first state.
async fn opened(taxi: &Taxi, path: &str) -> (Messages, Value) {
    let mut messages = Messages::of(ask(taxi, path, None).await);
    let first = state(&mut messages).await;
    (messages, first)
}

/// Reads states until one satisfies a condition.
async fn until(messages: &mut Messages, is_there: impl Fn(&Value) -> bool) -> Value {
    loop {
        let state = state(messages).await;
        if is_there(&state) {
            return state;
        }
    }
}

#[tokio::test]
async fn a_representation_comes_at_once_and_again_when_it_changes() {
    let taxi = Taxi::start(|_| {});
    let path = format!("/taxi/orders/{}", taxi.order("Kim").await);
    let (mut messages, first) = opened(&taxi, &path).await;
    assert_eq!(first, taxi.get(&path).await.body, "it is what the same read shows");
    taxi.cancel(1).await;
    let cancelled = until(&mut messages, |state| state["status"] == "Cancelled").await;
    assert_eq!(cancelled["id"], 1);
}

#[tokio::test]
async fn a_row_and_a_page_of_a_view_come_again_when_the_view_has_moved_on() {
    let taxi = Taxi::start(|_| {});
    let number = taxi.order("Kim").await;
    let row = format!("/taxi/mypages/{number}");
    let position = taxi.cancel(number).await.header("x-madang-position").to_owned();
    let (mut of_row, first) = opened(&taxi, &format!("{row}?at-least={position}")).await;
    assert_eq!(first["status"], "Cancelled", "the first state waits for the position");
    let (mut of_page, first) = opened(&taxi, "/taxi/mypages?name=Lee").await;
    assert_eq!(first["page"]["totalElements"], 0);
    taxi.order("Lee").await;
    let page = until(&mut of_page, |page| page["page"]["totalElements"] == 1).await;
    assert_eq!(page["_embedded"]["mypages"][0]["name"], "Lee");
    drop(of_page);
    let (mut of_page, _) = opened(&taxi, "/taxi/mypages?name=Park").await;
    taxi.order("Park").await;
    until(&mut of_page, |page| page["page"]["totalElements"] == 1).await;
    let stopped = tokio::task::spawn_blocking(move || drop(taxi));
    let end = of_row.next().await.expect("a reason");
    assert_eq!(end.kind, "end", "nothing came before for a row that did not change");
    stopped.await.expect("the server stopped");
}

#[tokio::test]
async fn a_state_is_sent_once_and_many_streams_get_the_same_last_one() {
    let taxi = Taxi::start(|_| {});
    let path = format!("/taxi/orders/{}", taxi.order("Kim").await);
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(opened(&taxi, &path).await);
    }
    let cancelled = taxi.cancel(1).await;
    let last = until(&mut streams[0].0, |state| state["status"] == "Cancelled").await;
    for (messages, first) in &mut streams[1..] {
        let mut before = first.clone();
        while before != last {
            let newer = state(messages).await;
            assert_ne!(newer, before, "each state differs from the one before");
            before = newer;
        }
    }
    assert_eq!(last["status"], cancelled.body["status"]);
}

#[tokio::test]
async fn a_client_that_comes_back_gets_the_state_only_if_it_has_changed() {
    let taxi = Taxi::start(|_| {});
    let path = format!("/taxi/orders/{}", taxi.order("Kim").await);
    let mut messages = Messages::of(ask(&taxi, &path, None).await);
    let first = messages.next().await.expect("a state");
    taxi.order("Lee").await;
    let mut again = Messages::of(ask(&taxi, &path, Some(&first.id)).await);
    let opened = again.next().await.expect("a sign of life");
    assert_eq!(opened.data, Value::Null, "another order is no change of this one");
    taxi.cancel(1).await;
    until(&mut again, |state| state["status"] == "Cancelled").await;
    let mut late = Messages::of(ask(&taxi, &path, Some(&first.id)).await);
    assert_eq!(state(&mut late).await["status"], "Cancelled");
    for stale in ["x", "0p", "41"] {
        let refused = ask(&taxi, &path, Some(stale)).await;
        assert_eq!(refused.status(), 400, "{stale}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_a_problem_and_what_never_changes_is_no_stream() {
    let taxi = Taxi::start(|_| {});
    let path = format!("/taxi/orders/{}", taxi.order("Kim").await);
    for (path, status) in [
        ("/taxi/orders/77", 404),
        ("/taxi/mypages/77", 404),
        ("/taxi/mypages?colour=red", 400),
        ("/taxi/mypages?page=x", 400),
    ] {
        assert_eq!(ask(&taxi, path, None).await.status(), status, "{path}");
    }
    let past = format!("{path}?at=1");
    let history = format!("{path}/history");
    for path in [past.as_str(), &history, "/taxi/mypages/search"] {
        let answer = ask(&taxi, path, None).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_ne!(answer.headers()["content-type"], "text/event-stream", "{path}");
    }
    let head = taxi.request(Method::HEAD, &path).header("Accept", "text/event-stream");
    let head = head.send().await.expect("it answers");
    assert_ne!(head.headers()["content-type"], "text/event-stream");
}

#[tokio::test]
async fn customers_get_live_what_is_theirs() {
    let server = Taxi::guarded();
    let (kim, lee) = (server.of("kim", &[]), server.of("lee", &[]));
    let number = kim.order("Kim").await;
    for path in [format!("/taxi/orders/{number}"), format!("/taxi/mypages/{number}")] {
        assert_eq!(ask(&server, &path, None).await.status(), 401, "{path}");
        assert_eq!(ask(&lee, &path, None).await.status(), 404, "{path}");
    }
    let (mut of_lee, first) = opened(&lee, "/taxi/mypages").await;
    assert_eq!(first["page"]["totalElements"], 0);
    let (mut of_kim, _) = opened(&kim, "/taxi/mypages").await;
    kim.order("Kim again").await;
    until(&mut of_kim, |page| page["page"]["totalElements"] == 2).await;
    lee.order("Lee").await;
    let page = until(&mut of_lee, |page| page["page"]["totalElements"] != json!(0)).await;
    assert_eq!(page["_embedded"]["mypages"][0]["name"], "Lee", "nothing of Kim: {page}");
}

#[tokio::test]
async fn a_stopping_server_ends_its_streams_with_the_reason() {
    let taxi = Taxi::start(|_| {});
    let path = format!("/taxi/orders/{}", taxi.order("Kim").await);
    let (mut messages, _) = opened(&taxi, &path).await;
    let stopped = tokio::task::spawn_blocking(move || drop(taxi));
    let end = messages.next().await.expect("a reason");
    let reason = json!({ "reason": "the server stops" });
    assert_eq!(end, Message { kind: "end".to_owned(), data: reason, ..Message::default() });
    assert_eq!(messages.next().await, None, "the stream ends as a whole");
    stopped.await.expect("the server stopped");
}
