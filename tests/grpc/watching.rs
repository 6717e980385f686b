//! The stream of events.

use super::{
    Client, ORDER,
    callers::with_identity,
    event,
    messages::WatchRequest,
    order, start,
    support::{client, token::token_for},
};
use serde_json::Value;
use tonic::Code;

fn taxi() -> WatchRequest {
    WatchRequest { business: "taxi".to_owned(), ..WatchRequest::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_sees_the_events_of_the_feed_as_they_happen() {
    let app = start(|_| {});
    let client_of_grpc = Client::of(&app).await;
    let wanted = WatchRequest { resource: "orders".to_owned(), ..taxi() };
    let mut stream = client_of_grpc.watch(wanted, &[]).await.expect("a stream");
    client_of_grpc.execute(order(0, "call", ORDER), &[]).await.unwrap();
    let (position, called) = event(&mut stream).await;
    assert_eq!(
        (called["type"].as_str(), called["id"].as_str()),
        (Some("taxi.orders.Called"), Some(position.as_str()),)
    );
    let url = format!("http://{}/events?aggregate=orders&size=1", app.address);
    let page: Value = client().get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(page["events"][0], called, "it is the event of the feed over HTTP");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_goes_on_after_the_last_position_and_filters_by_name_and_number() {
    let app = start(|_| {});
    let client = Client::of(&app).await;
    for _ in 0..2 {
        client.execute(order(0, "call", ORDER), &[]).await.unwrap();
    }
    let from = |after: &str| WatchRequest {
        resource: "orders".to_owned(),
        types: vec!["Called".to_owned()],
        after: after.to_owned(),
        ..taxi()
    };
    let mut stream = client.watch(from("beginning"), &[]).await.unwrap();
    let (position, first) = event(&mut stream).await;
    assert_eq!(first["source"], "/taxi/orders/1");
    drop(stream);
    let mut stream = client.watch(from(&position), &[]).await.unwrap();
    assert_eq!(event(&mut stream).await.1["source"], "/taxi/orders/2");
    let second = WatchRequest { number: Some(2), ..from("beginning") };
    let mut stream = client.watch(second, &[]).await.unwrap();
    assert_eq!(event(&mut stream).await.1["source"], "/taxi/orders/2");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_filter_or_position_is_refused() {
    let app = start(|_| {});
    let client = Client::of(&app).await;
    let refused = [
        WatchRequest { business: "nowhere".to_owned(), ..taxi() },
        WatchRequest { resource: "nothing".to_owned(), ..taxi() },
        WatchRequest { after: "47295".to_owned(), ..taxi() },
        WatchRequest { after: madang::http::PositionToken(9_999).to_string(), ..taxi() },
        WatchRequest { types: vec!["a".to_owned(); 33], ..taxi() },
    ];
    for request in refused {
        let status = client.watch(request.clone(), &[]).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{request:?} {status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_of_the_server_ends_the_stream_with_the_reason() {
    let app = start(|_| {});
    let client = Client::of(&app).await;
    let mut stream = client.watch(taxi(), &[]).await.unwrap();
    drop(app);
    let end = stream.message().await.unwrap_err();
    assert_eq!(end.code(), Code::Unavailable, "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_token_that_opened_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let identity = with_identity(folder.path());
    let app = start(|config| {
        identity(config);
        config.identity.leeway_s = 0;
    });
    let client = Client::of(&app).await;
    let bearer = format!("Bearer {}", token_for(2, "kim", &["dispatcher".to_owned()]));
    let mut stream = client.watch(taxi(), &[("authorization", &bearer)]).await.expect("a stream");
    let end = loop {
        match stream.message().await {
            Ok(Some(_)) => {}
            end => break end.expect_err("it ends with a status"),
        }
    };
    assert_eq!(end.code(), Code::Unauthenticated);
    assert_eq!(end.message(), "the token has expired; go on with a new one");
}
