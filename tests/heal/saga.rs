//! A conversation crashes, or what it says finds nobody: the others go on, and it goes on later.

use crate::{
    probe::{Probe, count, say},
    relay::{BAD_DIGIT, Knocking, Relay, SAGA_IS_POISONED, STUCK},
};
use madang::{
    actors::{ActorSettings, Catalogue, Courtyard, GateSettings, Page, Settings},
    domain::kernel::{Business, Host},
    store::journal::JournalOptions,
};
use std::{path::Path, sync::atomic::Ordering};

pub const COUNTERS: usize = 0;
const TALLIES: usize = 1;

pub fn settings(data: &Path) -> Settings {
    let actors = ActorSettings { crashes_max: 1, ..ActorSettings::default() };
    // Little stays in memory, so that whoever catches up reads from disk.
    let journal = JournalOptions { feed_records_max: 64, ..JournalOptions::default() };
    // Nobody is turned away, however many come at once.
    let any_number = GateSettings { concurrency_max: Some(100_000), ..GateSettings::default() };
    let gates = [("probe/counters".to_owned(), any_number)].into();
    Settings { data: data.to_owned(), actors, journal, gates, ..Settings::default() }
}

fn start<B: Business>(data: &Path) -> Courtyard {
    Courtyard::start(settings(data), |host| {
        host.business::<B>();
    })
    .unwrap()
}

fn assert_sound(data: &Path) {
    let install = |host: &mut Catalogue| {
        host.business::<Relay>();
    };
    let findings = Catalogue::audit(settings(data), install, &mut |_, _, _| {});
    assert_eq!(findings.unwrap().flaws, Vec::<String>::new());
}

pub async fn open_many(courtyard: &Courtyard, counters: usize) {
    for_each_at_once(courtyard, counters, |courtyard, _| async move {
        say(&courtyard, "open", None, "").await.unwrap();
    })
    .await;
}

async fn add_to_all(courtyard: &Courtyard, counters: usize, digit: u32) {
    for_each_at_once(courtyard, counters, |courtyard, number| async move {
        let body = format!(r#"{{"count":{digit}}}"#);
        say(&courtyard, "add", Some(number), &body).await.unwrap();
    })
    .await;
}

async fn for_each_at_once<F: Future<Output = ()> + 'static>(
    courtyard: &Courtyard,
    numbers: usize,
    act: impl Fn(Courtyard, u64) -> F,
) {
    let acting: Vec<_> =
        (1..=numbers as u64).map(|number| actix::spawn(act(courtyard.clone(), number))).collect();
    for acting in acting {
        acting.await.unwrap();
    }
}

/// Waits until the tally of this number shows these digits, and no others before.
pub async fn becomes(courtyard: &Courtyard, number: u64, digits: u64) {
    loop {
        if let Ok(shown) = courtyard.show(TALLIES, number).await
            && count(&shown) >= digits
        {
            assert_eq!(count(&shown), digits, "tally {number}");
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn turn(courtyard: &Courtyard, suspend: bool) -> u64 {
    let context = courtyard.turn_context("relay/tallies", suspend).await.unwrap().unwrap();
    assert_eq!(context.is_suspended, suspend);
    context.figures[0].1
}

#[actix::test]
async fn a_conversation_that_crashes_is_quarantined_alone_and_goes_on_once_released() {
    let folder = tempfile::tempdir().unwrap();
    let courtyard = start::<Relay>(folder.path());
    open_many(&courtyard, 2).await;
    SAGA_IS_POISONED.store(true, Ordering::SeqCst);
    let add = |number, digit: u32| {
        let courtyard = courtyard.clone();
        async move {
            let body = format!(r#"{{"count":{digit}}}"#);
            say(&courtyard, "add", Some(number), &body).await.unwrap();
        }
    };
    add(1, 1).await;
    becomes(&courtyard, 1, 1).await;
    // Nothing else is on its way, so this is the last position, and the bad one is the next.
    let position = courtyard.show(TALLIES, 1).await.unwrap().position + 1;
    add(1, BAD_DIGIT).await;
    add(1, 2).await;
    add(2, 3).await;
    becomes(&courtyard, 2, 3).await;
    becomes(&courtyard, 1, 1).await;
    let listed = |courtyard: &Courtyard| {
        let entries = courtyard.quarantine().into_iter().filter(|entry| entry.number == 1);
        entries.map(|entry| (entry.resource, entry.because, entry.position)).collect::<Vec<_>>()
    };
    let expected = vec![("relay/echo", "panicked: a bad digit".to_owned(), Some(position))];
    while listed(&courtyard).is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(listed(&courtyard), expected);
    courtyard.stop().await;

    let courtyard = start::<Relay>(folder.path());
    while listed(&courtyard).is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(listed(&courtyard), expected, "also after a restart");
    assert!(courtyard.release_conversation("relay/echo", 1));
    while listed(&courtyard).is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(listed(&courtyard), expected, "it crashes again");

    SAGA_IS_POISONED.store(false, Ordering::SeqCst);
    assert!(courtyard.release_conversation("relay/echo", 1));
    assert!(!courtyard.release_conversation("relay/echo", 1), "released twice");
    becomes(&courtyard, 1, 102).await;
    courtyard.stop().await;
    drop(courtyard);
    assert_sound(folder.path());
}

#[actix::test]
async fn commands_for_a_suspended_kind_wait_in_the_journal_and_come_in_order_once() {
    const COUNTERS_MANY: usize = 1_500;
    let folder = tempfile::tempdir().unwrap();
    let courtyard = start::<Relay>(folder.path());
    open_many(&courtyard, COUNTERS_MANY).await;
    turn(&courtyard, true).await;
    add_to_all(&courtyard, COUNTERS_MANY, 1).await;
    add_to_all(&courtyard, COUNTERS_MANY, 2).await;
    let waiting = || courtyard.context("relay/tallies").unwrap().figures[0].1;
    while waiting() < COUNTERS_MANY as u64 {
        tokio::task::yield_now().await;
    }
    assert_eq!(waiting(), COUNTERS_MANY as u64, "one for each conversation");
    let none = Page { number: 0, size: 1, sort: Vec::new() };
    assert_eq!(courtyard.list(TALLIES, none).await.unwrap().total, 0);
    courtyard.stop().await;
    drop(courtyard);

    let courtyard = start::<Relay>(folder.path());
    assert!(courtyard.context("relay/tallies").unwrap().is_suspended, "also after a restart");
    add_to_all(&courtyard, COUNTERS_MANY, 3).await;
    turn(&courtyard, false).await;
    add_to_all(&courtyard, COUNTERS_MANY, 4).await;
    courtyard.stop().await;
    drop(courtyard);

    let courtyard = start::<Relay>(folder.path());
    add_to_all(&courtyard, COUNTERS_MANY, 5).await;
    for number in 1..=COUNTERS_MANY as u64 {
        becomes(&courtyard, number, 12_345).await;
    }
    assert_eq!(courtyard.context("relay/tallies").unwrap().figures[0].1, 0);
    courtyard.stop().await;
    drop(courtyard);
    assert_sound(folder.path());
}

#[actix::test]
async fn suspended_again_and_again_nothing_is_missed_and_nothing_comes_twice() {
    const COUNTERS_SOME: usize = 300;
    let folder = tempfile::tempdir().unwrap();
    let mut courtyard = start::<Relay>(folder.path());
    open_many(&courtyard, COUNTERS_SOME).await;
    for digit in 1..=9 {
        turn(&courtyard, digit % 3 != 0).await;
        add_to_all(&courtyard, COUNTERS_SOME, digit).await;
        turn(&courtyard, digit % 2 == 0).await;
        if digit % 4 == 0 {
            courtyard.stop().await;
            courtyard = start::<Relay>(folder.path());
        }
    }
    turn(&courtyard, false).await;
    for number in 1..=COUNTERS_SOME as u64 {
        becomes(&courtyard, number, 123_456_789).await;
    }
    courtyard.stop().await;
    drop(courtyard);
    assert_sound(folder.path());
}

#[actix::test]
async fn outcomes_stuck_at_a_quarantined_instance_do_not_keep_a_backlog_from_being_read() {
    let folder = tempfile::tempdir().unwrap();
    let courtyard = start::<Probe>(folder.path());
    let last = STUCK + 40;
    open_many(&courtyard, usize::try_from(last).unwrap()).await;
    assert_eq!(courtyard.show(COUNTERS, last).await.unwrap().version, 1);
    courtyard.stop().await;

    let courtyard = start::<Knocking>(folder.path());
    for number in STUCK + 1..=last {
        becomes(&courtyard, number, 1).await;
    }
    assert_eq!(courtyard.quarantine().len(), 1);
    courtyard.stop().await;
}
