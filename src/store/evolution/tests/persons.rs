//! Tests of personal texts: how they are stored, read and erased.

use super::{Catalogue, Place, StoredType, events, orders};
use crate::{
    domain::kernel::{ERASED, Personal, Timestamp, Upcasters},
    store::{
        Answer, Answers, Payload, StoredAnswer, StoredOutcome, StoredReply, StoredSuccess, codec,
        evolution::Upcasting,
        journal::{Checkpoint, Entry, Journal, MemoryJournal, ReadLevel, Snapshot, Submission},
    },
};
use serde::{Deserialize, Serialize};
use std::{path::Path, sync::Arc, time::Duration};

const KEY: u128 = 7;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Placed { item: String, name: Personal },
}

fn placed(name: &str) -> Event {
    Event::Placed { item: "tea".into(), name: name.into() }
}

type Opened = (Arc<dyn Journal>, Arc<Upcasting>);

fn catalogue(journal: &Arc<MemoryJournal>, keys: &Path) -> Catalogue {
    let journal = Arc::clone(journal) as Arc<dyn Journal>;
    Catalogue::open(journal, |_| None).unwrap().with_keys(keys, true).unwrap()
}

fn stored() -> StoredType {
    StoredType::of::<Event>("shop/orders event", Upcasters::none()).unwrap()
}

fn opened(journal: &Arc<MemoryJournal>, keys: &Path) -> Opened {
    let mut catalogue = catalogue(journal, keys);
    for place in [Place::Event, Place::Snapshot] {
        catalogue.add("shop/orders", place, stored()).unwrap();
    }
    catalogue.remember().unwrap()
}

/// Submits an order with a snapshot and an answer.
fn write(journal: &dyn Journal, name: &str) {
    let (stream, event) = (orders(journal), placed(name));
    let encoded = codec::encode(&event);
    let reply = StoredReply {
        success: StoredSuccess::Created,
        number: 1,
        version: 1,
        position: 1,
        body: name.as_bytes().to_vec(),
        available_commands: Vec::new(),
    };
    let outcome = StoredOutcome::Replied(reply);
    let answer = StoredAnswer { fingerprint: 1, stream, outcome };
    let after_version = journal.last_version(stream).unwrap();
    let submission = Submission {
        after_version,
        entries: vec![Entry {
            payload: Payload::Event(encoded.clone()),
            typed: Some(Arc::new(event)),
        }],
        snapshot: Some(Snapshot { version: after_version + 1, shape: 1, state: encoded }),
        answer: Some(Answers::from(Answer { key: KEY, answer, is_first: true })),
        ..Submission::of(stream, journal.generation(), Timestamp(1))
    };
    journal.submit(submission).unwrap();
}

fn destroy_keys(upcasting: &Upcasting) {
    upcasting.personal_kinds().for_each(|(_, keys)| keys.destroy(1).unwrap());
}

fn body(journal: &dyn Journal) -> Option<Vec<u8>> {
    match journal.answer(KEY).unwrap().unwrap().outcome {
        StoredOutcome::Replied(reply) => Some(reply.body),
        StoredOutcome::Accepted { version: 1 } => None,
        other => panic!("{other:?}"),
    }
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn events_snapshots_and_answers_are_encrypted_below_and_clear_above() {
    let folder = tempfile::tempdir().unwrap();
    let below = MemoryJournal::new();
    let (journal, upcasting) = opened(&below, folder.path());
    write(&*journal, "Jung");
    assert_eq!(events::<Event>(&*journal), [placed("Jung")]);
    let stream = orders(&*journal);
    let snapshot = journal.snapshot(stream).unwrap().unwrap();
    assert_eq!(codec::decode(&snapshot.state), Ok(placed("Jung")));
    assert_eq!(body(&*journal).unwrap(), b"Jung");

    let record = &below.some_records(stream, 0, 9).unwrap()[0];
    let Payload::Event(event) = &record.payload else { panic!("{record:?}") };
    let state = below.snapshot(stream).unwrap().unwrap().state;
    for bytes in [event, &state, &body(&*below).unwrap()] {
        assert!(!has(bytes, "Jung"));
    }
    assert!(has(event, "tea") && has(&state, "tea"));
    assert!(!upcasting.is_in_clear(record).unwrap());
}

#[test]
fn an_erased_person_is_erased_in_everything_that_was_and_will_be_stored() {
    let folder = tempfile::tempdir().unwrap();
    let below = MemoryJournal::new();
    let (journal, upcasting) = opened(&below, folder.path());
    write(&*journal, "Jung");
    destroy_keys(&upcasting);
    let stream = orders(&*journal);
    for (journal, _) in [(Arc::clone(&journal), upcasting), opened(&below, folder.path())] {
        assert_eq!(events::<Event>(&*journal), [placed(ERASED)]);
        let snapshot = journal.snapshot(stream).unwrap().unwrap();
        assert_eq!(snapshot.state, codec::encode(&placed(ERASED)), "as the events lead to it");
        assert_eq!(body(&*journal), None, "only that the command was carried out");
    }
    // What is at work still has the text.
    write(&*journal, "Jung");
    assert_eq!(events::<Event>(&*journal), [placed(ERASED), placed(ERASED)]);
    let written = &below.some_records(stream, 1, 9).unwrap()[0];
    assert_eq!(written.payload, Payload::Event(codec::encode(&placed(ERASED))));
    let records = journal.read(0, 9, ReadLevel::Submitted).unwrap();
    assert!(records.iter().all(|record| record.typed.is_none()), "memory has no older event");
}

#[test]
fn values_from_before_the_encryption_are_read_and_shown_as_erased_once_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let below = MemoryJournal::new();
    write(&*below, "Jung");
    let (journal, upcasting) = opened(&below, folder.path());
    assert_eq!(events::<Event>(&*journal), [placed("Jung")]);
    assert_eq!(body(&*journal).unwrap(), b"Jung");
    let record = &below.some_records(orders(&*below), 0, 9).unwrap()[0];
    assert!(upcasting.is_in_clear(record).unwrap());
    destroy_keys(&upcasting);
    assert_eq!(events::<Event>(&*journal), [placed(ERASED)]);
    let snapshot = journal.snapshot(orders(&*journal)).unwrap().unwrap();
    assert_eq!(codec::decode(&snapshot.state), Ok(placed(ERASED)));
    assert_eq!(body(&*journal), None);
}

#[test]
fn a_text_that_is_not_personal_any_more_is_read_from_what_was_encrypted() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    enum Event {
        Placed { item: String, name: String },
    }
    let folder = tempfile::tempdir().unwrap();
    let below = MemoryJournal::new();
    write(&*opened(&below, folder.path()).0, "Jung");
    let of = || StoredType::of::<Event>("shop/orders event", Upcasters::none()).unwrap();
    let reopened = || {
        let mut catalogue = catalogue(&below, folder.path());
        for place in [Place::Event, Place::Snapshot] {
            catalogue.add("shop/orders", place, of()).unwrap();
        }
        catalogue.remember().unwrap().0
    };
    let placed = |name: &str| Event::Placed { item: "tea".into(), name: name.into() };
    let journal = reopened();
    assert_eq!(events::<Event>(&*journal), [placed("Jung")]);
    let snapshot = journal.snapshot(orders(&*journal)).unwrap().unwrap();
    assert_eq!(codec::decode(&snapshot.state), Ok(placed("Jung")));
    assert_eq!(body(&*journal).unwrap(), b"Jung");
    destroy_keys(&opened(&below, folder.path()).1);
    assert_eq!(events::<Event>(&*reopened()), [placed(ERASED)]);
}

#[test]
fn a_store_is_not_opened_without_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let below = MemoryJournal::new();
    write(&*opened(&below, folder.path()).0, "Jung");
    let others = tempfile::tempdir().unwrap();
    for is_begun in [true, false] {
        let journal = Arc::clone(&below) as Arc<dyn Journal>;
        let catalogue = Catalogue::open(journal, |_| None).unwrap();
        let Err(refused) = catalogue.with_keys(others.path(), is_begun) else {
            panic!("these are not its keys");
        };
        assert!(refused.to_string().contains("it is missing"), "{refused}");
    }
    let (journal, _) = opened(&below, folder.path());
    assert_eq!(events::<Event>(&*journal), [placed("Jung")]);
}

#[test]
fn states_of_sagas_are_encrypted_with_the_keys_of_their_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let below = MemoryJournal::new();
    let place_of = |key| Some(if key > 99 { (Place::Parked, 1) } else { (Place::Instances, key) });
    let mut catalogue = Catalogue::open(Arc::clone(&below) as Arc<dyn Journal>, place_of).unwrap();
    catalogue = catalogue.with_keys(folder.path(), true).unwrap();
    let name = "saga shop/tea";
    let group = StoredType::of::<Vec<(u64, Event)>>(format!("{name} instances"), Upcasters::none());
    catalogue.add(name, Place::Instances, group.unwrap()).unwrap();
    catalogue.add(name, Place::Parked, stored()).unwrap();
    let (journal, upcasting) = catalogue.remember().unwrap();
    let subscriber = journal.kind(name).unwrap();
    let instances = |first: &str| codec::encode(&[(1_u64, placed(first)), (2, placed("Kim"))][..]);
    let conversations =
        vec![(1, Some(instances("Jung"))), (100, Some(codec::encode(&placed("Jung"))))];
    let generation = journal.generation();
    journal.checkpoint(Checkpoint { subscriber, generation, position: 0, conversations }).unwrap();
    assert!(journal.settle(Duration::from_secs(60)));
    let states = |journal: &dyn Journal| {
        [1, 100].map(|key| journal.conversation(subscriber, key).unwrap().unwrap())
    };
    assert_eq!(states(&*journal), [instances("Jung"), codec::encode(&placed("Jung"))]);
    for state in states(&*below) {
        assert!(!has(&state, "Jung") && !has(&state, "Kim"));
    }
    destroy_keys(&upcasting);
    assert_eq!(states(&*journal), [instances(ERASED), codec::encode(&placed(ERASED))]);
}
