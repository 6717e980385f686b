//! JSON pointers to fields of a request body.

use percent_encoding::{AsciiSet, CONTROLS};

/// The characters of a JSON pointer that a fragment shows encoded (RFC 3986, section 3.5).
const OUTSIDE_FRAGMENTS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'#')
    .add(b'%')
    .add(b'^')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'\\')
    .add(b'[')
    .add(b']');

/// The JSON pointer to a field of the body, as a fragment (RFC 6901, section 6).
pub(super) fn pointer(field: &str) -> String {
    let token = field.replace('~', "~0").replace('/', "~1");
    format!("#/{}", percent_encoding::utf8_percent_encode(&token, OUTSIDE_FRAGMENTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_names_a_field_whatever_its_characters() {
        for (field, expected) in [
            ("orderType", "#/orderType"),
            ("a/b~c", "#/a~1b~0c"),
            ("a b%\"", "#/a%20b%25%22"),
            ("요금", "#/%EC%9A%94%EA%B8%88"),
        ] {
            assert_eq!(pointer(field), expected, "{field}");
        }
    }
}
