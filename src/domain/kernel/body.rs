//! How a body is read: strictly, but past fields that only the server decides.

use super::Malformed;
use serde::{
    Deserializer,
    de::{DeserializeOwned, Visitor, value::Error},
};
use serde_json::{Map, Value, error::Category, json};

/// A body as it came, and the fields that may be read past.
pub(super) struct Body<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) ignored: &'static [&'static str],
}

impl Body<'_> {
    /// Reads the body; no body at all reads as `{}`.
    ///
    /// # Errors
    /// What could not be understood, as a sentence.
    pub(super) fn read<B: DeserializeOwned>(&self) -> Result<B, Malformed> {
        let bytes = if self.bytes.trim_ascii().is_empty() { b"{}" } else { self.bytes };
        serde_json::from_slice(bytes).or_else(|error| match error.classify() {
            Category::Data => self.read_past(bytes, &error),
            _ => Err(Malformed::Syntax(error.to_string())),
        })
    }

    /// Reads the body as the details of the variant of this name; `{}` also as a bare name.
    ///
    /// # Errors
    /// What could not be understood, as a sentence.
    pub(super) fn read_as<C: DeserializeOwned>(&self, variant: &str) -> Result<C, Malformed> {
        let mut details: Map<String, Value> = self.read()?;
        let bare = Value::String(variant.to_owned());
        let read = |details: &Map<String, Value>| match serde_json::from_value(bare.clone()) {
            Ok(command) if details.is_empty() => Ok(command),
            _ => serde_json::from_value(json!({ variant: details })),
        };
        read(&details).or_else(|error| {
            let fields = details.len();
            details.retain(|field, _| field != "_links" && !self.ignored.contains(&&**field));
            let error = if details.len() == fields { Err(error) } else { read(&details) };
            error.map_err(|error| Malformed::Content(error.to_string()))
        })
    }

    /// Reads it once more without the fields to be ignored. Rare, so it may take a little longer.
    fn read_past<B: DeserializeOwned>(
        &self,
        bytes: &[u8],
        error: &serde_json::Error,
    ) -> Result<B, Malformed> {
        let is_ignored = |field: &str| field == "_links" || self.ignored.contains(&field);
        let asked_for = fields_of::<B>();
        let Ok(mut body) = serde_json::from_slice::<Map<String, Value>>(bytes) else {
            return Err(Malformed::Content(error.to_string()));
        };
        let fields = body.len();
        body.retain(|field, _| asked_for.contains(&field.as_str()) || !is_ignored(field));
        if body.len() == fields {
            return Err(Malformed::Content(error.to_string()));
        }
        serde_json::from_value(Value::Object(body))
            .map_err(|error| Malformed::Content(error.to_string()))
    }
}

/// The names of the fields that a struct reads; none when it is no struct.
fn fields_of<B: DeserializeOwned>() -> &'static [&'static str] {
    let mut fields: &'static [&'static str] = &[];
    let _ = B::deserialize(Fields(&mut fields));
    fields
}

/// Gives nothing to read, and remembers which fields were asked for.
struct Fields<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("there is nothing to read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
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
    fn what_only_the_server_decides_is_read_past() {
        let wish = Wish { name: "x".into() };
        assert_eq!(read(r#"{"name":"x","id":7,"_links":{}}"#), Ok(wish));
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
    fn a_body_is_the_details_of_what_is_said_by_its_name() {
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
            assert!(matches!(read(body, name), Err(Malformed::Content(_))), "{body}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for body in [r#"{"name":"x","size":7}"#, r#"{"id":7}"#, r#"{"name":7,"id":7}"#, "7", "[]"] {
            assert!(matches!(read(body), Err(Malformed::Content(_))), "{body}");
        }
        assert!(matches!(read("{"), Err(Malformed::Syntax(_))));
    }
}
