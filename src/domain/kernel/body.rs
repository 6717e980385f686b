//! Strict parsing of request bodies; fields that only the server sets are skipped.

use super::{Malformed, Text, field_names, in_plain_words};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value, error::Category, json};
use std::fmt;

/// The fields that the server adds to every representation.
pub(super) const ALWAYS_IGNORED: &[&str] = &["_links", "originalStatus"];

/// The raw body of a request, and the fields that may be skipped.
pub(super) struct Body<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) ignored: &'a [&'static str],
}

impl Body<'_> {
    /// Parses the body; an empty body is parsed as `{}`.
    ///
    /// # Errors
    /// The part that could not be parsed, as a sentence.
    pub(super) fn read<B: DeserializeOwned>(&self) -> Result<B, Malformed> {
        let bytes = self.object()?;
        serde_json::from_slice(bytes).or_else(|error| match error.classify() {
            Category::Data => self.read_past(bytes, &error),
            _ => Err(syntax(&error)),
        })
    }

    /// Parses the body as the fields of the variant of this name; `{}` also as a unit variant.
    ///
    /// # Errors
    /// The part that could not be parsed, as a sentence.
    pub(super) fn read_as<C: DeserializeOwned>(&self, variant: &str) -> Result<C, Malformed> {
        self.read_variant(variant, details(self.object()?)?)
    }

    /// Parses the body without the text of one field, which names the variant by one of its words.
    ///
    /// # Errors
    /// The part that could not be parsed, as a sentence.
    pub(super) fn read_as_word<C: DeserializeOwned>(
        &self,
        field: &str,
        words: &[(&[&str], &str)],
    ) -> Result<C, Malformed> {
        let mut body = details(self.object()?)?;
        let variant = take_text(&mut body, field)?.means(field, words)?;
        self.read_variant(variant, body)
    }

    fn read_variant<C: DeserializeOwned>(
        &self,
        variant: &str,
        mut details: Map<String, Value>,
    ) -> Result<C, Malformed> {
        let bare = Value::String(variant.to_owned());
        let read = |details: &Map<String, Value>| match serde_json::from_value(bare.clone()) {
            Ok(command) if details.is_empty() => Ok(command),
            _ => serde_json::from_value(json!({ variant: details })),
        };
        let has_no_fields = serde_json::from_value::<C>(bare.clone()).is_ok();
        if has_no_fields {
            self.skip(&mut details, &[]);
        }
        let mut command = read(&details);
        while let Err(error) = &command
            && let Some(unknown) = field_named_in(&error.to_string())
            && self.is_ignored(unknown)
            && details.remove(unknown).is_some()
        {
            command = read(&details);
        }
        command.map_err(|error| match details.keys().next() {
            Some(field) if has_no_fields => {
                about_a_field(&format!("unknown field `{field}`, there are no fields"))
            }
            _ => content(&error, &details, |alone| read(alone).err()),
        })
    }

    /// Parses the text of one field; the body may have ignored fields beside it, and no others.
    ///
    /// # Errors
    /// The part that could not be parsed, as a sentence.
    pub(super) fn read_text(&self, field: &str) -> Result<Text, Malformed> {
        let mut body = details(self.object()?)?;
        self.skip(&mut body, &[field]);
        if let Some(unknown) = body.keys().find(|unknown| *unknown != field) {
            return Err(about_a_field(&format!("unknown field `{unknown}`, expected `{field}`")));
        }
        take_text(&mut body, field)
    }

    /// The bytes of the body, which must be an object. A list is refused, because serde would read
    /// its elements as the fields in their order.
    fn object(&self) -> Result<&[u8], Malformed> {
        match self.bytes.trim_ascii().first() {
            None => Ok(b"{}"),
            Some(b'{') => Ok(self.bytes),
            Some(b'[') => Err(Malformed::content("the body is a list, expected an object")),
            Some(_) => match serde_json::from_slice::<IgnoredAny>(self.bytes) {
                Ok(_) => Err(Malformed::content("the body is a single value, expected an object")),
                Err(error) => Err(syntax(&error)),
            },
        }
    }

    /// Parses the body once more without the ignored fields. The path is rare, so it may be slower.
    fn read_past<B: DeserializeOwned>(
        &self,
        bytes: &[u8],
        error: &serde_json::Error,
    ) -> Result<B, Malformed> {
        let mut body = details(bytes)?;
        let read = |body: &Map<String, Value>| B::deserialize(Value::Object(body.clone()));
        let alone = |body: &Map<String, Value>| read(body).err();
        if !self.skip(&mut body, field_names::<B>()) {
            return Err(content(error, &body, alone));
        }
        read(&body).map_err(|error| content(&error, &body, alone))
    }

    /// Removes the ignored fields, but none of those asked for. Returns whether there were any.
    fn skip(&self, body: &mut Map<String, Value>, asked_for: &[&str]) -> bool {
        let fields = body.len();
        body.retain(|field, _| !self.is_ignored(field) || asked_for.contains(&field.as_str()));
        body.len() < fields
    }

    fn is_ignored(&self, field: &str) -> bool {
        ALWAYS_IGNORED.contains(&field) || self.ignored.contains(&field)
    }
}

/// Removes the text of this field from a body.
fn take_text(body: &mut Map<String, Value>, field: &str) -> Result<Text, Malformed> {
    let text = body.remove(field);
    let text = text.ok_or_else(|| about_a_field(&format!("missing field `{field}`")))?;
    Text::deserialize(text).map_err(|error| Malformed::Field {
        field: field.to_owned(),
        reason: format!("`{field}`: {}", in_plain_words(&error.to_string())),
    })
}

fn syntax(error: &serde_json::Error) -> Malformed {
    Malformed::Syntax(error.to_string())
}

/// The error for invalid content; it names the field when the value of one is invalid. An error
/// of serde does not name the field, so each field is parsed alone.
fn content(
    error: &serde_json::Error,
    body: &Map<String, Value>,
    alone: impl Fn(&Map<String, Value>) -> Option<serde_json::Error>,
) -> Malformed {
    let error = error.to_string();
    if field_named_in(&error).is_some() {
        return about_a_field(&error);
    }
    let named = body.iter().find_map(|(field, value)| {
        let error = alone(&Map::from_iter([(field.clone(), value.clone())]))?.to_string();
        let reason = || format!("`{field}`: {}", in_plain_words(&error));
        field_named_in(&error)
            .is_none()
            .then(|| Malformed::Field { field: field.clone(), reason: reason() })
    });
    named.unwrap_or_else(|| Malformed::Content(in_plain_words(&error)))
}

/// The error for content with the name of the field that the error of serde names.
fn about_a_field(error: &str) -> Malformed {
    let reason = in_plain_words(error);
    match field_named_in(error) {
        Some(field) => Malformed::Field { field: field.to_owned(), reason },
        None => Malformed::Content(reason),
    }
}

/// The field that an error of serde names, if it names one.
fn field_named_in(error: &str) -> Option<&str> {
    let start = ["missing field `", "unknown field `", "duplicate field `"];
    let rest = start.iter().find_map(|start| error.strip_prefix(start))?;
    rest.split_once('`').map(|(field, _)| field)
}

/// The fields of an object; a duplicate field is an error.
fn details(bytes: &[u8]) -> Result<Map<String, Value>, Malformed> {
    let read = serde_json::from_slice::<Details>(bytes);
    read.map(|Details(fields)| fields).map_err(|error| match error.classify() {
        Category::Data => about_a_field(&error.to_string()),
        _ => syntax(&error),
    })
}

/// An object without duplicate fields: two values for one field are ambiguous.
struct Details(Map<String, Value>);

impl<'de> Deserialize<'de> for Details {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EachFieldOnce).map(Self)
    }
}

struct EachFieldOnce;

impl<'de> Visitor<'de> for EachFieldOnce {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        while let Some((field, value)) = entries.next_entry::<String, Value>()? {
            if fields.contains_key(&field) {
                return Err(de::Error::custom(format_args!("duplicate field `{field}`")));
            }
            fields.insert(field, value);
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wish {
        #[serde(alias = "label")]
        name: String,
    }

    fn read(body: &str) -> Result<Wish, Malformed> {
        Body { bytes: body.as_bytes(), ignored: &["id", "name"] }.read()
    }

    #[test]
    fn fields_that_only_the_server_sets_are_skipped() {
        let wish = Wish { name: "x".into() };
        assert_eq!(read(r#"{"name":"x","id":7,"_links":{},"originalStatus":"x"}"#), Ok(wish));
        let wish = Wish { name: "x".into() };
        assert_eq!(read(r#"{"label":"x","id":7}"#), Ok(wish));
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    enum Order {
        Bring { what: String },
        SitDown,
    }

    #[test]
    fn a_body_is_parsed_as_the_fields_of_the_named_command() {
        let read = |body: &str, name| {
            Body { bytes: body.as_bytes(), ignored: &["id"] }.read_as::<Order>(name)
        };
        assert_eq!(read(r#"{"what":"tea"}"#, "bring"), Ok(Order::Bring { what: "tea".into() }));
        assert_eq!(
            read(r#"{"what":"tea","id":1}"#, "bring"),
            Ok(Order::Bring { what: "tea".into() })
        );
        assert_eq!(read("", "sit-down"), Ok(Order::SitDown));
        assert_eq!(read(r#"{"_links":{}}"#, "sit-down"), Ok(Order::SitDown));
        for (body, name) in [("{}", "bring"), (r#"{"what":"tea"}"#, "sit-down"), ("[]", "bring")] {
            let refused = read(body, name);
            let is_refused =
                matches!(refused, Err(Malformed::Content(_) | Malformed::Field { .. }));
            assert!(is_refused, "{body}: {refused:?}");
        }
    }

    #[test]
    fn a_field_of_a_command_without_fields_is_unknown() {
        let body = Body { bytes: br#"{"id":7,"what":"tea"}"#, ignored: &["id"] };
        let Err(Malformed::Field { field, reason }) = body.read_as::<Order>("sit-down") else {
            panic!("it is refused")
        };
        assert_eq!(
            (field.as_str(), reason.as_str()),
            ("what", "unknown field `what`, there are no fields")
        );
    }

    #[test]
    fn any_other_body_is_refused() {
        for (body, named) in [
            (r#"{"name":"x","size":7}"#, "size"),
            (r#"{"id":7}"#, "name"),
            (r#"{"name":7,"id":7}"#, "name"),
        ] {
            let Err(Malformed::Field { field, .. }) = read(body) else { panic!("{body}") };
            assert_eq!(field, named, "{body}");
        }
        for body in ["7", "[]"] {
            assert!(matches!(read(body), Err(Malformed::Content(_))), "{body}");
        }
        assert!(matches!(read("{"), Err(Malformed::Syntax(_))));
    }

    #[test]
    fn a_list_is_refused_although_serde_would_accept_it() {
        let list = r#"["x"]"#;
        assert!(serde_json::from_str::<Wish>(list).is_ok(), "serde reads it");
        assert_eq!(read(list), Err(Malformed::content("the body is a list, expected an object")));
        let single = Malformed::content("the body is a single value, expected an object");
        assert_eq!(read("null"), Err(single));
        assert!(matches!(read("nul"), Err(Malformed::Syntax(_))));
        assert!(matches!(read("\u{feff}{}"), Err(Malformed::Syntax(_))));
    }

    #[test]
    fn a_field_that_comes_twice_is_refused_also_beside_one_that_is_read_past() {
        for body in [r#"{"name":"x","name":"y"}"#, r#"{"name":"x","name":"y","_links":{}}"#] {
            let Err(Malformed::Field { reason, .. }) = read(body) else { panic!("{body}") };
            assert!(reason.starts_with("duplicate field `name`"), "{reason}");
        }
        let body = Body { bytes: br#"{"what":"tea","what":"milk"}"#, ignored: &[] };
        assert!(matches!(body.read_as::<Order>("bring"), Err(Malformed::Field { .. })));
    }

    #[test]
    fn the_error_for_a_value_of_the_wrong_type_names_its_field() {
        let expected = "`name`: invalid value: the number 7, expected a text";
        let of = |field: &str, reason: &str| Malformed::Field {
            field: field.to_owned(),
            reason: reason.to_owned(),
        };
        assert_eq!(read(r#"{"name":7,"id":7}"#), Err(of("name", expected)));
        let body = Body { bytes: br#"{"what":[]}"#, ignored: &[] };
        let expected = "`what`: invalid value: a list, expected a text";
        assert_eq!(body.read_as::<Order>("bring"), Err(of("what", expected)));
    }
}
