//! Tests of sealed values: what is encrypted, and how it is read and erased.

use super::*;
use crate::{
    domain::kernel::{CardNumber, Personal, Text},
    store::{persons::KeyFolder, shape::trace, types::KindId},
};
use serde::de::DeserializeOwned;
use std::{fs, path::Path, sync::Arc};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Called { fare: u64, names: Vec<Personal>, card: Option<CardNumber>, place: Text },
    Paid(u32),
}

const AT: Place = Place { stream: Stream { kind: KindId(3), number: 7 }, version: 2, role: 0 };

fn keys(folder: &Path) -> BusinessKeys {
    let folder = KeyFolder::begin(folder).unwrap();
    BusinessKeys::of(Arc::new(folder), "taxi".to_owned())
}

fn called(name: &str) -> Event {
    let names = vec![name.into(), Personal::default(), "Kim".into()];
    let card = Some("383824245656".into());
    Event::Called { fare: 5_000, names, card, place: "Seoul".into() }
}

const OF_STREAM: Whose = Whose::Number(7);

fn sealed(event: &Event, keys: &BusinessKeys) -> Option<Vec<u8>> {
    let shape = trace::<Event>().unwrap();
    seal(&codec::encode(event), (&shape, OF_STREAM), AT, keys).unwrap()
}

fn read<T: DeserializeOwned>(sealed: &[u8], at: Place, keys: Option<&BusinessKeys>) -> T {
    codec::decode(&open(sealed, at, keys).unwrap().expect("it is sealed")).unwrap()
}

fn erased() -> Event {
    let names = vec![ERASED.into(), Personal::default(), ERASED.into()];
    Event::Called { fare: 5_000, names, card: Some(ERASED.into()), place: "Seoul".into() }
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn personal_texts_are_encrypted_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let keys = keys(folder.path());
    for name in ["Jung", &"J".repeat(300), "정"] {
        let sealed = sealed(&called(name), &keys).unwrap();
        assert!(!has(&sealed, name) && !has(&sealed, "Kim") && !has(&sealed, "5656"));
        assert!(has(&sealed, "Seoul"));
        assert_eq!(read::<Event>(&sealed, AT, Some(&keys)), called(name));
    }
    assert_eq!(sealed(&Event::Paid(1), &keys), None);
    let other = sealed(&called("Jung"), &keys);
    assert_ne!(sealed(&called("Jung"), &keys), other, "each time differently");
}

#[test]
fn a_value_whose_key_is_destroyed_shows_erased_texts() {
    let folder = tempfile::tempdir().unwrap();
    let keys = keys(folder.path());
    let before = sealed(&called("Jung"), &keys).unwrap();
    keys.destroy(7).unwrap();
    assert_eq!(read::<Event>(&before, AT, Some(&keys)), erased());
    // What is written afterwards is erased at once.
    assert_eq!(sealed(&called("Jung"), &keys), Some(codec::encode(&erased())));
}

#[test]
fn a_value_whose_key_is_lost_cannot_be_read_until_that_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let id = KeyFolder::begin(folder.path()).unwrap().id();
    let keys = || {
        let folder = KeyFolder::open(folder.path(), id).unwrap();
        BusinessKeys::of(Arc::new(folder), "taxi".to_owned())
    };
    let before = sealed(&called("Jung"), &keys()).unwrap();
    assert!(open(&before, AT, None).is_err());
    fs::write(folder.path().join("taxi-0.keys"), "").unwrap();
    let missing = Err("the key of taxi/7 is missing".to_owned());
    assert_eq!(open(&before, AT, Some(&keys())), missing);
    // The number gets another key with the next text.
    let after = sealed(&called("Kim"), &keys()).unwrap();
    let other = Err("the key of taxi/7 does not fit".to_owned());
    assert_eq!(open(&before, AT, Some(&keys())), other);
    KeyFolder::give_up_lost(folder.path(), id).unwrap();
    assert_eq!(read::<Event>(&before, AT, Some(&keys())), erased());
    assert_eq!(read::<Event>(&after, AT, Some(&keys())), called("Kim"));
}

#[test]
fn a_piece_fits_no_other_place() {
    let folder = tempfile::tempdir().unwrap();
    let keys = keys(folder.path());
    let sealed = sealed(&called("Jung"), &keys).unwrap();
    for other in [Place { version: 3, ..AT }, Place { role: 1, ..AT }] {
        let read = open(&sealed, other, Some(&keys));
        assert_eq!(read, Err("the key of taxi/7 does not fit".to_owned()), "{other:?}");
    }
}

#[test]
fn each_element_of_a_list_has_the_key_of_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let keys = keys(folder.path());
    let list = |second: Event| vec![(7_u64, called("Jung")), (8, second), (9, Event::Paid(1))];
    let shape = trace::<Vec<(u64, Event)>>().unwrap();
    let encoded = codec::encode(&list(called("Lee")));
    let sealed = seal(&encoded, (&shape, Whose::Elements), AT, &keys).unwrap().unwrap();
    assert!(!has(&sealed, "Jung") && !has(&sealed, "Lee"));
    let read = || read::<Vec<(u64, Event)>>(&sealed, AT, Some(&keys));
    assert_eq!(read(), list(called("Lee")));
    keys.destroy(8).unwrap();
    assert_eq!(read(), list(erased()));
    let again = seal(&encoded, (&shape, Whose::Elements), AT, &keys).unwrap().unwrap();
    let opened = open(&again, AT, Some(&keys)).unwrap();
    assert_eq!(opened, Some(codec::encode(&list(erased()))));
}

#[test]
fn a_value_in_clear_is_redacted() {
    let shape = trace::<Event>().unwrap();
    let redacted = |encoded: &[u8], number| {
        redact(encoded, (&shape, OF_STREAM), &|found| Ok(found == number)).unwrap()
    };
    let encoded = codec::encode(&called("Jung"));
    assert_eq!(redacted(&encoded, 7), Some(codec::encode(&erased())));
    assert_eq!(redacted(&encoded, 8), None);
    assert_eq!(redacted(&codec::encode(&erased()), 7), None);
}

#[test]
fn a_value_is_sealed_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let keys = keys(folder.path());
    let sealed = seal_all(b"{}", 7, AT, &keys).unwrap().unwrap();
    assert_eq!(open_all(&sealed, AT, Some(&keys)).unwrap(), Opened::Whole(b"{}".to_vec()));
    assert_eq!(open_all(b"{}", AT, Some(&keys)).unwrap(), Opened::Clear);
    keys.destroy(7).unwrap();
    assert_eq!(open_all(&sealed, AT, Some(&keys)).unwrap(), Opened::Erased);
    assert_eq!(seal_all(b"{}", 7, AT, &keys).unwrap(), None);
}
