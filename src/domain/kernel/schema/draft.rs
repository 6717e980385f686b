//! A schema of which parts are not known yet.

use serde_json::{Map, Value, json};

/// A schema in the making; see [`Tracer`](super::tracer).
#[derive(Debug)]
pub(super) enum Draft {
    /// Not traced yet.
    Unknown,
    /// A value that reads itself; it has refused so many samples.
    Refused(usize),
    /// A single value: its schema, and a sample, which is `None` when no sample was accepted.
    Leaf(Value, Option<Value>),
    Option(Box<Self>),
    List(Box<Self>),
    Map(Box<Self>),
    Tuple(Vec<Self>),
    Object(Vec<(&'static str, Self)>),
    /// The variants of an enum; one without content is `null`.
    OneOf(Vec<(&'static str, Self)>),
}

/// The content of a variant without fields.
pub(super) const fn unit() -> Draft {
    Draft::Leaf(Value::Null, Some(Value::Null))
}

impl Draft {
    /// Whether all parts are known.
    pub(super) fn is_complete(&self) -> bool {
        match self {
            Self::Unknown | Self::Refused(_) => false,
            Self::Leaf(..) => true,
            Self::Option(of) | Self::List(of) | Self::Map(of) => of.is_complete(),
            Self::Tuple(of) => of.iter().all(Self::is_complete),
            Self::Object(of) | Self::OneOf(of) => of.iter().all(|(_, of)| of.is_complete()),
        }
    }

    /// Sets the draft unless an earlier pass has set it.
    pub(super) fn learn(&mut self, new: impl FnOnce() -> Self) -> &mut Self {
        if matches!(self, Self::Unknown) {
            *self = new();
        }
        self
    }

    /// A value that the schema describes; `null` for what is unknown.
    pub(super) fn sample(&self) -> Value {
        match self {
            Self::Unknown | Self::Refused(_) => Value::Null,
            Self::Leaf(_, sample) => sample.clone().unwrap_or_default(),
            Self::Option(of) => of.sample(),
            Self::List(of) => json!([of.sample()]),
            Self::Map(of) => json!({ "key": of.sample() }),
            Self::Tuple(of) => of.iter().map(Self::sample).collect(),
            Self::Object(of) => {
                let fields = of.iter().map(|(name, of)| ((*name).to_owned(), of.sample()));
                Value::Object(fields.collect())
            }
            Self::OneOf(of) => of.first().map_or(Value::Null, |(name, of)| match of.sample() {
                Value::Null => json!(name),
                content => json!({ *name: content }),
            }),
        }
    }

    /// The JSON Schema; what is unknown may be anything.
    pub(super) fn schema(&self) -> Value {
        match self {
            Self::Unknown | Self::Refused(_) => json!({}),
            Self::Leaf(schema, _) => schema.clone(),
            Self::Option(of) => or_null(of.schema()),
            Self::List(of) => json!({ "type": "array", "items": of.schema() }),
            Self::Map(of) => json!({ "type": "object", "additionalProperties": of.schema() }),
            Self::Tuple(of) => {
                let items: Vec<Value> = of.iter().map(Self::schema).collect();
                json!({ "type": "array", "prefixItems": items, "minItems": of.len(), "maxItems": of.len() })
            }
            Self::Object(of) => {
                let fields = of.iter().map(|(name, of)| ((*name).to_owned(), of.schema()));
                json!({ "type": "object", "properties": fields.collect::<Map<_, _>>() })
            }
            Self::OneOf(of) => one_of(of),
        }
    }
}

fn one_of(variants: &[(&'static str, Draft)]) -> Value {
    let (bare, with_content): (Vec<_>, Vec<_>) =
        variants.iter().partition(|(_, of)| of.schema().is_null());
    let words: Vec<&str> = bare.iter().map(|(name, _)| *name).collect();
    let words = json!({ "type": "string", "enum": words });
    if with_content.is_empty() {
        return words;
    }
    let with_content = with_content.iter().map(|(name, of)| {
        json!({
            "type": "object", "properties": { *name: of.schema() },
            "required": [name], "additionalProperties": false,
        })
    });
    let bare = (!bare.is_empty()).then_some(words);
    json!({ "oneOf": bare.into_iter().chain(with_content).collect::<Vec<_>>() })
}

/// The schema that also allows `null`.
fn or_null(mut schema: Value) -> Value {
    let Some(kind) = schema.get("type").cloned() else {
        return json!({ "anyOf": [schema, { "type": "null" }] });
    };
    let mut kinds = match kind {
        Value::Array(kinds) => kinds,
        kind => vec![kind],
    };
    kinds.push(json!("null"));
    schema["type"] = Value::Array(kinds);
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
    schema
}
