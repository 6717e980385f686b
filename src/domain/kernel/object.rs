//! The macro that writes a JSON object without a struct for it, and the type behind it.

use serde::{Serialize, Serializer, ser::SerializeMap};

/// A JSON object with these fields, for [`Aggregate::represent`](super::Aggregate::represent).
/// A field whose name is followed by `?` has an `Option`, and is left out when it is `None`.
///
/// ```
/// use madang::object;
///
/// let (number, reason) = (7_u64, None::<String>);
/// let room = object! { "id": number, "beds": 2, "reason"?: reason };
/// assert_eq!(serde_json::to_string(&room).unwrap(), r#"{"id":7,"beds":2}"#);
/// ```
#[macro_export]
macro_rules! object {
    () => { $crate::domain::kernel::End };
    ($name:literal: $value:expr $(, $($rest:tt)*)?) => {
        $crate::domain::kernel::Entry::new($name, Some($value), $crate::object!($($($rest)*)?))
    };
    ($name:literal?: $value:expr $(, $($rest:tt)*)?) => {
        $crate::domain::kernel::Entry::new($name, $value, $crate::object!($($($rest)*)?))
    };
}

/// A field of an object, and the fields behind it; see [`object!`](crate::object).
#[derive(Clone, Copy, Debug)]
pub struct Entry<V, R> {
    name: &'static str,
    value: Option<V>,
    rest: R,
}

/// The end of the fields of an object.
#[derive(Clone, Copy, Debug)]
pub struct End;

impl<V, R> Entry<V, R> {
    /// A field before the fields `rest`; it is left out when its value is `None`.
    pub const fn new(name: &'static str, value: Option<V>, rest: R) -> Self {
        Self { name, value, rest }
    }
}

/// The fields of an object.
pub trait Entries {
    /// The number of fields that are not left out.
    fn count(&self) -> usize;

    /// Writes the fields.
    ///
    /// # Errors
    /// The error of the map.
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

impl Entries for End {
    fn count(&self) -> usize {
        0
    }

    fn write<M: SerializeMap>(&self, _map: &mut M) -> Result<(), M::Error> {
        Ok(())
    }
}

impl<V: Serialize, R: Entries> Entries for Entry<V, R> {
    fn count(&self) -> usize {
        usize::from(self.value.is_some()).saturating_add(self.rest.count())
    }

    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        if let Some(value) = &self.value {
            map.serialize_entry(self.name, value)?;
        }
        self.rest.write(map)
    }
}

impl<V: Serialize, R: Entries> Serialize for Entry<V, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.count()))?;
        self.write(&mut map)?;
        map.end()
    }
}
