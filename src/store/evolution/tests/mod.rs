//! Tests of the catalogue of stored types, on a journal in memory.

mod persons;

use super::{Catalogue, Place, StoredType};
use crate::{
    domain::kernel::{Timestamp, Upcasters},
    store::{
        Payload, Stream, codec,
        journal::{Entry, Journal, MemoryJournal, Snapshot, Submission},
    },
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::Arc;

const NAME: &str = "shop/orders event";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum First {
    Placed { item: String },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum WithAnotherVariant {
    Placed { item: String },
    Sent,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum WithAnotherField {
    Placed {
        #[serde(default)]
        quantity: u32,
        item: String,
    },
    Sent,
}

/// Opens a journal for a binary in which the events and the snapshots have this type.
fn opened_for<T: Serialize + DeserializeOwned>(
    journal: &Arc<MemoryJournal>,
    unrecorded: Option<&str>,
) -> Result<Arc<dyn Journal>, String> {
    let journal = Arc::clone(journal) as Arc<dyn Journal>;
    let mut catalogue = Catalogue::open(journal, |_| None).unwrap();
    if let Some(unrecorded) = unrecorded {
        catalogue.assume(unrecorded).unwrap();
    }
    for place in [Place::Event, Place::Snapshot] {
        let stored = StoredType::of::<T>(NAME, Upcasters::none())?;
        catalogue.add("shop/orders", place, stored).unwrap();
    }
    catalogue.remember().map(|(journal, _)| journal)
}

fn orders(journal: &dyn Journal) -> Stream {
    Stream { kind: journal.kind("shop/orders").unwrap(), number: 1 }
}

fn write<T: Serialize>(journal: &dyn Journal, after_version: u32, event: &T) {
    let stream = orders(journal);
    let payload = Payload::Event(codec::encode(event));
    let state = codec::encode(event);
    let submission = Submission {
        after_version,
        entries: vec![Entry { payload, typed: None }],
        snapshot: Some(Snapshot { version: after_version + 1, shape: 1, state }),
        ..Submission::of(stream, journal.generation(), Timestamp(1))
    };
    journal.submit(submission).unwrap();
}

fn events<T: DeserializeOwned>(journal: &dyn Journal) -> Vec<T> {
    let records = journal.some_records(orders(journal), 0, 99).unwrap();
    let events = records.iter().map(|record| match &record.payload {
        Payload::Event(bytes) => codec::decode(bytes).unwrap(),
        other => panic!("{other:?}"),
    });
    events.collect()
}

/// The bytes of all events as they are in the journal below.
fn stored(journal: &MemoryJournal) -> Vec<Payload> {
    let records = journal.some_records(orders(journal), 0, 99).unwrap();
    records.into_iter().map(|record| record.payload).collect()
}

#[test]
fn a_further_variant_leaves_the_bytes_and_the_snapshots_as_they_are() {
    let below = MemoryJournal::new();
    let placed = First::Placed { item: "tea".into() };
    write(&*opened_for::<First>(&below, None).unwrap(), 0, &placed);
    let journal = opened_for::<WithAnotherVariant>(&below, None).unwrap();
    write(&*journal, 1, &WithAnotherVariant::Sent);
    let sent = Payload::Event(codec::encode(&WithAnotherVariant::Sent));
    assert_eq!(stored(&below), [Payload::Event(codec::encode(&placed)), sent]);
    assert!(journal.snapshot(orders(&*journal)).unwrap().is_some());
    let refused = opened_for::<First>(&below, None).err().unwrap();
    assert!(refused.contains("unknown variant `Sent`"), "{refused}");
}

#[test]
fn a_further_field_converts_what_is_stored_and_names_the_shape_of_what_is_written() {
    use WithAnotherField::{Placed, Sent};
    let below = MemoryJournal::new();
    let placed = First::Placed { item: "tea".into() };
    write(&*opened_for::<First>(&below, None).unwrap(), 0, &placed);
    let journal = opened_for::<WithAnotherField>(&below, None).unwrap();
    assert_eq!(journal.snapshot(orders(&*journal)).unwrap(), None);
    write(&*journal, 1, &Sent);
    let mut sent = codec::encode(&Sent);
    codec::name_shape(&mut sent, 2);
    assert_eq!(stored(&below), [codec::encode(&placed), sent].map(Payload::Event));
    for _ in 0..2 {
        let journal = opened_for::<WithAnotherField>(&below, None).unwrap();
        assert_eq!(
            events::<WithAnotherField>(&*journal),
            [Placed { quantity: 0, item: "tea".into() }, Sent]
        );
        let snapshot = journal.snapshot(orders(&*journal)).unwrap().unwrap();
        assert_eq!((snapshot.version, snapshot.shape), (2, 1));
    }
}

#[test]
fn a_store_without_shapes_is_read_in_the_shapes_of_its_time() {
    let shape = StoredType::of::<First>(NAME, Upcasters::none()).unwrap();
    let unrecorded = serde_json::json!({ NAME: shape.shape() }).to_string();
    let unrecorded = Some(unrecorded.as_str());
    let below = MemoryJournal::new();
    write(&*below, 0, &First::Placed { item: "tea".into() });
    let journal = opened_for::<WithAnotherField>(&below, unrecorded).unwrap();
    assert_eq!(
        events::<WithAnotherField>(&*journal),
        [WithAnotherField::Placed { quantity: 0, item: "tea".into() }]
    );
    // A new store begins with the shape of today.
    let below = MemoryJournal::new();
    let journal = opened_for::<WithAnotherField>(&below, unrecorded).unwrap();
    write(&*journal, 0, &WithAnotherField::Sent);
    assert_eq!(stored(&below), [Payload::Event(codec::encode(&WithAnotherField::Sent))]);
}

#[test]
fn a_type_that_is_written_in_another_form_than_it_is_read_is_refused() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Short {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        item: String,
    }
    let refused = opened_for::<Short>(&MemoryJournal::new(), None).err().unwrap();
    assert!(refused.contains("skip_serializing_if"), "{refused}");
}
