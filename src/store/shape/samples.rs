//! Sample values of a shape, which together have every variant and every option.

use super::Shape;
use serde_json::{Map, Value, json};

/// Returns values of a shape. Each variant of each enum is in one of them, and each option is there
/// with a value and without one.
#[must_use]
pub fn samples(shape: &Shape) -> Vec<Value> {
    match shape {
        Shape::Unit => vec![Value::Null],
        Shape::Bool => vec![true.into()],
        Shape::U8
        | Shape::U16
        | Shape::U32
        | Shape::U64
        | Shape::I8
        | Shape::I16
        | Shape::I32
        | Shape::I64 => vec![1.into()],
        Shape::F32 | Shape::F64 => vec![json!(1.0)],
        Shape::Char => vec!["x".into()],
        Shape::Text | Shape::Personal => vec!["text".into()],
        Shape::Option(of) => samples(of).into_iter().chain([Value::Null]).collect(),
        Shape::List(of) => samples(of).into_iter().map(|one| json!([one])).collect(),
        Shape::Map(of) => {
            let entries = combined(&[samples(&of.0), samples(&of.1)]);
            entries.into_iter().map(|entry| json!([entry])).collect()
        }
        Shape::Tuple(of) => {
            let each: Vec<_> = of.iter().map(samples).collect();
            combined(&each).into_iter().map(Value::Array).collect()
        }
        Shape::Struct(_, fields) => {
            let each: Vec<_> = fields.iter().map(|(_, shape)| samples(shape)).collect();
            let names = || fields.iter().map(|(name, _)| name.clone());
            let object = |values: Vec<Value>| Value::Object(names().zip(values).collect());
            combined(&each).into_iter().map(object).collect()
        }
        Shape::Enum(_, variants) => variants.iter().flat_map(of_variant).collect(),
    }
}

fn of_variant((name, shape): &(String, Shape)) -> Vec<Value> {
    if *shape == Shape::Unit {
        return vec![name.clone().into()];
    }
    let of = |content| Value::Object(Map::from_iter([(name.clone(), content)]));
    samples(shape).into_iter().map(of).collect()
}

/// Combines the samples of several values: first the first of each, then each other sample beside
/// the first of the rest. The number is the sum of the samples and not their product.
fn combined(each: &[Vec<Value>]) -> Vec<Vec<Value>> {
    let first: Vec<Value> = each.iter().filter_map(|samples| samples.first().cloned()).collect();
    let mut all = vec![first.clone()];
    for (nth, samples) in each.iter().enumerate() {
        all.extend(samples.iter().skip(1).map(|other| {
            let mut values = first.clone();
            values[nth] = other.clone();
            values
        }));
    }
    all
}
