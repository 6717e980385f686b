//! A saga instance crashes, or its command cannot be delivered. The others go on, and it goes on
//! later.

use crate::{
    probe::{Probe, count, send},
    relay::{BAD_DIGIT, Knocking, Relay, SAGA_IS_POISONED, STUCK},
};
use madang::{
    actors::{ActorSettings, Caller, Fault, GateSettings, Installation, Page, Runtime, Settings},
    domain::kernel::{Business, Host},
    store::journal::JournalOptions,
};
use std::{path::Path, sync::atomic::Ordering};

pub const COUNTERS: usize = 0;
const TALLIES: usize = 1;

pub fn settings(data: &Path) -> Settings {
    let actors = ActorSettings { crashes_max: 1, ..ActorSettings::default() };
    // Few records stay in memory, so that a subscriber that catches up reads from disk.
    let journal = JournalOptions { feed_records_max: 64, ..JournalOptions::default() };
    // No command is rejected, however many are sent concurrently.
    let any_number = GateSettings { concurrency_max: Some(100_000), ..GateSettings::default() };
    let gates = [("probe/counters".to_owned(), any_number)].into();
    Settings { data: data.to_owned(), actors, journal, gates, ..Settings::default() }
}

fn start<B: Business>(data: &Path) -> Runtime {
    start_in::<B>(settings(data))
}

fn start_in<B: Business>(settings: Settings) -> Runtime {
    Runtime::start(settings, |host| {
        host.business::<B>();
    })
    .unwrap()
}

/// Starts a runtime whose sagas store no checkpoint before they stop.
fn start_without_checkpoints<B: Business>(data: &Path) -> Runtime {
    let mut settings = settings(data);
    settings.actors.checkpoint_every_ms = 3_600_000;
    settings.allow_faults = true;
    start_in::<B>(settings)
}

/// Stops a runtime whose saga panics, so that the saga stores no last checkpoint.
async fn stop_with_a_crash(runtime: &Runtime, saga: &str) {
    let part = format!("saga {saga}");
    runtime.break_on_purpose(Fault::Break { part }).await.unwrap();
    runtime.stop().await;
}

fn assert_sound(data: &Path) {
    let install = |host: &mut Installation| {
        host.business::<Relay>();
    };
    let findings = Installation::audit(settings(data), install, &mut |_, _, _| {});
    assert_eq!(findings.unwrap().flaws, Vec::<String>::new());
}

pub async fn open_many(runtime: &Runtime, counters: usize) {
    for_each_at_once(runtime, counters, |runtime, _| async move {
        send(&runtime, "open", None, "").await.unwrap();
    })
    .await;
}

async fn add_to_all(runtime: &Runtime, counters: usize, digit: u32) {
    for_each_at_once(runtime, counters, |runtime, number| async move {
        let body = format!(r#"{{"count":{digit}}}"#);
        send(&runtime, "add", Some(number), &body).await.unwrap();
    })
    .await;
}

async fn for_each_at_once<F: Future<Output = ()> + 'static>(
    runtime: &Runtime,
    numbers: usize,
    act: impl Fn(Runtime, u64) -> F,
) {
    let acting: Vec<_> =
        (1..=numbers as u64).map(|number| actix::spawn(act(runtime.clone(), number))).collect();
    for acting in acting {
        acting.await.unwrap();
    }
}

/// Waits until the tally of this number shows these digits. It must not show further ones.
pub async fn becomes(runtime: &Runtime, number: u64, digits: u64) {
    loop {
        if let Ok(shown) = runtime.show(TALLIES, number, &Caller::Trusted).await
            && count(&shown) >= digits
        {
            assert_eq!(count(&shown), digits, "tally {number}");
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn turn(runtime: &Runtime, suspend: bool) -> u64 {
    let component = runtime.set_suspended("relay/tallies", suspend).await.unwrap().unwrap();
    assert_eq!(component.is_suspended, suspend);
    component.figures[0].1
}

#[actix::test]
async fn a_conversation_that_crashes_is_quarantined_alone_and_goes_on_once_released() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start::<Relay>(folder.path());
    open_many(&runtime, 2).await;
    SAGA_IS_POISONED.store(true, Ordering::SeqCst);
    let add = |number, digit: u32| {
        let runtime = runtime.clone();
        async move {
            let body = format!(r#"{{"count":{digit}}}"#);
            send(&runtime, "add", Some(number), &body).await.unwrap();
        }
    };
    add(1, 1).await;
    becomes(&runtime, 1, 1).await;
    // No other effect is pending. So this is the last position, and the bad record has the next.
    let position = runtime.show(TALLIES, 1, &Caller::Trusted).await.unwrap().position + 1;
    add(1, BAD_DIGIT).await;
    add(1, 2).await;
    add(2, 3).await;
    becomes(&runtime, 2, 3).await;
    becomes(&runtime, 1, 1).await;
    let listed = |runtime: &Runtime| {
        let entries = runtime.quarantine().into_iter().filter(|entry| entry.number == 1);
        entries.map(|entry| (entry.resource, entry.reason, entry.position)).collect::<Vec<_>>()
    };
    let expected = vec![("relay/echo", "panicked: a bad digit".to_owned(), Some(position))];
    while listed(&runtime).is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(listed(&runtime), expected);
    runtime.stop().await;

    let runtime = start::<Relay>(folder.path());
    while listed(&runtime).is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(listed(&runtime), expected, "the same after a restart");
    assert!(runtime.release("relay/echo", 1));
    while listed(&runtime).is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(listed(&runtime), expected, "it crashes again");

    SAGA_IS_POISONED.store(false, Ordering::SeqCst);
    assert!(runtime.release("relay/echo", 1));
    assert!(!runtime.release("relay/echo", 1), "released twice");
    becomes(&runtime, 1, 102).await;
    runtime.stop().await;
    drop(runtime);
    assert_sound(folder.path());
}

#[actix::test]
async fn commands_for_a_suspended_kind_wait_in_the_journal_and_come_in_order_once() {
    const COUNTERS_MANY: usize = 1_500;
    let folder = tempfile::tempdir().unwrap();
    let runtime = start::<Relay>(folder.path());
    open_many(&runtime, COUNTERS_MANY).await;
    turn(&runtime, true).await;
    add_to_all(&runtime, COUNTERS_MANY, 1).await;
    add_to_all(&runtime, COUNTERS_MANY, 2).await;
    let waiting = || runtime.component("relay/tallies").unwrap().figures[0].1;
    while waiting() < COUNTERS_MANY as u64 {
        tokio::task::yield_now().await;
    }
    assert_eq!(waiting(), COUNTERS_MANY as u64, "one command per conversation waits");
    let none = Page { number: 0, size: 1, sort: Vec::new() };
    assert_eq!(runtime.list(TALLIES, none, &Caller::Trusted).await.unwrap().total, 0);
    runtime.stop().await;
    drop(runtime);

    let runtime = start::<Relay>(folder.path());
    assert!(runtime.component("relay/tallies").unwrap().is_suspended, "also after a restart");
    add_to_all(&runtime, COUNTERS_MANY, 3).await;
    turn(&runtime, false).await;
    add_to_all(&runtime, COUNTERS_MANY, 4).await;
    runtime.stop().await;
    drop(runtime);

    let runtime = start::<Relay>(folder.path());
    add_to_all(&runtime, COUNTERS_MANY, 5).await;
    for number in 1..=COUNTERS_MANY as u64 {
        becomes(&runtime, number, 12_345).await;
    }
    assert_eq!(runtime.component("relay/tallies").unwrap().figures[0].1, 0);
    runtime.stop().await;
    drop(runtime);
    assert_sound(folder.path());
}

#[actix::test]
async fn repeated_suspensions_lose_nothing_and_double_nothing() {
    const COUNTERS_SOME: usize = 300;
    let folder = tempfile::tempdir().unwrap();
    let mut runtime = start::<Relay>(folder.path());
    open_many(&runtime, COUNTERS_SOME).await;
    for digit in 1..=9 {
        turn(&runtime, digit % 3 != 0).await;
        add_to_all(&runtime, COUNTERS_SOME, digit).await;
        turn(&runtime, digit % 2 == 0).await;
        if digit % 4 == 0 {
            runtime.stop().await;
            runtime = start::<Relay>(folder.path());
        }
    }
    turn(&runtime, false).await;
    for number in 1..=COUNTERS_SOME as u64 {
        becomes(&runtime, number, 123_456_789).await;
    }
    runtime.stop().await;
    drop(runtime);
    assert_sound(folder.path());
}

/// Waits until a checkpoint of the saga names an unfinished instance, and is durable.
async fn stores_unfinished(runtime: &Runtime) {
    let under_way = || {
        let figures = runtime.component("relay/echo").unwrap().figures;
        figures.iter().find(|(name, _)| *name == "underWay").unwrap().1
    };
    while under_way() == 0 {
        tokio::task::yield_now().await;
    }
    // The journal writes the checkpoint with this commit.
    open_many(runtime, 1).await;
}

#[actix::test]
async fn a_command_delivered_after_a_checkpoint_is_not_repeated_although_later_ones_pass_it() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start::<Relay>(folder.path());
    open_many(&runtime, 1).await;
    turn(&runtime, true).await;
    add_to_all(&runtime, 1, 1).await;
    stores_unfinished(&runtime).await;
    runtime.stop().await;
    drop(runtime);

    let runtime = start_without_checkpoints::<Relay>(folder.path());
    turn(&runtime, false).await;
    becomes(&runtime, 1, 1).await;
    turn(&runtime, true).await;
    add_to_all(&runtime, 1, 2).await;
    stop_with_a_crash(&runtime, "relay/echo").await;
    drop(runtime);

    let runtime = start::<Relay>(folder.path());
    stores_unfinished(&runtime).await;
    runtime.stop().await;
    drop(runtime);

    let runtime = start::<Relay>(folder.path());
    turn(&runtime, false).await;
    becomes(&runtime, 1, 12).await;
    runtime.stop().await;
    drop(runtime);
    assert_sound(folder.path());
}

#[actix::test]
async fn outcomes_stuck_at_a_quarantined_instance_do_not_block_the_backlog() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = start::<Probe>(folder.path());
    let last = STUCK + 40;
    open_many(&runtime, usize::try_from(last).unwrap()).await;
    assert_eq!(runtime.show(COUNTERS, last, &Caller::Trusted).await.unwrap().version, 1);
    runtime.stop().await;

    let runtime = start::<Knocking>(folder.path());
    for number in STUCK + 1..=last {
        becomes(&runtime, number, 1).await;
    }
    assert_eq!(runtime.quarantine().len(), 1);
    runtime.stop().await;
}
