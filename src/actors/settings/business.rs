//! The configuration sections of businesses: decoded, and checked against the longest wait of a
//! request.

use crate::domain::kernel::{Business, in_plain_words};
use serde::{Deserialize as _, Serialize as _};
use serde_json::{Map, Value, json};

/// The share of a request's longest wait that a business may use by default, in percent. The rest
/// is for the reply.
const SHARE_PERCENT: u64 = 80;

/// Decodes the section of a business, with the defaults when there is none. `wait_max_ms` is the
/// longest wait of a request, if that is known.
///
/// # Errors
/// The first key with an invalid value, as a sentence.
pub fn read<B: Business>(
    section: Option<&Value>,
    wait_max_ms: Option<u64>,
) -> Result<B::Settings, String> {
    let Some((key, wait_max_ms)) = B::WAIT_SETTING.zip(wait_max_ms) else {
        return section.map_or_else(|| Ok(B::Settings::default()), deserialized::<B>);
    };
    let mut section = section.cloned().unwrap_or_else(|| Value::Object(Map::new()));
    let settings = deserialized::<B>(&section)?;
    let waits_ms = B::Settings::serialize(&settings, serde_json::value::Serializer);
    let waits_ms = waits_ms.ok().and_then(|settings| settings.get(key)?.as_u64());
    if waits_ms.is_none_or(|waits_ms| waits_ms < wait_max_ms) {
        return Ok(settings);
    }
    if section.get(key).is_some() {
        let name = B::NAME;
        return Err(format!(
            "{name}.{key}: a request is answered after http.wait_max_ms = {wait_max_ms} at the \
             latest, so this must be less"
        ));
    }
    section[key] = json!(wait_max_ms * SHARE_PERCENT / 100);
    deserialized::<B>(&section)
}

/// Decodes a section. Serde's error does not name the key with the wrong value, so each key is
/// tried alone.
fn deserialized<B: Business>(section: &Value) -> Result<B::Settings, String> {
    B::Settings::deserialize(section).map_err(|error| {
        let alone = |(key, value): (&String, &Value)| {
            let error = B::Settings::deserialize(json!({ key: value })).err()?.to_string();
            Some(format!("{}.{key}: {}", B::NAME, in_plain_words(&error)))
        };
        let keys = section.as_object().and_then(|section| section.iter().find_map(alone));
        keys.unwrap_or_else(|| format!("{}: {}", B::NAME, in_plain_words(&error.to_string())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kernel::Host;
    use serde::{Deserialize, Serialize};

    struct Office;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Hours {
        answers_within_ms: u32,
        desks: u8,
    }

    impl Default for Hours {
        fn default() -> Self {
            Self { answers_within_ms: 2_500, desks: 1 }
        }
    }

    impl Business for Office {
        const NAME: &'static str = "office";
        const WAIT_SETTING: Option<&'static str> = Some("answers_within_ms");
        type Settings = Hours;

        fn install(_host: &mut impl Host) {}
    }

    fn answers(section: Option<&Value>, wait_max_ms: Option<u64>) -> Result<u32, String> {
        read::<Office>(section, wait_max_ms).map(|hours| hours.answers_within_ms)
    }

    #[test]
    fn the_wait_setting_is_less_than_the_longest_wait_of_a_request_by_default() {
        assert_eq!(answers(None, Some(3_000)), Ok(2_500));
        assert_eq!(answers(None, Some(300)), Ok(240));
        assert_eq!(answers(Some(&json!({"desks": 2})), Some(300)), Ok(240));
        assert_eq!(answers(None, None), Ok(2_500));
    }

    #[test]
    fn a_wait_setting_as_long_as_a_request_waits_is_refused() {
        let asked = |ms: u32| json!({"answers_within_ms": ms});
        assert_eq!(answers(Some(&asked(299)), Some(300)), Ok(299));
        assert_eq!(answers(Some(&asked(0)), Some(300)), Ok(0));
        let error = answers(Some(&asked(300)), Some(300)).unwrap_err();
        assert!(error.starts_with("office.answers_within_ms: "), "{error}");
        assert!(error.contains("http.wait_max_ms = 300"), "{error}");
    }

    #[test]
    fn the_key_of_an_invalid_value_is_named() {
        let error = answers(Some(&json!({"desks": "many"})), Some(300)).unwrap_err();
        assert!(error.starts_with("office.desks: "), "{error}");
    }
}
