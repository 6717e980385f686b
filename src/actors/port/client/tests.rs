//! Tests of the client of an outside service: deadline, retries, hedging and deferral.

use super::*;
use crate::{
    actors::{
        gate::{GateKind, GateSettings},
        settings::Fallback,
    },
    domain::kernel::RetryPolicy::{UntilAnswered, UntilDeadline},
    store::journal::{JournalOptions, SledJournal},
};
use serde_json::json;
use std::{
    future::{pending, ready},
    rc::Rc,
};

const NAME: &str = "taxi/payment";

/// A client of a service that takes an hour, with the folder that must outlive the client.
fn slow(change: impl FnOnce(&mut PortSettings)) -> (PortClient, tempfile::TempDir) {
    let mut settings = PortSettings {
        timeout_ms: 30,
        within_ms: 90,
        retries: 9,
        backoff_ms: 1,
        backoff_max_ms: 2,
        latency_ms_min: 3_600_000,
        latency_ms_max: 3_600_000,
        ..PortSettings::default()
    };
    change(&mut settings);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let journal = SledJournal::open(&folder.path().join("journal"), JournalOptions::default());
    let components = Components::open(journal.expect("a journal")).expect("components");
    let gate = Gate::alone(NAME, GateKind::Port, never_open()).expect("a gate");
    let component = components.with(NAME, "port");
    let admission = PortAdmission::new(Arc::new(gate), Arc::clone(&component), &settings, 512);
    let service = PortClient::new(settings, None, component, components, Arc::new(admission));
    (service.expect("a service"), folder)
}

fn never_open() -> GateSettings {
    let settings = json!({"breaker": false, "concurrency_max": 64});
    serde_json::from_value(settings).expect("settings of a gate")
}

fn port_call(retry_policy: RetryPolicy, gone_ms: u64) -> PortCall {
    let (key, body) = ("charge-7".into(), json!({}));
    let ask = PortRequest { operation: "charge", key, undoes: None, body, retry_policy };
    let since = Timestamp(now().0 - gone_ms);
    PortCall { ask, since, conversation: 7, trace: None, was_asked: false, latest: None }
}

/// The answer, and the milliseconds until it arrived.
async fn asked(service: &PortClient, port_call: &PortCall) -> (PortReply, u128) {
    let start = Instant::now();
    let answer = service.ask(port_call).await;
    (answer, start.elapsed().as_millis())
}

#[tokio::test]
async fn a_waiting_client_is_answered_unreachable_when_the_service_does_not_answer() {
    let (service, _folder) = slow(|_| {});
    let answer = service.ask(&port_call(UntilDeadline, 0)).await;
    assert!(matches!(answer, PortReply::Unreachable(_)), "{answer:?}");
}

#[tokio::test]
async fn a_call_that_is_read_after_its_latest_start_is_not_made() {
    let (service, _folder) = slow(|_| {});
    let late = port_call(UntilDeadline, 1_000);
    let reason = "there was no time left to ask taxi/payment".to_owned();
    assert_eq!(service.ask(&late).await, PortReply::TurnedAway(reason.clone()));
    let restarted = PortCall { was_asked: true, ..late };
    assert_eq!(service.ask(&restarted).await, PortReply::Unreachable(reason));
}

#[tokio::test]
async fn a_deferred_call_ends_when_its_time_limit_passes() {
    let (service, _folder) = slow(|settings| {
        settings.fallback = Fallback::Defer;
        settings.deferred_within_ms = 10_200;
    });
    let (answer, elapsed_ms) = asked(&service, &port_call(UntilDeadline, 10_000)).await;
    assert!(matches!(answer, PortReply::Unreachable(_)), "{answer:?}");
    assert!(elapsed_ms >= 100, "{elapsed_ms} ms");
}

#[tokio::test]
async fn a_call_beyond_the_limit_of_deferred_calls_is_not_deferred() {
    let (service, _folder) = slow(|settings| {
        settings.fallback = Fallback::Defer;
        settings.deferred_max = 0;
    });
    let answer = service.ask(&port_call(UntilDeadline, 0)).await;
    assert!(matches!(answer, PortReply::Unreachable(_)), "{answer:?}");
}

#[tokio::test]
async fn a_call_that_no_client_waits_for_is_retried_until_it_is_answered() {
    let (service, _folder) = slow(|settings| {
        (settings.latency_ms_min, settings.latency_ms_max) = (1, 2);
        settings.failure_rate = 0.9;
    });
    let (answer, _) = asked(&service, &port_call(UntilAnswered, 1_000_000)).await;
    assert_eq!(answer, PortReply::Approved(json!(null)));
}

#[tokio::test]
async fn background_calls_beyond_their_budget_are_retried_after_the_longest_pause() {
    let (service, _folder) = slow(|settings| settings.backoff_max_ms = 5_000);
    let pauses = (0..20).map(|_| service.background_pause_after(0).as_millis());
    let (short, long): (Vec<_>, Vec<_>) = pauses.partition(|pause_ms| *pause_ms <= 1);
    assert_eq!((short.len(), long.len()), (10, 10));
    assert!(long.iter().all(|pause_ms| (2_500..=5_000).contains(pause_ms)), "{long:?}");
    assert!(service.budget.withdraw(), "urgent calls have their own budget");
}

#[tokio::test]
async fn a_second_attempt_that_the_gate_does_not_admit_costs_no_budget() {
    let (service, _folder) = slow(|settings| settings.hedge_after_ms = Some(1));
    let deadline = Deadline::new(now(), (now(), Instant::now()), &service.settings);
    let places: Vec<_> = std::iter::from_fn(|| service.gate().try_enter()).collect();
    assert!(!places.is_empty() && service.permit_to_hedge(&deadline).is_none());
    drop(places);
    let hedges = (0..20).filter_map(|_| service.permit_to_hedge(&deadline)).count();
    assert_eq!(hedges, 10, "the initial budget");
}

#[tokio::test]
async fn the_first_answer_of_two_attempts_is_returned() {
    type Answered = Result<u8, u8>;
    let never = pending::<Answered>;
    assert_eq!(first_answer(never(), ready(Ok::<u8, u8>(2))).await, Ok(2));
    assert_eq!(first_answer(ready(Ok::<u8, u8>(1)), never()).await, Ok(1));
    assert_eq!(first_answer(ready(Err(1)), ready(Ok::<u8, u8>(2))).await, Ok(2));
    assert_eq!(first_answer(ready(Ok::<u8, u8>(1)), ready(Err(2))).await, Ok(1));
    let both = first_answer(ready(Err::<u8, u8>(1)), ready(Err(2))).await;
    assert!(both.is_err());
}

/// A call whose request has the card number that is set now.
fn call_with_card(gone_ms: u64) -> (Rc<Cell<u64>>, PortCall) {
    let cards = Rc::new(Cell::new(0));
    let latest = {
        let (cards, ask) = (Rc::clone(&cards), port_call(UntilDeadline, 0).ask);
        move || Some(PortRequest { body: json!({ "cardNo": cards.get() }), ..ask.clone() })
    };
    let latest: Latest = Box::new(latest);
    (cards, PortCall { latest: Some(latest), ..port_call(UntilDeadline, gone_ms) })
}

#[test]
fn the_request_of_a_call_that_has_waited_is_read_before_its_first_attempt_and_then_stays() {
    let (cards, port_call) = call_with_card(REVISED_AFTER_MS + 1);
    let request = Request::new(&port_call);
    for card in [7, 8] {
        cards.set(card);
        assert_eq!(request.get().body, json!({ "cardNo": 7 }));
    }
}

#[test]
fn the_request_of_a_call_that_starts_at_once_is_not_read_again() {
    let (cards, port_call) = call_with_card(0);
    cards.set(7);
    let since = Timestamp(u64::MAX); // whatever the speed of the machine
    let port_call = PortCall { since, ..port_call };
    assert_eq!(Request::new(&port_call).get().body, json!({}));
}
