//! Streams of the feed.

use super::{all, id, order, stream::Stream};
use crate::support::{client, inside::Running, process::Server};
use serde_json::Value;

#[tokio::test]
async fn a_stream_begins_now_and_has_every_event_from_then_on() {
    let (app, client) = (Running::start(|_| {}), client());
    order(&client, app.address, "Kim").await;
    let mut stream = Stream::open(&client, app.address, "/events?type=Called", None).await;
    order(&client, app.address, "Lee").await;
    order(&client, app.address, "Park").await;
    let events = stream.events(2).await;
    let names: Vec<_> = events.iter().map(|event| &event["data"]["customer"]["name"]).collect();
    assert_eq!(names, ["Lee", "Park"]);
}

#[tokio::test]
async fn a_stream_goes_on_after_the_event_that_was_seen_last() {
    let (app, client) = (Running::start(|_| {}), client());
    for name in ["Kim", "Lee", "Park"] {
        order(&client, app.address, name).await;
    }
    let paged = all(&client, app.address, "/events?aggregate=orders").await;
    let path = "/events?aggregate=orders&after=beginning";
    let mut stream = Stream::open(&client, app.address, path, None).await;
    assert_eq!(stream.events(paged.len()).await, paged, "the stream has what the pages have");
    for seen in 0..paged.len() {
        let last = Some(id(&paged[seen]));
        let mut stream = Stream::open(&client, app.address, path, last).await;
        assert_eq!(stream.events(paged.len() - seen - 1).await, paged[seen + 1..]);
    }
}

#[tokio::test]
async fn readers_beside_each_other_get_the_same_events_in_the_same_order() {
    let (app, client) = (Running::start(|_| {}), client());
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(Stream::open(&client, app.address, "/events?aggregate=orders", None).await);
    }
    for round in 0..10 {
        order(&client, app.address, &format!("customer {round}")).await;
    }
    let paged = all(&client, app.address, "/events?aggregate=orders").await;
    assert_eq!(paged.len(), 20);
    for stream in &mut streams {
        assert_eq!(stream.events(20).await, paged);
    }
}

#[tokio::test]
async fn a_stream_goes_on_where_it_was_when_the_server_was_killed() {
    let (data, client) = (tempfile::tempdir().unwrap(), client());
    let (mut seen, mut last): (Vec<Value>, Option<String>) = (Vec::new(), None);
    for round in 0..3 {
        let server = Server::start(data.path(), None);
        let address = server.url("").trim_start_matches("http://").parse().unwrap();
        let path = "/events?aggregate=orders&business=taxi&after=beginning";
        let mut stream = Stream::open(&client, address, path, last.as_deref()).await;
        order(&client, address, &format!("customer {round}")).await;
        // The rest of the events is read in the next round, from disk.
        seen.push(stream.event().await);
        last = seen.last().map(|event| id(event).to_owned());
        server.kill();
    }
    let server = Server::start(data.path(), None);
    let address = server.url("").trim_start_matches("http://").parse().unwrap();
    let paged = all(&client, address, "/events?aggregate=orders&business=taxi").await;
    assert_eq!(seen, paged[..3], "nothing is missing, and nothing comes twice");
}

#[tokio::test]
async fn a_stopping_server_ends_its_streams() {
    let (data, client) = (tempfile::tempdir().unwrap(), client());
    let app = Running::serve(data.path(), |_| {}, madang::shipped);
    let mut stream = Stream::open(&client, app.address, "/events", None).await;
    let stopped = tokio::task::spawn_blocking(move || drop(app));
    let end = stream.message().await.expect("a reason");
    assert_eq!((&*end.kind, &end.data["reason"]), ("end", &"the server stops".into()));
    assert_eq!(stream.message().await, None, "the stream ends as a whole");
    stopped.await.expect("the server stopped");
}

#[tokio::test]
async fn a_client_that_leaves_frees_its_place_and_does_not_disturb_others() {
    let (app, client) = (Running::start(|_| {}), client());
    let mut stays = Stream::open(&client, app.address, "/events?type=Called", None).await;
    for round in 0..50 {
        let leaves = Stream::open(&client, app.address, "/events", None).await;
        order(&client, app.address, &format!("customer {round}")).await;
        drop(leaves);
    }
    assert_eq!(stays.events(50).await.len(), 50);
}
