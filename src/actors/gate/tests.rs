//! Tests of gates with their lock and driver: waiting, leaving, deadlines, recovery from panics.

use super::{
    driver::drive,
    handle::Gate,
    persisted::PersistedGates,
    registry::{Gates, wrong_gates},
    settings::{GateSettings, GatesSettings},
    types::{CallOutcome, GateKind, RejectReason},
};
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// The timeout of one test.
const HANG: Duration = Duration::from_secs(20);

fn settings(value: serde_json::Value) -> GateSettings {
    serde_json::from_value(value).expect("settings")
}

/// Returns gates without a driver, and the gate `door`.
fn undriven(settings: GateSettings) -> (Arc<Gates>, Arc<Gate>) {
    let gates =
        Gates::new([("door".to_owned(), settings)].into(), PersistedGates::new(), Arc::new(()));
    let gate = gates.with("door", GateKind::Port);
    (gates, gate)
}

/// Starts gates with a driver, and returns them with the gate `door`.
fn driven(settings: GateSettings) -> (Arc<Gates>, Arc<Gate>) {
    let (gates, gate) = undriven(settings);
    tokio::task::spawn_local(drive(Arc::clone(&gates)));
    (gates, gate)
}

fn in_a_system(test: impl Future<Output = ()>) {
    actix::System::new().block_on(async { tokio::time::timeout(HANG, test).await.expect("hangs") });
}

#[expect(clippy::unnecessary_wraps, reason = "the gate takes an optional deadline")]
fn soon() -> Option<Instant> {
    Some(Instant::now() + HANG)
}

/// Opens the gate by reporting failures in a row.
fn open(gate: &Gate) {
    while gate.peek().is_ok() {
        gate.try_enter().expect("closed").report(CallOutcome::Failed);
    }
}

#[test]
fn a_waiting_caller_gets_a_permit_when_another_permit_is_returned() {
    in_a_system(async {
        let (gates, gate) = driven(settings(json!({"concurrency_max": 1})));
        let first = gate.try_enter().expect("there is room");
        assert!(gate.try_enter().is_none());
        let (second, ()) = tokio::join!(gate.enter(soon()), async {
            while gates.info("door").expect("is there").waiting_urgent == 0 {
                tokio::task::yield_now().await;
            }
            first.report(CallOutcome::Succeeded);
        });
        second.expect("there is room again").report(CallOutcome::Succeeded);
        assert_eq!(gates.info("door").expect("is there").under_way, 0);
    });
}

#[test]
fn a_caller_that_the_rate_cannot_serve_before_its_deadline_is_refused_at_once() {
    in_a_system(async {
        const HOUR_MS: u64 = 3_600_000;
        let slow = json!({
            "rate_per_s": 0.01,
            "burst_calls": 1,
            "waiting_ms_max": HOUR_MS,
            "wait_target_ms": HOUR_MS,
        });
        let (gates, gate) = driven(settings(slow));
        gate.try_enter().expect("the first").report(CallOutcome::Succeeded);
        let by = |seconds| Some(Instant::now() + Duration::from_secs(seconds));
        let mut waits = [Box::pin(gate.enter(by(110))), Box::pin(gate.enter(by(210)))];
        for waits in &mut waits {
            assert!(futures_poll(waits.as_mut()).await.is_none(), "one call each 100 s");
        }
        let mut wait = Box::pin(gate.enter(by(290)));
        let answer = futures_poll(wait.as_mut()).await.expect("the third would wait for 300 s");
        assert_eq!(answer.unwrap_err().why, RejectReason::TooMany);
        assert_eq!(gates.info("door").expect("is there").waiting_urgent, 2);
    });
}

#[test]
fn a_caller_that_the_rate_cannot_serve_within_the_longest_wait_is_refused_at_once() {
    in_a_system(async {
        let slow = json!({"rate_per_s": 0.5, "burst_calls": 1});
        let (gates, gate) = driven(settings(slow));
        gate.try_enter().expect("the first").report(CallOutcome::Succeeded);
        let mut wait = Box::pin(gate.enter(soon()));
        let answer = futures_poll(wait.as_mut()).await.expect("the queue allows no wait of 2 s");
        assert_eq!(answer.unwrap_err().why, RejectReason::TooMany);
        assert_eq!(gates.info("door").expect("is there").waiting_urgent, 0);
    });
}

#[test]
fn a_caller_that_stops_waiting_takes_no_permit() {
    in_a_system(async {
        let (gates, gate) = driven(settings(json!({"concurrency_max": 1})));
        let first = gate.try_enter().expect("there is room");
        {
            let mut waiting = std::pin::pin!(gate.enter(soon()));
            assert!(futures_poll(waiting.as_mut()).await.is_none());
            assert_eq!(gates.info("door").expect("is there").waiting_urgent, 1);
        }
        assert_eq!(gates.info("door").expect("is there").waiting_urgent, 0);
        drop(first);
        let info = gates.info("door").expect("is there");
        assert_eq!((info.under_way, info.calls), (0, 0), "it counts as no call");
    });
}

#[test]
fn a_waiting_caller_is_refused_when_its_deadline_passes() {
    in_a_system(async {
        let (_gates, gate) = driven(settings(json!({"concurrency_max": 1})));
        let _first = gate.try_enter().expect("there is room");
        let deadline = Instant::now() + Duration::from_millis(5);
        let rejection = gate.enter(Some(deadline)).await.unwrap_err();
        assert_eq!(rejection.why, RejectReason::TooLate);
        assert_eq!(rejection.to_string(), "the gate door granted no permit in time");
    });
}

#[test]
fn an_open_gate_refuses_urgent_callers_and_lets_background_callers_wait() {
    in_a_system(async {
        let (gates, gate) = driven(settings(json!({"open_ms": 20, "trial_calls": 3})));
        open(&gate);
        let rejection = gate.enter(soon()).await.unwrap_err();
        assert_eq!((rejection.why, &*rejection.gate), (RejectReason::Open, "door"));
        assert!(rejection.retry_after <= Duration::from_secs(45));
        while gates.info("door").expect("is there").state != "closed" {
            gate.enter(None).await.expect("never refused").report(CallOutcome::Succeeded);
        }
        assert_eq!(gates.info("door").expect("is there").reason, "3 trials passed");
    });
}

#[test]
fn a_permit_without_a_report_expires_and_frees_its_place() {
    in_a_system(async {
        let (gates, gate) = driven(settings(json!({"concurrency_max": 1, "permit_ms": 20})));
        let expired = gate.try_enter().expect("there is room");
        gate.enter(None).await.expect("it expires").report(CallOutcome::Succeeded);
        expired.report(CallOutcome::Succeeded);
        let info = gates.info("door").expect("is there");
        assert_eq!((info.timed_out, info.calls, info.failures), (1, 2, 1));
    });
}

#[test]
fn a_gate_that_panics_is_rebuilt_and_waiting_callers_still_get_a_permit() {
    in_a_system(async {
        let (gates, gate) = driven(settings(json!({"concurrency_max": 1})));
        let earlier = gate.try_enter().expect("there is room");
        let (urgent, ()) = tokio::join!(gate.enter(soon()), async {
            while gates.info("door").expect("is there").waiting_urgent == 0 {
                tokio::task::yield_now().await;
            }
            assert!(gates.break_on_purpose("door"));
        });
        let permit = urgent.expect("the rebuilt gate has room");
        earlier.report(CallOutcome::Failed);
        let info = gates.info("door").expect("is there");
        assert_eq!((info.broken, info.under_way, info.calls), (1, 1, 0), "old permits are ignored");
        permit.report(CallOutcome::Succeeded);
        assert_eq!(gates.info("door").expect("is there").calls, 1);
        assert!(!gates.break_on_purpose("window"));
    });
}

#[test]
fn a_new_gate_driver_continues_where_the_one_before_was_dropped() {
    in_a_system(async {
        let (gates, gate) = undriven(settings(json!({"concurrency_max": 1})));
        let _first = gate.try_enter().expect("there is room");
        let mut driver = tokio::task::spawn_local(drive(Arc::clone(&gates)));
        for _ in 0..3 {
            driver.abort();
            assert!(driver.await.is_err_and(|ended| ended.is_cancelled()));
            driver = tokio::task::spawn_local(drive(Arc::clone(&gates)));
            let begun = Instant::now();
            let rejection = gate.enter(Some(begun + Duration::from_millis(5))).await;
            assert_eq!(rejection.unwrap_err().why, RejectReason::TooLate);
            assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
        }
    });
}

#[test]
fn settings_can_change_while_a_caller_waits() {
    in_a_system(async {
        let (gates, gate) = driven(settings(json!({"concurrency_max": 1})));
        let _first = gate.try_enter().expect("there is room");
        let (second, ()) = tokio::join!(gate.enter(soon()), async {
            let changes = json!({"concurrency_max": 2});
            let result = gates.reconfigure("door", changes.as_object().expect("an object"));
            assert_eq!(result, Ok(Some(())));
        });
        let _second = second.expect("there is room for two");
        let info = gates.info("door").expect("is there");
        assert_eq!((info.limit, info.settings.concurrency_max), (Some(2), Some(2)));
    });
}

#[test]
fn a_section_for_an_unknown_gate_or_with_an_invalid_value_is_reported() {
    let invalid = settings(json!({"failure_rate": 2.0}));
    let all = [("door".to_owned(), invalid), ("window".to_owned(), GateSettings::default())];
    let known = [("door", GateKind::Port)].into();
    let expected = [
        "gates.\"door\": failure_rate is above 0 and at most 1, not 2",
        "gates.\"window\": there is no such gate; there are door, and subscriptions/NAME for webhooks",
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
fn keys_that_are_set_concurrently_are_all_set() {
    let gates = Gates::new(GatesSettings::default(), PersistedGates::new(), Arc::new(()));
    let gate = gates.with("door", GateKind::Port);
    std::thread::scope(|scope| {
        for key in ["open_ms", "permit_ms", "slow_call_ms", "trial_calls"] {
            let (gates, gate) = (&gates, &gate);
            scope.spawn(move || {
                for value in 1..=500 {
                    let changes = serde_json::Map::from_iter([(key.to_owned(), json!(value))]);
                    gates.reconfigure("door", &changes).expect("valid").expect("is there");
                    let set = gate.inspect(|inner, _| json!(inner.settings)).expect("no panic");
                    assert_eq!(set[key], value, "no other thread sets {key}");
                }
            });
        }
    });
}
