//! Clients of HTTP/2 that open too much, take nothing, or never finish: each has a bound, and others
//! are served meanwhile.

use super::{
    client,
    raw::{
        ACCEPT, ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GET, HEADERS, PING, RESET, Raw,
        head,
    },
};
use crate::support::inside::Running;
use std::time::{Duration, Instant};

/// The codes of RFC 9113, 7.
const NO_ERROR: u32 = 0;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

/// The window that a client has when it says nothing.
const USUAL: u32 = 65_535;

fn feed() -> Vec<u8> {
    head(GET, "/events", &[(ACCEPT, "text/event-stream")])
}

/// A client of its own gets an answer.
async fn assert_serving(running: &Running) {
    let mut other = client::plain(running.address).await;
    assert_eq!(other.get("/taxi/orders").await.status, 200);
}

#[tokio::test]
async fn further_streams_are_refused_and_the_open_ones_go_on() {
    let running = Running::start(|_| ());
    let mut raw = Raw::open(running.address, USUAL);
    for number in 0..101 {
        assert!(raw.ask(number * 2 + 1, &feed()));
    }
    let refused = raw.wait_for(RESET);
    assert_eq!((refused.stream, refused.code()), (201, REFUSED_STREAM));
    raw.send(RESET, 0, 1, &CANCEL.to_be_bytes());
    raw.send(PING, 0, 0, &[0; 8]);
    while raw.wait_for(PING).flags != ACK {}
    assert!(raw.ask(203, &head(GET, "/", &[])));
    while raw.wait_for(DATA).stream != 203 {}
    assert_serving(&running).await;
}

#[tokio::test]
async fn a_client_that_resets_what_it_asks_is_disconnected() {
    let running = Running::start(|_| ());
    for at_once in [1, 10, 40] {
        let mut raw = Raw::open(running.address, USUAL);
        let since = Instant::now();
        let mut next = 1;
        // Each group waits for a sign of life, so that the requests have begun.
        let is_open = |raw: &mut Raw, next: &mut u32| {
            let first = *next;
            for number in 0..at_once {
                let wait = head(GET, "/taxi/mypages/1?at-least=AAAAAAAAAAE", &[]);
                if !raw.ask(first + number * 2, &wait) {
                    return false;
                }
            }
            for number in 0..at_once {
                let stream = first + number * 2;
                if !raw.try_send(RESET, 0, stream, &CANCEL.to_be_bytes()) {
                    return false;
                }
            }
            *next = first + at_once * 2;
            raw.try_send(PING, 0, 0, &[0; 8])
        };
        while is_open(&mut raw, &mut next) {
            assert!(since.elapsed() < Duration::from_secs(30), "{at_once} at once: still open");
        }
        let code = raw.end_if_told();
        assert!(matches!(code, None | Some(ENHANCE_YOUR_CALM)), "{code:?}");
    }
    assert_serving(&running).await;
}

#[tokio::test]
async fn an_answer_that_is_not_taken_ends_and_the_connection_stays() {
    let running = Running::start(|config| config.http.write_timeout_ms = 300);
    let mut raw = Raw::open(running.address, 0);
    assert!(raw.ask(1, &head(GET, "/", &[])) && raw.ask(3, &feed()));
    for _ in 0..2 {
        assert_eq!(raw.wait_for(RESET).code(), CANCEL);
    }
    // An answer without a body needs no window.
    assert!(raw.ask(5, &head(GET, "/taxi/orders", &[(35, "*/*")])));
    assert_eq!(raw.wait_for(HEADERS).stream, 5);
    assert_serving(&running).await;
}

#[tokio::test]
async fn a_head_that_never_ends_ends_the_connection() {
    let running = Running::start(|config| config.http.head_timeout_ms = 300);
    let mut raw = Raw::open(running.address, USUAL);
    // A stream in progress does not protect the connection.
    assert!(raw.ask(1, &feed()));
    raw.wait_for(DATA);
    raw.send(HEADERS, END_STREAM, 3, &head(GET, "/", &[]));
    assert_eq!(raw.end(), ENHANCE_YOUR_CALM);
    assert_serving(&running).await;
}

#[tokio::test]
async fn a_head_of_many_frames_is_refused() {
    let running = Running::start(|_| ());
    let mut raw = Raw::open(running.address, USUAL);
    raw.send(HEADERS, END_STREAM, 1, &head(GET, "/", &[]));
    let value = "x".repeat(100);
    let further: Vec<u8> =
        (0..100).flat_map(|_| [&[15, 4, 100], value.as_bytes()].concat()).collect();
    let mut sent = 0;
    while sent < 1_000 && raw.try_send(CONTINUATION, 0, 1, &further) {
        sent += 1;
    }
    assert!(sent < 1_000, "ten megabytes of one head were taken");
    assert_serving(&running).await;
}

#[tokio::test]
async fn an_idle_connection_is_told_and_closed_and_pings_do_not_keep_it() {
    let running = Running::start(|config| config.http.keep_alive_s = 1);
    let mut raw = Raw::open(running.address, USUAL);
    assert!(raw.ask(1, &head(GET, "/", &[])));
    raw.wait_for(DATA);
    let since = Instant::now();
    while raw.try_send(PING, 0, 0, &[0; 8]) {
        match raw.next() {
            Some(frame) if frame.kind == super::raw::GO_AWAY => {
                assert_eq!((frame.code(), frame.payload[3]), (NO_ERROR, 1));
                break;
            }
            Some(_) => {}
            None => break,
        }
        assert!(since.elapsed() < Duration::from_secs(20));
    }
    assert!(since.elapsed() >= Duration::from_millis(800), "{:?}", since.elapsed());
    assert_serving(&running).await;
}

#[tokio::test]
async fn a_full_table_closes_an_idle_connection_for_a_new_one() {
    let running = Running::start(|config| config.http.connections_max = 1);
    let mut idle = Raw::open(running.address, USUAL);
    assert!(idle.ask(1, &head(GET, "/", &[])));
    idle.wait_for(DATA);
    assert_serving(&running).await;
    while idle.next().is_some() {}
}

#[tokio::test]
async fn nothing_but_a_preface_is_closed_like_a_slow_head() {
    let running = Running::start(|config| config.http.head_timeout_ms = 300);
    let mut raw = Raw::silent(running.address, b"PRI * HTTP/2.0\r\n\r\n");
    while raw.next().is_some() {}
    assert_serving(&running).await;
}

#[tokio::test]
async fn frames_without_sense_end_only_their_connection() {
    let running = Running::start(|_| ());
    for seed in 0..200_u32 {
        let mut raw = Raw::open(running.address, USUAL);
        let mut random = seed.wrapping_mul(2_654_435_761) | 1;
        for _ in 0..20 {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            let [kind, flags, stream, size] = random.to_be_bytes();
            let payload: Vec<u8> = (0..size).map(|byte| byte.wrapping_mul(flags)).collect();
            if !raw.try_send(kind % 12, flags & END_HEADERS, u32::from(stream % 8), &payload) {
                break;
            }
        }
    }
    assert_serving(&running).await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_client_that_answers_nothing() {
    let running = Running::start(|config| config.http.stop_within_s = 60);
    let mut raw = Raw::open(running.address, USUAL);
    assert!(raw.ask(1, &head(GET, "/", &[])));
    raw.wait_for(DATA);
    let since = Instant::now();
    drop(running);
    assert!(since.elapsed() < Duration::from_secs(30), "{:?}", since.elapsed());
    assert_eq!(raw.end(), NO_ERROR);
}
