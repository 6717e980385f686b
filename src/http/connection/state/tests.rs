//! Tests of the deadlines of a connection and of its turns.

use super::*;

const TIMEOUTS: Timeouts =
    Timeouts { head_ms: 5_000, keep_alive_ms: 60_000, body_ms: 3_000, write_ms: 10_000 };

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

fn connection() -> (Rc<Cell<u64>>, Rc<ConnectionState>) {
    let clock = Rc::<Cell<u64>>::default();
    let state = ConnectionState::new(Rc::clone(&clock), Arc::default());
    (clock, state)
}

fn at(clock: &Cell<u64>, state: &ConnectionState, ms: u64) -> Option<Closing> {
    clock.set(ms);
    let _ = state.check(&TIMEOUTS);
    state.closing()
}

fn reads(state: &ConnectionState) -> bool {
    state.may_read(&Context::from_waker(Waker::noop()))
}

#[test]
fn every_head_has_one_time_limit_in_total() {
    let (clock, state) = connection();
    assert_eq!(at(&clock, &state, 4_999), None);
    drop(state.serve(false));
    assert_eq!(at(&clock, &state, 60_000), None, "the connection is idle");
    for ms in [60_000, 61_000, 64_000] {
        clock.set(ms);
        assert!(reads(&state));
        assert_eq!(state.count(b"G"), 1);
    }
    assert_eq!(at(&clock, &state, 64_999), None);
    assert_eq!(at(&clock, &state, 65_000), Some(Closing::HeadTooSlow));
}

#[test]
fn an_idle_connection_is_closed_and_one_that_is_served_is_not() {
    let (clock, state) = connection();
    let serving = state.serve(false);
    assert_eq!(at(&clock, &state, 100_000), None);
    drop(serving);
    assert_eq!(at(&clock, &state, 159_999), None);
    assert_eq!(at(&clock, &state, 160_000), Some(Closing::Idle));
}

#[test]
fn an_unread_body_does_not_keep_the_connection() {
    let (clock, state) = connection();
    drop(state.serve(true));
    assert_eq!(state.waits(), (Phase::Discarding, 0));
    assert_eq!(at(&clock, &state, 5_000), Some(Closing::Idle));
    let (_, state) = connection();
    let serving = state.serve(true);
    state.ends_body(true);
    drop(serving);
    assert_eq!(state.waits(), (Phase::Idle, 0));
}

#[test]
fn a_peer_that_reads_nothing_is_closed_and_one_that_reads_something_is_not() {
    let (clock, state) = connection();
    drop(state.serve(false));
    let context = Context::from_waker(Waker::noop());
    state.blocked(&context);
    assert_eq!(at(&clock, &state, 9_999), None);
    state.written();
    state.blocked(&context);
    assert_eq!(at(&clock, &state, 19_998), None);
    assert_eq!(at(&clock, &state, 19_999), Some(Closing::NotRead));
}

#[test]
fn no_more_requests_are_read_until_the_waiting_ones_are_answered() {
    let (_, state) = connection();
    assert!(reads(&state));
    let pipelined = REQUEST.repeat(1_000);
    let mut taken = 0;
    while reads(&state) {
        taken += state.count(&pipelined[taken..]);
    }
    assert_eq!(pipelined[..taken].split(|byte| *byte == b'\n').count(), LINES_PER_TURN + 1);
    let serving = state.serve(false);
    assert!(!reads(&state) && !reads(&state), "a request is being answered");
    drop(serving);
    state.blocked(&Context::from_waker(Waker::noop()));
    assert!(!reads(&state), "the client does not read the answers");
    state.written();
    assert!(reads(&state));
}

#[test]
fn a_client_that_does_not_pipeline_is_read_from_while_it_waits() {
    let (_, state) = connection();
    assert!(reads(&state));
    assert_eq!(state.count(REQUEST), REQUEST.len());
    assert!(reads(&state));
    state.nothing_to_read(&Context::from_waker(Waker::noop()));
    let _serving = state.serve(false);
    assert!(reads(&state), "the server notices a closed connection");
}

#[test]
fn a_body_is_read_to_its_end_in_turns() {
    let (_, state) = connection();
    assert!(reads(&state));
    let lines = b"\n".repeat(3 * LINES_PER_TURN);
    let _serving = state.serve(true);
    state.begins_body();
    let mut taken = 0;
    let mut turns = 0;
    while taken < lines.len() {
        if reads(&state) {
            taken += state.count(&lines[taken..]);
        } else {
            turns += 1;
        }
        assert!(turns < 9);
    }
    assert_eq!(turns, 2);
}

#[test]
fn a_head_that_never_ends_is_too_large() {
    let (_, state) = connection();
    let mut read = 0;
    while state.closing().is_none() {
        if reads(&state) {
            read += state.count(&[b'x'; 4_096]);
        }
        assert!(read <= HEAD_BYTES_MAX + BYTES_PER_TURN + 4_096);
    }
    assert_eq!(state.closing(), Some(Closing::HeadTooLarge));
}

#[test]
fn a_body_that_is_late_ends_its_reading_and_not_the_connection() {
    let (clock, state) = connection();
    let _serving = state.serve(true);
    clock.set(60_000);
    state.begins_body();
    assert_eq!(at(&clock, &state, 62_999), None);
    assert!(!state.is_body_late());
    assert_eq!(at(&clock, &state, 63_000), None);
    assert!(state.is_body_late());
    state.begins_body();
    assert!(!state.is_body_late(), "each body has a time limit of its own");
    state.ends_body(true);
    assert_eq!(at(&clock, &state, 99_000), None);
    assert!(!state.is_body_late(), "no body is read");
}
