//! Errors of serde for clients, without the names of Rust types.

/// Rewrites an error of serde for clients: without the names of types or of kinds of numbers.
///
/// The form stays: `invalid type: {found}, expected {expected}`, `unknown field …`, `missing
/// field …`, with the place at the end where there is one.
#[must_use]
pub fn in_plain_words(error: &str) -> String {
    let (error, place) = match error.rfind(" at line ") {
        Some(at) => error.split_at(at),
        None => (error, ""),
    };
    // serde_json reports line 0 when there is no place.
    let place = if place == " at line 0 column 0" { "" } else { place };
    let error = error.replace("unknown variant `", "unknown value `");
    let Some((found, expected)) = error.rsplit_once(", expected ") else {
        return format!("{error}{place}");
    };
    let found = ["invalid type: ", "invalid value: "].iter().find_map(|it| found.strip_prefix(it));
    let found = match found {
        Some(found) => found_in_plain_words(found),
        None if error.starts_with("invalid length ") => "a list".to_owned(),
        None => return format!("{error}{place}"),
    };
    format!("invalid value: {found}, expected {}{place}", expected_in_plain_words(expected))
}

/// Rewrites the found value: `string "x"` as the text, `map` as an object.
fn found_in_plain_words(found: &str) -> String {
    match found {
        "map" | "struct variant" => return "an object".to_owned(),
        "sequence" | "tuple variant" => return "a list".to_owned(),
        "unit value" | "null" | "Option value" => return "null".to_owned(),
        _ => {}
    }
    for (kind, plain) in [
        ("string ", "the text "),
        ("integer ", "the number "),
        ("floating point ", "the number "),
        ("boolean ", ""),
        ("character ", "the text "),
    ] {
        if let Some(value) = found.strip_prefix(kind) {
            return format!("{plain}{}", value.trim_matches('`'));
        }
    }
    found.to_owned()
}

fn expected_in_plain_words(expected: &str) -> &str {
    let first = expected.split(' ').next().unwrap_or_default();
    match (first, expected) {
        (_, "a string" | "string" | "string or bytes") => "a text",
        (_, "a boolean" | "bool") => "a boolean",
        (_, "a sequence") => "a list",
        (_, "string or map" | "variant identifier" | "field identifier") | ("enum", _) => "a word",
        ("u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize", _) => {
            "a whole number"
        }
        ("f32" | "f64", _) => "a number",
        ("unit", _) | (_, "unit") => "no details",
        (
            "struct" | "map" | "tuple" | "newtype" | "data" | "internally" | "adjacently"
            | "untagged",
            _,
        )
        | (_, "a map") => "an object",
        _ => expected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, de::DeserializeOwned};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the errors about its fields matter")]
    struct CallBody {
        count: u32,
        share: Option<f64>,
        open: Option<bool>,
        size: Option<Size>,
        names: Option<Vec<String>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        Small,
        Large,
    }

    fn rewritten<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> String {
        in_plain_words(&serde_json::from_str::<T>(text).unwrap_err().to_string())
    }

    #[test]
    fn errors_for_clients_contain_no_rust_type_names() {
        for (text, plain) in [
            ("7", "invalid value: the number 7, expected an object at line 1 column 1"),
            ("[]", "invalid value: a list, expected an object at line 1 column 2"),
            (r#"{"count":"x"}"#, "invalid value: the text \"x\", expected a whole number"),
            (r#"{"count":-1}"#, "invalid value: the number -1, expected a whole number"),
            (r#"{"count":1.5}"#, "invalid value: the number 1.5, expected a whole number"),
            (r#"{"count":null}"#, "invalid value: null, expected a whole number"),
            (r#"{"count":{}}"#, "invalid value: an object, expected a whole number"),
            (r#"{"count":[]}"#, "invalid value: a list, expected a whole number"),
            (r#"{"count":1,"share":true}"#, "invalid value: true, expected a number"),
            (r#"{"count":1,"open":1}"#, "invalid value: the number 1, expected a boolean"),
            (r#"{"count":1,"names":"a"}"#, "invalid value: the text \"a\", expected a list"),
            (r#"{"count":1,"size":"x"}"#, "unknown value `x`, expected `small` or `large`"),
            (r#"{"count":1,"size":7}"#, "expected value at line 1"),
            ("{}", "missing field `count` at line 1 column 2"),
            (r#"{"colour":1}"#, "unknown field `colour`, expected one of `count`, `share`"),
        ] {
            let rewritten = rewritten::<CallBody>(text);
            assert!(rewritten.starts_with(plain), "{text}: {rewritten}");
        }
    }
}
