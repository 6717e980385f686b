//! Tests of the tracing of types.

use super::*;
use crate::domain::kernel::{Id, Money, Text};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SampleEvent {
    Opened { by: Person, fee: Money },
    Renamed(Text),
    Merged { into: Option<Id<Person>>, why: Why },
    Closed,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Person {
    name: Text,
    friends: Vec<u64>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Why {
    Asked,
    Forced { reason: String },
}

/// A type whose every value contains another value of the same type.
#[derive(Debug, Serialize, Deserialize)]
struct Endless(Box<Endless>);

#[derive(Debug, Serialize, Deserialize)]
struct Chain {
    next: Option<Box<Chain>>,
}

#[test]
fn every_variant_is_described_with_its_fields_and_types() {
    let Traced { whole, types, .. } = traced::<SampleEvent>();
    let lines: Vec<_> = whole
        .variants()
        .iter()
        .map(|variant| format!("{} {}", variant.name, variant.details()))
        .collect();
    let expected = [
        "Opened by: Person, fee: Money",
        "Renamed Text",
        "Merged into: Option<Id<Person>>, why: Why",
        "Closed ",
    ];
    assert_eq!(lines, expected);
    let names: Vec<_> = types.0.keys().collect();
    assert_eq!(names, ["Person", "Why"]);
    let why = types.0["Why"].clone().variants();
    assert_eq!((why[0].name.as_str(), why[1].details().as_str()), ("asked", "reason: String"));
}

#[test]
fn every_variant_option_and_amount_that_matters_is_sampled() {
    let samples = traced::<SampleEvent>().samples;
    let forced = || Why::Forced { reason: "<reason>".into() };
    for expected in [
        SampleEvent::Closed,
        SampleEvent::Merged { into: Some(Id::new(2)), why: forced() },
        SampleEvent::Merged { into: None, why: forced() },
        SampleEvent::Opened {
            by: Person { name: "<name>".into(), friends: vec![] },
            fee: Money(0),
        },
    ] {
        assert!(samples.contains(&expected), "{expected:?} is not among {samples:?}");
    }
    assert_eq!(samples.len(), 1 + 2 + (3 * 2 + 2) + (2 + 2 + 2 + 2), "{samples:?}");
}

#[test]
fn tracing_a_recursive_type_terminates() {
    assert!(traced::<Endless>().samples.is_empty());
    assert!(!traced::<Chain>().samples.is_empty());
}
