//! Tests of the client of an outside service: deadline, retries, hedging and deferral.

use super::*;
use crate::{
    actors::{
        gate::{GateKind, GateSettings},
        settings::Fallback,
    },
    domain::kernel::Patience::{Limited, UntilAnswered},
    store::journal::{Journal, JournalOptions},
};
use serde_json::json;
use std::future::{pending, ready};

const NAME: &str = "taxi/payment";

/// A service that takes an hour, with the folder that must outlive it.
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
    let journal = Journal::open(&folder.path().join("journal"), JournalOptions::default());
    let contexts = Contexts::open(journal.expect("a journal")).expect("contexts");
    let gate = Gate::alone(NAME, GateKind::Port, never_open()).expect("a gate");
    let context = contexts.with(NAME, "port");
    let passage = PortAdmission::new(Arc::new(gate), Arc::clone(&context), &settings, 512);
    let service = PortClient::new(settings, None, context, contexts, Arc::new(passage));
    (service.expect("a service"), folder)
}

fn never_open() -> GateSettings {
    let settings = json!({"breaker": false, "concurrency_max": 64});
    serde_json::from_value(settings).expect("settings of a gate")
}

fn question(patience: Patience, gone_ms: u64) -> PortCall {
    let (key, body) = ("charge-7".into(), json!({}));
    let ask = Ask { operation: "charge", key, undoes: None, body, patience };
    let since = Timestamp(now().0 - gone_ms);
    PortCall { ask, since, conversation: 7, was_asked: false }
}

/// The answer, and the milliseconds until it came.
async fn asked(service: &PortClient, question: &PortCall) -> (Answer, u128) {
    let begun = Instant::now();
    let answer = service.ask(question).await;
    (answer, begun.elapsed().as_millis())
}

#[tokio::test]
async fn whoever_waits_is_told_that_nobody_answers() {
    let (service, _folder) = slow(|_| {});
    let answer = service.ask(&question(Limited, 0)).await;
    assert!(matches!(answer, Answer::Unreachable(_)), "{answer:?}");
}

#[tokio::test]
async fn a_question_that_waited_too_long_before_it_was_read_is_not_asked() {
    let (service, _folder) = slow(|_| {});
    let late = question(Limited, 1_000);
    let because = "there was no time left to ask taxi/payment".to_owned();
    assert_eq!(service.ask(&late).await, Answer::TurnedAway(because.clone()));
    let restarted = PortCall { was_asked: true, ..late };
    assert_eq!(service.ask(&restarted).await, Answer::Unreachable(because));
}

#[tokio::test]
async fn a_question_put_off_is_given_up_in_the_end() {
    let (service, _folder) = slow(|settings| {
        settings.fallback = Fallback::Defer;
        settings.deferred_within_ms = 10_200;
    });
    let (answer, elapsed_ms) = asked(&service, &question(Limited, 10_000)).await;
    assert!(matches!(answer, Answer::Unreachable(_)), "{answer:?}");
    assert!(elapsed_ms >= 100, "{elapsed_ms} ms");
}

#[tokio::test]
async fn a_question_that_there_is_no_room_for_is_not_put_off() {
    let (service, _folder) = slow(|settings| {
        settings.fallback = Fallback::Defer;
        settings.deferred_max = 0;
    });
    let answer = service.ask(&question(Limited, 0)).await;
    assert!(matches!(answer, Answer::Unreachable(_)), "{answer:?}");
}

#[tokio::test]
async fn whoever_nobody_waits_for_asks_until_there_is_an_answer() {
    let (service, _folder) = slow(|settings| {
        (settings.latency_ms_min, settings.latency_ms_max) = (1, 2);
        settings.failure_rate = 0.9;
    });
    let (answer, _) = asked(&service, &question(UntilAnswered, 1_000_000)).await;
    assert_eq!(answer, Answer::Approved);
}

#[tokio::test]
async fn beyond_their_budget_those_nobody_waits_for_ask_again_after_the_longest_pause() {
    let (service, _folder) = slow(|settings| settings.backoff_max_ms = 5_000);
    let pauses = (0..20).map(|_| service.patient_pause_after(0).as_millis());
    let (short, long): (Vec<_>, Vec<_>) = pauses.partition(|pause_ms| *pause_ms <= 1);
    assert_eq!((short.len(), long.len()), (10, 10));
    assert!(long.iter().all(|pause_ms| (2_500..=5_000).contains(pause_ms)), "{long:?}");
    assert!(service.budget.withdraw(), "those in a hurry have their own");
}

#[tokio::test]
async fn no_second_attempt_is_paid_for_that_the_gate_has_no_room_for() {
    let (service, _folder) = slow(|settings| settings.hedge_after_ms = Some(1));
    let hurry = Deadline::new(now(), (now(), Instant::now()), &service.settings);
    let places: Vec<_> = std::iter::from_fn(|| service.gate().try_enter()).collect();
    assert!(!places.is_empty() && service.permit_to_hedge(&hurry).is_none());
    drop(places);
    let hedges = (0..20).filter_map(|_| service.permit_to_hedge(&hurry)).count();
    assert_eq!(hedges, 10, "what the budget has at the start");
}

#[tokio::test]
async fn of_two_attempts_the_first_answer_wins() {
    type Answered = Result<u8, u8>;
    let never = pending::<Answered>;
    assert_eq!(first_answer(never(), ready(Ok::<u8, u8>(2))).await, Ok(2));
    assert_eq!(first_answer(ready(Ok::<u8, u8>(1)), never()).await, Ok(1));
    assert_eq!(first_answer(ready(Err(1)), ready(Ok::<u8, u8>(2))).await, Ok(2));
    assert_eq!(first_answer(ready(Ok::<u8, u8>(1)), ready(Err(2))).await, Ok(1));
    let both = first_answer(ready(Err::<u8, u8>(1)), ready(Err(2))).await;
    assert!(both.is_err());
}
