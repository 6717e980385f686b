//! JSON Schemas of request bodies, derived from the types that the bodies are read as.
//!
//! A schema describes what a body may contain, in the dialect of `OpenAPI` 3.1 (JSON Schema
//! 2020-12). It is derived from `Deserialize` alone, so a business declares nothing for it.

mod draft;
mod tracer;
mod values;

use draft::Draft;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// The schema of a request body, with bodies that are read without an error.
#[derive(Clone, Debug, PartialEq)]
pub struct BodySchema {
    /// The JSON Schema of the body, an object.
    pub schema: Value,
    /// Bodies that are read: one for each command that the route can submit.
    pub samples: Vec<Value>,
}

impl BodySchema {
    /// The schema of a body that is read as a `B`.
    #[must_use]
    pub fn of<B: DeserializeOwned>() -> Self {
        Self::traced(&tracer::trace::<B>(), &|body| B::deserialize(body).is_ok())
    }

    /// The schema of a body that has the fields of the variant of a `C` with this name.
    #[must_use]
    pub fn of_variant<C: DeserializeOwned>(variant: &str) -> Self {
        let reads = |body: &Value| {
            let is_bare = body.as_object().is_some_and(Map::is_empty);
            (is_bare && C::deserialize(&json!(variant)).is_ok())
                || C::deserialize(&json!({ variant: body })).is_ok()
        };
        Self::traced(&tracer::trace_variant::<C>(variant), &reads)
    }

    /// The schema of a body with one field that is one of these words; each meaning has some.
    #[must_use]
    pub fn of_word(field: &str, meanings: &[&[&str]]) -> Self {
        let alone = Self { schema: json!({ "type": "object" }), samples: vec![json!({})] };
        let with = |words: &&[&str]| alone.clone().with_word(field, words);
        Self::any_of(meanings.iter().map(with).collect(), field)
    }

    /// The schema of a body with one field that is one of these words, beside the fields of the
    /// variant that the words mean.
    #[must_use]
    pub fn of_variant_by_word<C: DeserializeOwned>(
        field: &str,
        meanings: &[(&[&str], &str)],
    ) -> Self {
        let with = |(words, variant): &(&[&str], &str)| {
            Self::of_variant::<C>(variant).with_word(field, words)
        };
        Self::any_of(meanings.iter().map(with).collect(), field)
    }

    /// Adds the fields that are read past: the schema allows them with any value.
    #[must_use]
    pub fn ignoring(mut self, fields: &[&str]) -> Self {
        let about =
            json!({ "description": "The server sets this field; it is ignored in requests." });
        for object in objects(&mut self.schema) {
            let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut)
            else {
                continue;
            };
            for field in fields {
                properties.entry(*field).or_insert_with(|| about.clone());
            }
        }
        self
    }

    fn traced(draft: &Draft, reads: &dyn Fn(&Value) -> bool) -> Self {
        let sample = Some(draft.sample()).filter(Value::is_object).unwrap_or_else(|| json!({}));
        let mut schema = draft.schema();
        mark_required(&mut schema, &sample, "", reads);
        if schema.get("properties").is_none() {
            schema = json!({ "type": "object", "properties": {} });
        }
        schema["additionalProperties"] = json!(false);
        Self { schema, samples: vec![sample] }
    }

    fn with_word(mut self, field: &str, words: &[&str]) -> Self {
        if let Some(schema) = self.schema.as_object_mut() {
            let properties = schema.entry("properties").or_insert_with(|| json!({}));
            properties[field] = json!({ "type": "string", "enum": words });
            let required = schema.entry("required").or_insert_with(|| json!([]));
            required.as_array_mut().into_iter().for_each(|list| list.insert(0, json!(field)));
            schema.insert("additionalProperties".to_owned(), json!(false));
        }
        for sample in &mut self.samples {
            sample[field] = json!(words.first());
        }
        self
    }

    /// One schema for several; those that differ in the words of the field alone become one.
    fn any_of(bodies: Vec<Self>, field: &str) -> Self {
        let samples = bodies.iter().flat_map(|body| body.samples.clone()).collect();
        let mut schemas: Vec<(Value, Vec<Value>)> = Vec::new();
        for Self { mut schema, .. } in bodies {
            let words = schema["properties"][field]["enum"].take();
            let words = words.as_array().cloned().unwrap_or_default();
            match schemas.iter_mut().find(|(known, _)| *known == schema) {
                Some((_, known)) => known.extend(words),
                None => schemas.push((schema, words)),
            }
        }
        let mut schemas: Vec<Value> = schemas
            .into_iter()
            .map(|(mut schema, words)| {
                schema["properties"][field]["enum"] = Value::Array(words);
                schema
            })
            .collect();
        let schema =
            if schemas.len() == 1 { schemas.remove(0) } else { json!({ "anyOf": schemas }) };
        Self { schema, samples }
    }
}

/// The object schemas of a body: the schema itself, or its alternatives.
fn objects(schema: &mut Value) -> Vec<&mut Value> {
    if schema.get("anyOf").is_some() {
        return schema["anyOf"].as_array_mut().into_iter().flatten().collect();
    }
    vec![schema]
}

/// Marks the fields without which a body is not read, at any depth.
fn mark_required(schema: &mut Value, sample: &Value, at: &str, reads: &dyn Fn(&Value) -> bool) {
    if let Some(items) = schema.get_mut("items") {
        mark_required(items, sample, &format!("{at}/0"), reads);
    }
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    let mut required = Vec::new();
    for (field, inner) in properties {
        let mut without = sample.clone();
        let object = without.pointer_mut(at).and_then(Value::as_object_mut);
        if object.is_some_and(|object| object.remove(field).is_some()) && !reads(&without) {
            required.push(field.clone());
        }
        mark_required(inner, sample, &format!("{at}/{field}"), reads);
    }
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kernel::{
        CardNumber, Date, Empty, EpochMs, Money, Number, Quantity, Text, Timestamp,
    };
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only its fields matter")]
    struct Booking {
        guest_name: Text,
        nights: Quantity,
        price: Option<Money>,
        arrival: Date,
        card_no: Option<CardNumber>,
        #[serde(default)]
        is_late: bool,
        room: Room,
        extras: Vec<Extra>,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its fields matter")]
    struct Room {
        number: Number,
        view: Option<View>,
    }

    #[derive(Deserialize)]
    enum View {
        Sea,
        Yard,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its fields matter")]
    struct Extra {
        name: Text,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    #[expect(dead_code, reason = "only its fields matter")]
    enum Command {
        Book { nights: Quantity, until: Option<Date> },
        Leave,
        Clean,
    }

    #[test]
    fn a_struct_is_an_object_with_its_fields_and_those_it_requires() {
        let BodySchema { schema, samples } = BodySchema::of::<Booking>();
        assert_eq!(schema["required"], json!(["arrival", "extras", "guestName", "nights", "room"]));
        assert_eq!(schema["additionalProperties"], false);
        let properties = &schema["properties"];
        assert_eq!(properties["arrival"]["format"], "date");
        assert_eq!(properties["isLate"]["type"], "boolean");
        assert_eq!(properties["price"]["type"], json!(["integer", "string", "null"]));
        assert_eq!(properties["room"]["required"], json!(["number"]));
        let view = &properties["room"]["properties"]["view"];
        assert_eq!(view["enum"], json!(["Sea", "Yard", null]));
        assert_eq!(properties["extras"]["items"]["required"], json!(["name"]));
        assert!(Booking::deserialize(&samples[0]).is_ok(), "{}", samples[0]);
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its fields matter")]
    struct Stay {
        from: Timestamp,
        until: Option<EpochMs>,
    }

    #[test]
    fn a_time_has_both_forms_whichever_the_server_answers_with() {
        let BodySchema { schema, samples } = BodySchema::of::<Stay>();
        let until = &schema["properties"]["until"];
        assert_eq!(until["anyOf"], json!([schema["properties"]["from"], { "type": "null" }]));
        assert_eq!(
            samples,
            [json!({ "from": "2026-11-28T12:00:00Z", "until": 1_622_635_791_863_u64 })]
        );
    }

    #[test]
    fn a_variant_is_an_object_with_the_fields_of_the_variant() {
        let book = BodySchema::of_variant::<Command>("book");
        assert_eq!(book.schema["required"], json!(["nights"]));
        let leave = BodySchema::of_variant::<Command>("leave");
        let nothing = json!({ "type": "object", "properties": {}, "additionalProperties": false });
        assert_eq!((leave.schema, leave.samples), (nothing, vec![json!({})]));
        assert_eq!(BodySchema::of::<Empty>().samples, [json!({})]);
    }

    #[test]
    fn words_of_commands_with_the_same_fields_are_one_schema() {
        let meanings: &[(&[&str], &str)] =
            &[(&["left", "gone"], "leave"), (&["clean"], "clean"), (&["booked"], "book")];
        let BodySchema { schema, samples } =
            BodySchema::of_variant_by_word::<Command>("status", meanings);
        let words = |nth: usize| schema["anyOf"][nth]["properties"]["status"]["enum"].clone();
        assert_eq!((words(0), words(1)), (json!(["left", "gone", "clean"]), json!(["booked"])));
        assert_eq!(schema["anyOf"][1]["required"], json!(["status", "nights"]));
        assert_eq!(samples[0], json!({ "status": "left" }));
        let word = BodySchema::of_word("status", &[&["cancelled", "cancel"]]).ignoring(&["id"]);
        assert_eq!(word.schema["properties"]["status"]["enum"], json!(["cancelled", "cancel"]));
        assert!(word.schema["properties"]["id"].get("type").is_none());
    }

    /// A value that reads itself from a number.
    struct Floor;

    impl<'de> Deserialize<'de> for Floor {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            match Value::deserialize(deserializer)? {
                Value::Number(_) => Ok(Self),
                _ => Err(serde::de::Error::custom("no floor")),
            }
        }
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its fields matter")]
    struct Lift {
        floor: Floor,
        seats: u8,
    }

    #[test]
    fn a_value_that_reads_itself_gets_samples_until_it_accepts_one() {
        let BodySchema { schema, samples } = BodySchema::of::<Lift>();
        assert_eq!(samples, [json!({ "floor": 1, "seats": 1 })]);
        assert_eq!(schema["properties"]["floor"], json!({}));
        assert_eq!(schema["required"], json!(["floor", "seats"]));
    }

    /// A value with a form of its own, which no schema can know.
    struct Plate;

    impl<'de> Deserialize<'de> for Plate {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            match String::deserialize(deserializer)?.as_str() {
                "AB-123" => Ok(Self),
                _ => Err(serde::de::Error::custom("no plate")),
            }
        }
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only its fields matter")]
    struct Car {
        plate: Plate,
        seats: u8,
    }

    #[test]
    fn a_value_with_a_form_of_its_own_has_its_json_type_and_hides_no_other_field() {
        let schema = BodySchema::of::<Car>().schema;
        assert_eq!(schema["properties"]["plate"], json!({ "type": "string" }));
        let seats = json!({ "type": "integer", "minimum": 0, "maximum": 255 });
        assert_eq!(schema["properties"]["seats"], seats);
    }
}
