//! Tests of the persisted settings of gates, on a journal whose disk fails on purpose.

use super::*;
use crate::{
    actors::gate::{GateKind, GateSettings, GatesSettings},
    store::{
        codec,
        faults::Faults,
        journal::{JournalOptions, SledJournal},
    },
};
use serde_json::json;
use std::{
    io,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

const DOOR: &str = "a/door";

fn changes(value: &Value) -> &Map<String, Value> {
    value.as_object().expect("an object")
}

/// The gates of a server that starts on this journal with this section for its one gate.
fn started(journal: &Arc<dyn Journal>, section: &Value) -> (GateSettingsLog, Arc<Gates>) {
    let (log, persisted) = GateSettingsLog::open(Arc::clone(journal)).expect("a journal");
    let section: GateSettings = serde_json::from_value(section.clone()).expect("settings");
    let settings = GatesSettings::from([(DOOR.to_owned(), section)]);
    let gates = Gates::new(settings, persisted, Arc::new(()));
    gates.with(DOOR, GateKind::Port);
    (log, gates)
}

fn journal(folder: &Path, faults: Faults) -> Arc<dyn Journal> {
    let options = JournalOptions { faults, ..JournalOptions::default() };
    SledJournal::open(folder, options).expect("a journal")
}

fn shown(gates: &Gates) -> (Option<usize>, Option<u64>) {
    let info = gates.info(DOOR).expect("is there");
    (info.settings.concurrency_max, info.settings.open_ms)
}

#[tokio::test]
async fn persisted_keys_precede_the_section_and_others_follow_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path(), Faults::default());
    let (log, gates) = started(&journal, &json!({"concurrency_max": 5, "open_ms": 7}));
    let change = json!({"concurrency_max": 9});
    log.persist(&gates, DOOR, changes(&change), &Caller::Trusted).await.unwrap().unwrap();
    assert_eq!(shown(&gates), (Some(9), Some(7)));
    let (log, gates) = started(&journal, &json!({"concurrency_max": 6, "open_ms": 8}));
    assert_eq!(shown(&gates), (Some(9), Some(8)));
    // A null is the default, whatever the section says.
    let change = json!({"open_ms": null});
    log.persist(&gates, DOOR, changes(&change), &Caller::Trusted).await.unwrap().unwrap();
    let (log, gates) = started(&journal, &json!({"open_ms": 8}));
    assert_eq!(shown(&gates), (Some(9), GateSettings::usual(GateKind::Port).open_ms));
    log.forget(&gates, DOOR, &Caller::Trusted).await.unwrap().unwrap();
    assert_eq!(shown(&gates), (None, Some(8)));
    assert_eq!(shown(&started(&journal, &json!({"open_ms": 8})).1), (None, Some(8)));
    journal.close();
}

#[tokio::test]
async fn a_reload_changes_what_is_not_persisted() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path(), Faults::default());
    let (log, gates) = started(&journal, &json!({"open_ms": 7}));
    let change = json!({"concurrency_max": 9});
    log.persist(&gates, DOOR, changes(&change), &Caller::Trusted).await.unwrap().unwrap();
    gates.reconfigure(DOOR, changes(&json!({"concurrency_max": 3}))).unwrap().unwrap();
    let section = GateSettings { open_ms: Some(8), ..GateSettings::default() };
    gates.reload(&GatesSettings::from([(DOOR.to_owned(), section)]));
    assert_eq!(shown(&gates), (Some(9), Some(8)));
    journal.close();
}

#[tokio::test]
async fn what_would_not_fit_at_the_next_start_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path(), Faults::default());
    let (log, gates) = started(&journal, &json!({}));
    gates.reconfigure(DOOR, changes(&json!({"concurrency_max": 9}))).unwrap().unwrap();
    let change = json!({"concurrency_min": 4});
    let refused = log.persist(&gates, DOOR, changes(&change), &Caller::Trusted).await.unwrap_err();
    assert!(refused.to_string().ends_with("at the next start"), "{refused}");
    assert_eq!(gates.info(DOOR).unwrap().persisted, None);
    let unknown = log.persist(&gates, "a/none", changes(&change), &Caller::Trusted).await;
    assert_eq!(unknown.unwrap(), None);
    assert_eq!(log.forget(&gates, "a/none", &Caller::Trusted).await.unwrap(), None);
    journal.close();
}

#[tokio::test]
async fn persisted_keys_that_no_longer_fit_the_section_prevent_no_start() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path(), Faults::default());
    let (log, gates) = started(&journal, &json!({"concurrency_max": 9}));
    let change = json!({"concurrency_min": 4});
    log.persist(&gates, DOOR, changes(&change), &Caller::Trusted).await.unwrap().unwrap();
    let (_, gates) = started(&journal, &json!({"concurrency_max": 3}));
    assert_eq!(shown(&gates).0, Some(3));
    let problem = gates.info(DOOR).unwrap().persisted.unwrap().problem.unwrap();
    assert!(problem.starts_with("concurrency_min is at most"), "{problem}");
    journal.close();
}

#[tokio::test]
async fn the_window_that_is_persisted_last_replaces_the_other_one() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path(), Faults::default());
    let (log, gates) = started(&journal, &json!({"window_calls": 50}));
    for change in [json!({"window_calls": 60}), json!({"window_s": 3})] {
        log.persist(&gates, DOOR, changes(&change), &Caller::Trusted).await.unwrap().unwrap();
    }
    let (_, gates) = started(&journal, &json!({"window_calls": 50}));
    let settings = gates.info(DOOR).unwrap().settings;
    assert_eq!((settings.window_s, settings.window_calls), (Some(3), None));
    journal.close();
}

#[tokio::test]
async fn a_change_in_doubt_ends_in_the_state_that_the_next_start_reads() {
    let folder = tempfile::tempdir().unwrap();
    let is_failing = Arc::new(AtomicBool::new(false));
    let fails = Arc::clone(&is_failing);
    let faults = Faults::before_each_sync(move || {
        let fails = fails.swap(false, Ordering::SeqCst);
        if fails { Err(io::Error::other("on purpose")) } else { Ok(()) }
    });
    let journal = journal(folder.path(), faults);
    let (log, gates) = started(&journal, &json!({}));
    is_failing.store(true, Ordering::SeqCst);
    let change = json!({"open_ms": 9});
    let persisted = log.persist(&gates, DOOR, changes(&change), &Caller::Trusted).await;
    let kept = gates.info(DOOR).unwrap().persisted;
    assert_eq!(persisted.is_ok(), kept.is_some(), "{persisted:?}");
    assert_eq!(started(&journal, &json!({})).1.info(DOOR).unwrap().persisted, kept);
    journal.close();
}

#[test]
fn the_stored_form_of_changes_never_changes() {
    let gate = || "a/door".to_owned();
    let persisted = GateChange::Persisted { gate: gate(), keys: "{}".to_owned() };
    assert_eq!(codec::encode(&persisted), [&[1, 0, 6][..], b"a/door", &[2], b"{}"].concat());
    let forgotten = GateChange::Forgotten { gate: gate() };
    assert_eq!(codec::encode(&forgotten), [&[1, 1, 6][..], b"a/door"].concat());
}
