//! Times in JSON: RFC 3339, or [`EpochMs`] in fields that older clients know as milliseconds since
//! 1970. Both forms are read everywhere.

use super::{Timestamp, values::stored};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Unexpected},
};
use std::fmt;

/// The first time that RFC 3339 cannot express: the year 10000.
const YEAR_10000: Timestamp = Timestamp(253_402_300_800_000);

/// A time that older clients know as a number: milliseconds since 1970, also in JSON. Both forms are
/// read, and it is stored as a [`Timestamp`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochMs(pub u64);

impl From<Timestamp> for EpochMs {
    fn from(Timestamp(ms): Timestamp) -> Self {
        Self(ms)
    }
}

impl Serialize for EpochMs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_u64(self.0)
        } else {
            Timestamp(self.0).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for EpochMs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Timestamp::deserialize(deserializer).map(Self::from)
    }
}

/// RFC 3339 in JSON; the bare number in the journal, and for times after the year 9999.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() && *self < YEAR_10000 {
            serializer.collect_str(&self.rfc3339())
        } else {
            serializer.serialize_newtype_struct("Timestamp", &self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return stored(deserializer, "Timestamp").map(Self);
        }
        deserializer.deserialize_any(EitherForm)
    }
}

/// Reads `1622635791863` and `"2021-06-02T12:09:51.863Z"`.
struct EitherForm;

impl de::Visitor<'_> for EitherForm {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time: milliseconds since 1970, or as in `2021-06-02T12:09:51Z`")
    }

    fn visit_u64<E: de::Error>(self, ms: u64) -> Result<Timestamp, E> {
        Ok(Timestamp(ms))
    }

    fn visit_i64<E: de::Error>(self, ms: i64) -> Result<Timestamp, E> {
        let at_fault = E::invalid_value(Unexpected::Signed(ms), &self);
        u64::try_from(ms).map(Timestamp).map_err(|_| at_fault)
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked just before
    fn visit_f64<E: de::Error>(self, ms: f64) -> Result<Timestamp, E> {
        let is_whole = ms.fract() == 0.0 && (0.0..=1e15).contains(&ms);
        if is_whole {
            return Ok(Timestamp(ms as u64));
        }
        Err(E::invalid_value(Unexpected::Float(ms), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        let text = text.trim();
        let time = Timestamp::from_rfc3339(text).or_else(|| text.parse().ok().map(Timestamp));
        time.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Times {
        at: Timestamp,
        old: EpochMs,
        maybe: Option<EpochMs>,
    }

    const TIME: Timestamp = Timestamp(1_622_635_791_863);
    const OLD: EpochMs = EpochMs(TIME.0);
    const TIMES: Times = Times { at: TIME, old: OLD, maybe: Some(OLD) };

    #[test]
    fn a_time_is_rfc_3339_in_json_unless_older_clients_know_it_as_a_number() {
        let shown = json!({ "at": "2021-06-02T12:09:51.863Z", "old": TIME.0, "maybe": TIME.0 });
        assert_eq!(serde_json::to_value(TIMES).unwrap(), shown);
        assert_eq!(json!(Timestamp(u64::MAX)), json!(u64::MAX));
    }

    #[test]
    fn both_forms_are_read() {
        let text = "2021-06-02T21:09:51.863+09:00";
        for time in
            [json!(TIME.0), json!(text), json!(TIME.0.to_string()), json!(1_622_635_791_863.0)]
        {
            let times = json!({ "at": time, "old": time, "maybe": time });
            assert_eq!(from_value::<Times>(times).unwrap(), TIMES, "{time}");
        }
        for wrong in [json!("soon"), json!(-1), json!(1.5), json!(null), json!([])] {
            assert!(from_value::<Timestamp>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
