//! What is promised of asking an outside service.

use super::*;
use crate::{
    actors::{
        gate::{GateSettings, Guards},
        settings::Fallback,
    },
    domain::kernel::Patience::{Limited, UntilAnswered},
    store::journal::{Journal, JournalOptions},
};
use serde_json::json;
use std::future::{pending, ready};

const NAME: &str = "taxi/payment";

/// A service that takes an hour, and whatever keeps it alive.
fn slow(change: impl FnOnce(&mut PortSettings)) -> (Service, tempfile::TempDir) {
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
    let gate = Gate::alone(NAME, Guards::Port, never_open()).expect("a gate");
    let context = contexts.with(NAME, "port");
    let passage = Passage::new(Arc::new(gate), Arc::clone(&context), &settings, 512);
    let service = Service::new(settings, context, contexts, Arc::new(passage));
    (service.expect("a service"), folder)
}

fn never_open() -> GateSettings {
    GateSettings { breaker: Some(false), ..GateSettings::default() }
}

fn question(patience: Patience, gone_ms: u64) -> Question {
    let ask = Ask { operation: "charge", key: "charge-7".into(), body: json!({}), patience };
    let since = Timestamp(now().0 - gone_ms);
    Question { ask, since, conversation: 7, was_asked: false }
}

/// The answer, and after how many milliseconds it came.
async fn asked(service: &Service, question: &Question) -> (Answer, u128) {
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
    let restarted = Question { was_asked: true, ..late };
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
