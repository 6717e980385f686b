//! Tests of the tracing of types.

use super::*;
use crate::{
    domain::kernel::{Amount, Currency, Date, Id, Money, Percent, Period, Text},
    model::shape::details,
};
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
    called: Option<Nickname>,
}

/// A value of the business that is read from a text.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "String")]
struct Nickname(String);

impl From<String> for Nickname {
    fn from(text: String) -> Self {
        Self(text)
    }
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
    assert_eq!(names, ["Nickname", "Person", "Why"]);
    assert_eq!(types.0["Nickname"], Definition::Value("String".to_owned()));
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
            by: Person { name: "<name>".into(), friends: vec![], called: None },
            fee: Money(0),
        },
        SampleEvent::Renamed("".into()),
        SampleEvent::Renamed("x".repeat(101).as_str().into()),
    ] {
        assert!(samples.contains(&expected), "{expected:?} is not among {samples:?}");
    }
    let (closed, renamed, merged) = (1, 4, 2 + 2 + (2 + 2 + 2 * 3));
    let opened = 2 * (2 * (1 + 3 + 3) + 3) + 2 * 3;
    assert_eq!(samples.len(), closed + renamed + merged + opened, "{samples:?}");
}

#[test]
fn tracing_a_recursive_type_terminates() {
    assert!(traced::<Endless>().samples.is_empty());
    assert!(!traced::<Chain>().samples.is_empty());
}

#[test]
fn the_values_of_the_language_are_sampled() {
    let periods = traced::<Period>().samples;
    assert!(periods.iter().all(|period| period.from() < period.until()), "{periods:?}");
    let Traced { whole, types, samples } = traced::<Offer>();
    let fields = "night: Date, stay: Period, discount: Percent, price: Amount";
    assert_eq!(details(&whole.variants()[0].fields), fields);
    assert!(types.0.contains_key("Currency") && !types.0.contains_key("Date"), "{types:?}");
    assert!(samples.iter().any(|offer| offer.price.currency() == Currency::Usd));
}

#[derive(Debug, Serialize, Deserialize)]
struct Offer {
    night: Date,
    stay: Period,
    discount: Percent,
    price: Amount,
}
