//! Tests of shapes: tracing, reading by a shape, and upcasting.

use super::{Shape, from_value, samples, trace, upcast};
use crate::{
    domain::kernel::{CardNumber, Id, Money, Text, Upcasters},
    store::codec,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

/// What an order was in the beginning.
mod before {
    use super::{Deserialize, Serialize, Text};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub enum Event {
        Ordered { name: Text, qty: u32, at: Place },
        Paid(u64),
        Over,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub struct Place {
        pub street: String,
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Placed {
        customer: Option<u64>,
        name: Text,
        quantity: u64,
        at: Place,
    },
    Paid(u64),
    Over {
        #[serde(default)]
        reason: String,
    },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Place {
    street: String,
    #[serde(default)]
    city: String,
}

fn upcasters() -> Upcasters {
    Upcasters::none()
        .rename_variant("Event", "Ordered", "Placed")
        .rename_field("Event::Ordered", "qty", "quantity")
        .fill("Event::Ordered", "customer", |_| Value::Null)
        .fill("Place", "city", |fields| fields["street"].clone())
}

/// Reads a value that was stored as another type.
fn converted<Stored, Today>(value: &Stored, upcasters: &Upcasters) -> Result<Today, String>
where
    Stored: Serialize + DeserializeOwned,
    Today: DeserializeOwned,
{
    let shape = trace::<Stored>()?;
    let bytes = codec::encode(value);
    let (_, bytes) = codec::shape_of(&bytes).map_err(|error| error.to_string())?;
    let mut value = shape.read(bytes).map_err(|error| error.to_string())?;
    upcast(&shape, &mut value, upcasters);
    from_value(value)
}

#[test]
fn a_stored_event_gains_fields_and_gets_other_names() {
    let at = || before::Place { street: "Elm".into() };
    let before = before::Event::Ordered { name: "Jung".into(), qty: 7, at: at() };
    assert_eq!(
        converted::<_, Event>(&before, &upcasters()),
        Ok(Event::Placed {
            customer: None,
            name: "Jung".into(),
            quantity: 7,
            at: Place { street: "Elm".into(), city: "Elm".into() }
        })
    );
    let paid = converted::<_, Event>(&before::Event::Paid(3), &upcasters());
    assert_eq!(paid, Ok(Event::Paid(3)));
    let over = converted::<_, Event>(&before::Event::Over, &upcasters());
    assert_eq!(over, Ok(Event::Over { reason: String::new() }));
}

#[test]
fn what_cannot_be_read_or_would_be_lost_is_named() {
    let before = || before::Event::Ordered {
        name: "Jung".into(),
        qty: 7,
        at: before::Place { street: "Elm".into() },
    };
    let error = |upcasters: Upcasters| converted::<_, Event>(&before(), &upcasters).unwrap_err();
    assert!(error(Upcasters::none()).contains("unknown variant `Ordered`"));
    let renamed = || Upcasters::none().rename_variant("Event", "Ordered", "Placed");
    assert_eq!(error(renamed()), "unknown field `qty`");
    assert_eq!(error(renamed().drop_field("Event::Ordered", "qty")), "missing field `quantity`");
}

/// Every value of a shape is read from its bytes as it is, and encoded to the same bytes.
fn assert_whole<T: Serialize + DeserializeOwned + Debug>() -> Shape {
    let shape = trace::<T>().unwrap();
    for sample in samples(&shape) {
        let value: T = from_value(sample.clone()).unwrap();
        let bytes = codec::encode(&value);
        let (number, bytes) = codec::shape_of(&bytes).unwrap();
        assert_eq!((number, shape.read(bytes)), (1, Ok(sample)));
    }
    shape
}

#[test]
fn all_parts_of_a_type_have_a_shape() {
    #[derive(Debug, Serialize, Deserialize)]
    struct Whole {
        id: Id<()>,
        card: CardNumber,
        list: Vec<(bool, char, i64, f64)>,
        map: BTreeMap<Id<()>, Option<Money>>,
        set: BTreeSet<u8>,
        unit: (),
        event: Event,
    }
    let shape = assert_whole::<Whole>();
    let Shape::Struct(name, fields) = &shape else { panic!("{shape:?}") };
    assert_eq!(name, "Whole");
    assert_eq!(fields[0], ("id".to_owned(), Shape::U64));
    assert_eq!(fields[1], ("card".to_owned(), Shape::Personal));
    assert_eq!(fields[5], ("unit".to_owned(), Shape::Unit));
    let text = serde_json::to_string(&shape).unwrap();
    assert_eq!(serde_json::from_str::<Shape>(&text).unwrap(), shape);
}

#[test]
fn a_shape_with_further_variants_reads_the_same_bytes() {
    #[derive(Serialize, Deserialize)]
    enum Two {
        A(u64),
        B,
    }
    #[derive(Serialize, Deserialize)]
    enum Three {
        A(u64),
        B,
        C,
    }
    let (two, three) = (trace::<Vec<Two>>().unwrap(), trace::<Vec<Three>>().unwrap());
    assert!(three.extends(&two) && two.extends(&two) && !two.extends(&three));
    assert!(!trace::<Vec<(Two,)>>().unwrap().extends(&two));
}

#[test]
fn a_type_that_cannot_be_stored_is_refused_with_a_sentence() {
    #[derive(Debug, Deserialize)]
    struct Flat {
        #[serde(flatten)]
        _place: Place,
    }
    #[derive(Debug, Deserialize)]
    struct Nested {
        _inner: Option<Box<Self>>,
    }
    assert!(trace::<Flat>().unwrap_err().contains("#[serde(flatten)]"));
    assert_eq!(trace::<Value>().unwrap_err(), trace::<Flat>().unwrap_err());
    assert_eq!(trace::<Nested>().unwrap_err(), "a type that contains itself cannot be stored");
}

#[test]
fn the_number_of_a_shape_is_named_from_the_second_on() {
    let mut bytes = codec::encode(&7_u64);
    codec::name_shape(&mut bytes, 1);
    assert_eq!(bytes, codec::encode(&7_u64));
    codec::name_shape(&mut bytes, 300);
    let (number, value) = codec::shape_of(&bytes).unwrap();
    assert_eq!((number, codec::with_codec(value)), (300, codec::encode(&7_u64)));
    assert!(codec::decode::<u64>(&bytes).is_err());
    assert_eq!(samples(&trace::<Event>().unwrap())[0]["Placed"]["quantity"], json!(1));
}
