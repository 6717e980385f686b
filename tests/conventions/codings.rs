//! Compressed answers.

use crate::{Taxi, header, sent};
use flate2::read::GzDecoder;
use reqwest::StatusCode;
use std::io::Read as _;

#[tokio::test]
async fn a_large_answer_is_compressed_as_the_client_accepts_it() {
    let taxi = Taxi::start(|_| ());
    let plain = taxi.get("/taxi").await;
    assert_eq!(header(&plain, "content-encoding"), None);
    assert_eq!(header(&plain, "vary"), Some("Accept, Accept-Encoding"));
    let plain = plain.bytes().await.expect("a body");
    for name in ["gzip", "br", "zstd"] {
        let coded = sent(taxi.request("GET", "/taxi").header("Accept-Encoding", name)).await;
        assert_eq!(header(&coded, "content-encoding"), Some(name));
        let length = header(&coded, "content-length").expect("a length").to_owned();
        let coded = coded.bytes().await.expect("a body");
        assert_eq!(length, coded.len().to_string(), "{name}");
        assert!(coded.len() < plain.len() / 2, "{name}: {} bytes", coded.len());
        if name == "gzip" {
            let mut read = Vec::new();
            GzDecoder::new(&coded[..]).read_to_end(&mut read).expect("gzip");
            assert_eq!(read, plain);
        }
    }
    let head = sent(taxi.request("HEAD", "/taxi").header("Accept-Encoding", "gzip")).await;
    assert_eq!(header(&head, "content-encoding"), Some("gzip"));
}

#[tokio::test]
async fn a_small_answer_and_a_stream_are_sent_as_they_are() {
    let taxi = Taxi::start(|_| ());
    let order = sent(taxi.order().header("Accept-Encoding", "gzip")).await;
    assert_eq!((order.status(), header(&order, "content-encoding")), (StatusCode::CREATED, None));
    let stream = taxi.request("GET", "/events").header("Accept", "text/event-stream");
    let stream = sent(stream.header("Accept-Encoding", "gzip")).await;
    assert_eq!(header(&stream, "content-encoding"), None);
}

#[tokio::test]
async fn the_tag_of_a_compressed_representation_names_its_version() {
    let taxi = Taxi::start(|_| ());
    sent(taxi.order()).await;
    let known = taxi.request("GET", "/taxi/orders/1").header("If-None-Match", "\"2-gzip\"");
    assert_eq!(sent(known).await.status(), StatusCode::NOT_MODIFIED);
    let cancel = taxi.request("POST", "/taxi/orders/1/cancel").header("If-Match", "\"1-gzip\"");
    assert_eq!(sent(cancel).await.status(), StatusCode::PRECONDITION_FAILED);
    let cancel = taxi.request("POST", "/taxi/orders/1/cancel").header("If-Match", "\"2-gzip\"");
    assert_eq!(sent(cancel).await.status(), StatusCode::OK);
}
