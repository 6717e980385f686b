//! One aggregate crashes repeatedly while many clients use others.

use crate::probe::{count, send, send_under, start};
use madang::actors::{ActorSettings, Caller, IdempotencyKey, RequestError, Runtime};
use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

const CLIENTS: u64 = 32;
const ADD_ONE: &str = r#"{"count":1}"#;
const BACK_WITHIN: Duration = Duration::from_millis(100);

/// Rounds before the first crash, and the fewest rounds of each client.
const ROUNDS_MIN: u64 = 20;

#[actix::test]
async fn a_crash_under_load_fails_no_other_aggregate_and_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start(folder.path(), ActorSettings::default());
    let bomb = send(&runtime, "open", None, "").await.unwrap().number;
    let (is_over, rounds) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (is_over, rounds) = (Rc::clone(&is_over), Rc::clone(&rounds));
            actix::spawn(add_on_and_on(runtime.clone(), client, is_over, rounds))
        })
        .collect();
    while rounds.get() < CLIENTS * ROUNDS_MIN {
        tokio::task::yield_now().await;
    }

    let before = rounds.get();
    let (added, slowest) = crash_until_quarantined(&runtime, bomb).await;
    let during = rounds.get() - before;
    is_over.set(true);
    let mut counts = vec![(bomb, added)];
    for client in clients {
        counts.push(client.await.unwrap());
    }
    println!("back within {slowest:?}; {during} requests of others were answered meanwhile");
    assert!(slowest < BACK_WITHIN, "back within {slowest:?}");
    assert!(during > 0, "the other clients waited for the crashed aggregate");

    assert!(runtime.release("probe/counters", bomb));
    all_are_there(&runtime, &counts).await;
    runtime.stop().await;
    let runtime = start(folder.path(), ActorSettings::default());
    all_are_there(&runtime, &counts).await;
    runtime.stop().await;
}

/// Adds to a counter of its own, each time under a new key. Each answer must come at once.
async fn add_on_and_on(
    runtime: Runtime,
    client: u64,
    is_over: Rc<Cell<bool>>,
    rounds: Rc<Cell<u64>>,
) -> (u64, u64) {
    let number = send(&runtime, "open", None, "").await.unwrap().number;
    for round in 1.. {
        let name = u128::from(client) << 64 | u128::from(round);
        let key = Some(IdempotencyKey { key: name, fingerprint: name });
        let added = send_under(&runtime, "add", Some(number), ADD_ONE, key).await;
        assert_eq!(count(&added.expect("no other aggregate fails")), round);
        rounds.set(rounds.get() + 1);
        if is_over.get() && round >= ROUNDS_MIN {
            return (number, round);
        }
    }
    unreachable!("the loop does not end")
}

/// The acknowledged sum, and the longest time from a crash to the next answer.
async fn crash_until_quarantined(runtime: &Runtime, bomb: u64) -> (u64, Duration) {
    let (mut added, mut slowest) = (0, Duration::ZERO);
    loop {
        let acknowledged = send(runtime, "add", Some(bomb), ADD_ONE).await.unwrap();
        added += 1;
        assert_eq!(count(&acknowledged), added);
        let crashed = send(runtime, "explode", Some(bomb), "").await;
        let since = Instant::now();
        assert!(
            matches!(crashed, Err(RequestError::Crashed { .. } | RequestError::Quarantined { .. })),
            "{crashed:?}"
        );
        let shown = runtime.show(0, bomb, &Caller::Trusted).await;
        slowest = slowest.max(since.elapsed());
        match shown {
            Ok(shown) => assert_eq!(count(&shown), added),
            Err(RequestError::Quarantined { reason, .. }) => {
                assert_eq!(reason, "panicked: exploded on purpose");
                return (added, slowest);
            }
            Err(request_error) => panic!("{request_error}"),
        }
    }
}

async fn all_are_there(runtime: &Runtime, counts: &[(u64, u64)]) {
    for (number, expected) in counts {
        let shown = runtime.show(0, *number, &Caller::Trusted).await.unwrap();
        assert_eq!(count(&shown), *expected, "counter {number}");
    }
}
