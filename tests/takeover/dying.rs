//! One of the two processes is killed at each step of a take-over, and the other serves.

use crate::{
    clients::{Connection, Placed, assert_has},
    process::Process,
    support::process::assert_verified,
};
use std::{net::SocketAddr, path::Path, time::Duration, time::Instant};

/// The longest time until one of the two serves.
const SERVED_WITHIN: Duration = Duration::from_secs(3);

const FAULTS: [&str; 1] = ["--allow-faults"];
const TAKE_OVER: [&str; 3] = ["--take-over", "--unchecked", "--allow-faults"];

/// Runs this beside the clients of the test.
fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// Orders under a key as a client does: again after each failure, until there is an answer.
async fn ordered(address: SocketAddr, key: &str) -> u64 {
    loop {
        let answer = async { Connection::open(address).await?.order(key).await };
        if let Ok(answer) = answer.await
            && (200..300).contains(&answer.status)
        {
            return answer.body["id"].as_u64().expect("a number");
        }
        tokio::task::yield_now().await;
    }
}

/// Begins a take-over of which one process stops at this step, and orders meanwhile.
struct Begun {
    old: Process,
    new: Process,
    address: SocketAddr,
    placed: Placed,
}

async fn begun(data: &Path, (of_old, of_new): (&str, &str)) -> Begun {
    let old = Process::serve(data, &FAULTS, of_old);
    let address = old.address();
    let mut placed = Placed::default();
    placed.orders.insert("before".to_owned(), ordered(address, "before").await);
    let new = Process::serve(data, &TAKE_OVER, of_new);
    let stopping = if of_old.is_empty() { &new } else { &old };
    blocking(|| stopping.stopped());
    Begun { old, new, address, placed }
}

/// Checks that an order during the step is answered soon after the kill, and that nothing is lost.
async fn assert_served(mut begun: Begun, data: &Path, step: &str, kill: impl FnOnce(&mut Begun)) {
    let during = tokio::spawn({
        let address = begun.address;
        async move { ordered(address, "during").await }
    });
    tokio::task::yield_now().await;
    let killed = Instant::now();
    blocking(|| kill(&mut begun));
    let number = during.await.expect("an answer");
    let took = killed.elapsed();
    println!("{step}: served {took:?} after the kill");
    assert!(took < SERVED_WITHIN, "{step}: {took:?}");
    let Begun { old, new, address, mut placed } = begun;
    placed.orders.insert("during".to_owned(), number);
    assert_has(address, &placed).await;
    drop((old, new));
    assert_verified(data);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_old_process_is_killed_at_any_step_the_new_one_serves() {
    for step in ["old-frozen", "old-settled", "old-closed", "old-passed", "old-forwarding"] {
        let folder = tempfile::tempdir().unwrap();
        let begun = begun(folder.path(), (step, "")).await;
        assert_served(begun, folder.path(), step, |begun| begun.old.kill()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_new_process_is_killed_at_any_step_the_old_one_serves() {
    for step in ["new-welcome", "new-asked", "new-received", "new-opened", "new-serving"] {
        let folder = tempfile::tempdir().unwrap();
        let begun = begun(folder.path(), ("", step)).await;
        assert_served(begun, folder.path(), step, |begun| begun.new.kill()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_went_on_after_a_failed_take_over_is_taken_over_later() {
    let folder = tempfile::tempdir().unwrap();
    let Begun { old, mut new, address, mut placed } =
        begun(folder.path(), ("", "new-received")).await;
    blocking(|| new.kill());
    placed.orders.insert("between".to_owned(), ordered(address, "between").await);
    let third = Process::serve(folder.path(), &TAKE_OVER, "");
    assert_eq!(blocking(|| third.address()), address);
    assert!(blocking(|| old.ended()).success());
    placed.orders.insert("after".to_owned(), ordered(address, "after").await);
    assert_has(address, &placed).await;
    assert!(blocking(|| third.terminate()).success());
    assert_verified(folder.path());
}
