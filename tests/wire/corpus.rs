//! Every value that was ever stored can be read: a corpus of stored bytes, by the shape of their
//! type.
//!
//! Each file of `tests/wire/corpus` holds the types whose shapes were new at some time, with values
//! of that shape. A type that is not in a later file has not changed. A change of a stored type
//! needs a new file: `NEW_SHAPES=1 cargo test --test wire corpus` writes it. No file is ever changed.

use madang::{
    actors::StoredTypes,
    domain::{self, kernel::Business},
    store::{evolution::StoredType, shape::Shape},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path};

const FOLDER: &str = "tests/wire/corpus";

/// A type of the corpus.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    /// The shape; `None` for the shape that stores had before they remembered shapes.
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<Shape>,
    /// The bytes of values in hexadecimal digits, and what they mean.
    values: Vec<(String, Value)>,
}

type Types = BTreeMap<String, Stored>;

/// The files of the corpus, the first one first.
fn corpus() -> Vec<Types> {
    let entries = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.collect();
    paths.sort_unstable();
    let files = paths.iter().map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap());
    files.collect()
}

/// The shapes that stores had before they remembered shapes.
fn unrecorded() -> BTreeMap<String, Shape> {
    let of = |shapes: Option<&str>| -> BTreeMap<String, Shape> {
        serde_json::from_str(shapes.unwrap()).unwrap()
    };
    let businesses = [
        domain::insurance::Insurance::UNRECORDED_SHAPES,
        domain::claims::Claims::UNRECORDED_SHAPES,
        domain::phone::PhoneShop::UNRECORDED_SHAPES,
        domain::rental::CarRental::UNRECORDED_SHAPES,
        domain::taxi::CallTaxi::UNRECORDED_SHAPES,
        domain::education::Education::UNRECORDED_SHAPES,
    ];
    businesses.into_iter().flat_map(of).collect()
}

fn today() -> Vec<StoredType> {
    StoredTypes::installed(domain::install).unwrap()
}

/// Snapshots of another shape are not read, so they need no corpus.
fn is_read(name: &str) -> bool {
    !name.ends_with(" snapshot")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
    digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect()
}

#[test]
fn every_stored_type_has_its_shape_in_the_corpus() {
    let (files, unrecorded) = (corpus(), unrecorded());
    let shape_of =
        |name: &str, of: &Stored| of.shape.clone().unwrap_or_else(|| unrecorded[name].clone());
    let mut new = Vec::new();
    let types = today();
    for stored in types.iter().filter(|stored| is_read(stored.name())) {
        let name = stored.name();
        let latest = files.iter().rev().find_map(|types| types.get(name));
        if latest.is_none_or(|latest| shape_of(name, latest) != *stored.shape()) {
            new.push(stored);
        }
    }
    if new.is_empty() {
        return;
    }
    let names: Vec<_> = new.iter().map(|stored| stored.name()).collect();
    assert!(
        env::var_os("NEW_SHAPES").is_some(),
        "the stored types {names:?} have new shapes: `NEW_SHAPES=1 cargo test --test wire corpus` \
         adds them to the corpus"
    );
    let lines = new.iter().map(|stored| {
        let shape = stored.shape();
        let values = stored.samples().unwrap();
        let values =
            values.iter().map(|bytes| (hex(bytes), StoredType::read(shape, bytes).unwrap()));
        let of = Stored { shape: Some(shape.clone()), values: values.collect() };
        format!("{}: {}", serde_json::json!(stored.name()), serde_json::to_string(&of).unwrap())
    });
    let lines: Vec<_> = lines.collect();
    let path = Path::new(FOLDER).join(format!("{:04}.json", files.len() + 1));
    fs::write(path, format!("{{\n{}\n}}\n", lines.join(",\n"))).unwrap();
}

#[test]
fn every_stored_value_of_the_corpus_is_read_today() {
    let (types, unrecorded) = (today(), unrecorded());
    let mut read = 0;
    for (name, of) in corpus().iter().flatten() {
        let Some(stored) = types.iter().find(|stored| stored.name() == name) else { continue };
        let shape = of.shape.as_ref().unwrap_or_else(|| &unrecorded[name]);
        for (hex, value) in &of.values {
            let bytes = bytes(hex);
            assert_eq!(StoredType::read(shape, &bytes).as_ref(), Ok(value), "{name}");
            // A value of today's shape is not converted.
            if shape != stored.shape() {
                let today = stored.convert(shape, &bytes);
                today.unwrap_or_else(|reason| panic!("{name}: {value}: {reason}"));
            }
            read += 1;
        }
    }
    assert!(read > 700, "{read} values");
}
