//! Applies upcasters to a value of a stored shape.

use super::Shape;
use crate::domain::kernel::Upcasters;
use serde_json::Value;

/// Applies the upcasters of every type inside a value, from the inside to the outside.
pub fn upcast(shape: &Shape, value: &mut Value, upcasters: &Upcasters) {
    match (shape, value) {
        (Shape::Option(_), Value::Null) => {}
        (Shape::Option(of), value) => upcast(of, value, upcasters),
        (Shape::List(of), Value::Array(values)) => {
            for value in values {
                upcast(of, value, upcasters);
            }
        }
        (Shape::Map(of), Value::Array(entries)) => {
            for entry in entries.iter_mut().filter_map(Value::as_array_mut) {
                if let [key, value] = entry.as_mut_slice() {
                    upcast(&of.0, key, upcasters);
                    upcast(&of.1, value, upcasters);
                }
            }
        }
        (Shape::Tuple(of), Value::Array(values)) => {
            of.iter().zip(values).for_each(|(shape, value)| upcast(shape, value, upcasters));
        }
        (Shape::Struct(name, of) | Shape::Enum(name, of), value) => {
            for (part, shape) in of {
                if let Some(value) = value.get_mut(part) {
                    upcast(shape, value, upcasters);
                }
            }
            upcasters.apply(name, value);
        }
        _ => {}
    }
}
