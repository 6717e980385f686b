//! Tests of gates with their lock and driver: waiting, leaving, deadlines, recovery from panics.

use super::{
    driver::drive,
    handle::Gate,
    registry::{Gates, wrong_gates},
    settings::{GateSettings, GatesSettings},
    types::{GateKind, Outcome, Why},
};
use actix::Arbiter;
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// The timeout of one test; a test that takes longer hangs.
const HANG: Duration = Duration::from_secs(20);

fn settings(value: serde_json::Value) -> GateSettings {
    serde_json::from_value(value).expect("settings")
}

/// Starts gates with a driver, and returns them with the gate `door`.
fn driven(settings: GateSettings) -> (Arc<Gates>, Arc<Gate>) {
    let gates = Gates::new([("door".to_owned(), settings)].into(), Arc::new(()));
    let gate = gates.with("door", GateKind::Port);
    drive(&gates, &Arbiter::current());
    (gates, gate)
}

fn in_a_house(test: impl Future<Output = ()>) {
    actix::System::new().block_on(async { tokio::time::timeout(HANG, test).await.expect("hangs") });
}

#[expect(clippy::unnecessary_wraps, reason = "a deadline is what is asked for")]
fn soon() -> Option<Instant> {
    Some(Instant::now() + HANG)
}

/// Opens the gate by reporting failures in a row.
fn open(gate: &Gate) {
    while gate.peek().is_ok() {
        gate.try_enter().expect("closed").report(Outcome::Failed);
    }
}

#[test]
fn whoever_waits_is_let_through_when_somebody_leaves() {
    in_a_house(async {
        let (gates, gate) = driven(settings(json!({"concurrency_max": 1})));
        let first = gate.try_enter().expect("there is room");
        assert!(gate.try_enter().is_none());
        let (second, ()) = tokio::join!(gate.enter(soon()), async {
            while gates.info("door").expect("is there").waiting_hurried == 0 {
                tokio::task::yield_now().await;
            }
            first.report(Outcome::Succeeded);
        });
        second.expect("there is room again").report(Outcome::Succeeded);
        assert_eq!(gates.info("door").expect("is there").under_way, 0);
    });
}

#[test]
fn whom_the_rate_cannot_serve_in_time_is_told_at_once() {
    in_a_house(async {
        const HOUR_MS: u64 = 3_600_000;
        let slow = json!({
            "rate_per_s": 0.01,
            "burst_calls": 1,
            "waiting_ms_max": HOUR_MS,
            "wait_target_ms": HOUR_MS,
        });
        let (gates, gate) = driven(settings(slow));
        gate.try_enter().expect("the first").report(Outcome::Succeeded);
        let by = |seconds| Some(Instant::now() + Duration::from_secs(seconds));
        let mut waits = [Box::pin(gate.enter(by(110))), Box::pin(gate.enter(by(210)))];
        for waits in &mut waits {
            assert!(futures_poll(waits.as_mut()).await.is_none(), "a call each 100 s");
        }
        let mut vain = Box::pin(gate.enter(by(290)));
        let told = futures_poll(vain.as_mut()).await.expect("the third would wait for 300 s");
        assert_eq!(told.unwrap_err().why, Why::TooMany);
        assert_eq!(gates.info("door").expect("is there").waiting_hurried, 2);
    });
}

#[test]
fn whom_the_queue_would_turn_away_before_the_rate_serves_him_is_told_at_once() {
    in_a_house(async {
        let slow = json!({"rate_per_s": 0.5, "burst_calls": 1});
        let (gates, gate) = driven(settings(slow));
        gate.try_enter().expect("the first").report(Outcome::Succeeded);
        let mut vain = Box::pin(gate.enter(soon()));
        let told = futures_poll(vain.as_mut()).await.expect("nobody waits for 2 s in a queue");
        assert_eq!(told.unwrap_err().why, Why::TooMany);
        assert_eq!(gates.info("door").expect("is there").waiting_hurried, 0);
    });
}

#[test]
fn whoever_goes_away_while_waiting_takes_no_place() {
    in_a_house(async {
        let (gates, gate) = driven(settings(json!({"concurrency_max": 1})));
        let first = gate.try_enter().expect("there is room");
        {
            let mut waiting = std::pin::pin!(gate.enter(soon()));
            assert!(futures_poll(waiting.as_mut()).await.is_none());
            assert_eq!(gates.info("door").expect("is there").waiting_hurried, 1);
        }
        assert_eq!(gates.info("door").expect("is there").waiting_hurried, 0);
        drop(first);
        let info = gates.info("door").expect("is there");
        assert_eq!((info.under_way, info.calls), (0, 0), "it counts neither way");
    });
}

#[test]
fn a_deadline_passes_by_itself() {
    in_a_house(async {
        let (_gates, gate) = driven(settings(json!({"concurrency_max": 1})));
        let _first = gate.try_enter().expect("there is room");
        let deadline = Instant::now() + Duration::from_millis(5);
        let away = gate.enter(Some(deadline)).await.unwrap_err();
        assert_eq!(away.why, Why::TooLate);
        assert_eq!(away.to_string(), "the gate door could not be passed in time");
    });
}

#[test]
fn the_patient_wait_through_an_open_gate_and_the_hurried_are_turned_away() {
    in_a_house(async {
        let (gates, gate) = driven(settings(json!({"open_ms": 20, "trial_calls": 3})));
        open(&gate);
        let away = gate.enter(soon()).await.unwrap_err();
        assert_eq!((away.why, &*away.gate), (Why::Open, "door"));
        assert!(away.retry_after <= Duration::from_secs(45));
        while gates.info("door").expect("is there").state != "closed" {
            gate.enter(None).await.expect("never turned away").report(Outcome::Succeeded);
        }
        assert_eq!(gates.info("door").expect("is there").because, "3 trials went well");
    });
}

#[test]
fn a_permit_that_nobody_reports_is_given_to_somebody_else() {
    in_a_house(async {
        let (gates, gate) = driven(settings(json!({"concurrency_max": 1, "permit_ms": 20})));
        let forgotten = gate.try_enter().expect("there is room");
        gate.enter(None).await.expect("in the end").report(Outcome::Succeeded);
        forgotten.report(Outcome::Succeeded);
        let info = gates.info("door").expect("is there");
        assert_eq!((info.timed_out, info.calls, info.failures), (1, 2, 1));
    });
}

#[test]
fn a_gate_that_breaks_is_built_anew_and_whoever_waits_hears_of_nothing() {
    in_a_house(async {
        let (gates, gate) = driven(settings(json!({"concurrency_max": 1})));
        let stranger = gate.try_enter().expect("there is room");
        let (hurried, ()) = tokio::join!(gate.enter(soon()), async {
            while gates.info("door").expect("is there").waiting_hurried == 0 {
                tokio::task::yield_now().await;
            }
            assert!(gates.break_on_purpose("door"));
        });
        let permit = hurried.expect("the new one has room");
        stranger.report(Outcome::Failed);
        let info = gates.info("door").expect("is there");
        assert_eq!((info.broken, info.under_way, info.calls), (1, 1, 0), "strangers mean nothing");
        permit.report(Outcome::Succeeded);
        assert_eq!(gates.info("door").expect("is there").calls, 1);
        assert!(!gates.break_on_purpose("window"));
    });
}

#[test]
fn a_gatekeeper_that_dies_is_followed_by_another() {
    in_a_house(async {
        let (gates, gate) = driven(settings(json!({"concurrency_max": 1})));
        let _first = gate.try_enter().expect("there is room");
        for _ in 0..3 {
            gates.break_keeper_on_purpose();
            let begun = Instant::now();
            let away = gate.enter(Some(begun + Duration::from_millis(5))).await;
            assert_eq!(away.unwrap_err().why, Why::TooLate);
            assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
        }
    });
}

#[test]
fn settings_change_while_somebody_waits() {
    in_a_house(async {
        let (gates, gate) = driven(settings(json!({"concurrency_max": 1})));
        let _first = gate.try_enter().expect("there is room");
        let (second, ()) = tokio::join!(gate.enter(soon()), async {
            let changes = json!({"concurrency_max": 2});
            let turned = gates.turn("door", changes.as_object().expect("an object"));
            assert_eq!(turned, Ok(Some(())));
        });
        let _second = second.expect("there is room for two");
        let info = gates.info("door").expect("is there");
        assert_eq!((info.limit, info.settings.concurrency_max), (Some(2), Some(2)));
    });
}

#[test]
fn a_section_for_no_gate_or_with_nonsense_is_named() {
    let nonsense = settings(json!({"failure_rate": 2.0}));
    let all = [("door".to_owned(), nonsense), ("window".to_owned(), GateSettings::default())];
    let known = [("door", GateKind::Port)].into();
    let expected = [
        "gates.\"door\": failure_rate is above 0 and at most 1, not 2",
        "gates.\"window\": there is no such gate; there are door",
    ];
    assert_eq!(wrong_gates(&all.into(), &known), expected);
}

/// Polls a future once, and returns its output if it is ready.
async fn futures_poll<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    let mut future = Some(future);
    std::future::poll_fn(move |context| {
        let polled = future.take().map(|future| future.poll(context));
        std::task::Poll::Ready(match polled {
            Some(std::task::Poll::Ready(output)) => Some(output),
            _ => None,
        })
    })
    .await
}

#[test]
fn keys_that_are_set_at_once_are_all_set() {
    let gates = Gates::new(GatesSettings::default(), Arc::new(()));
    let gate = gates.with("door", GateKind::Port);
    std::thread::scope(|scope| {
        for key in ["open_ms", "permit_ms", "slow_call_ms", "trial_calls"] {
            let (gates, gate) = (&gates, &gate);
            scope.spawn(move || {
                for value in 1..=500 {
                    let changes = serde_json::Map::from_iter([(key.to_owned(), json!(value))]);
                    gates.turn("door", &changes).expect("makes sense").expect("is there");
                    let set = gate.look(|inner, _| json!(inner.settings)).expect("is whole");
                    assert_eq!(set[key], value, "nobody else sets {key}");
                }
            });
        }
    });
}
