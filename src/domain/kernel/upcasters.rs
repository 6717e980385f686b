//! Upcasters: the declared changes that turn stored values of an earlier shape into today's.

use serde_json::{Map, Value};

/// One declared change to a stored value.
type Change = Box<dyn Fn(&mut Value) + Send + Sync>;

/// The declared changes to the stored values of a type, in the order in which they are applied.
///
/// A store remembers the shape of every type that it holds. When the shape in the code differs, a
/// stored value is read by its stored shape, changed by the upcasters, and then read by its field
/// names. A new field with `#[serde(default)]` and a removed variant that was never stored need no
/// upcaster. A value of today's shape is not changed.
///
/// An upcaster names the type that it changes as serde does: `Address` for a struct, `Event` for an
/// enum, and `Event::Placed` for the fields of a variant. A store can hold values of several
/// earlier shapes, so a change must leave a value alone that does not need it. All methods but
/// [`Upcasters::change`] do so by themselves.
///
/// ```
/// use madang::domain::kernel::Upcasters;
/// use serde_json::json;
///
/// let upcasters = Upcasters::none()
///     .rename_variant("Event", "Ordered", "Placed")
///     .rename_field("Event::Placed", "qty", "quantity")
///     .fill("Event::Placed", "currency", |_| json!("KRW"));
/// ```
#[derive(Default)]
pub struct Upcasters(Vec<(&'static str, Change)>);

impl Upcasters {
    /// No changes.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Gives a field that stored values do not have. The value may depend on the other fields.
    #[must_use]
    pub fn fill(
        self,
        place: &'static str,
        field: &'static str,
        value: impl Fn(&Map<String, Value>) -> Value + Send + Sync + 'static,
    ) -> Self {
        self.fields(place, move |fields| {
            if !fields.contains_key(field) {
                let value = value(fields);
                fields.insert(field.to_owned(), value);
            }
        })
    }

    /// Reads a stored field under its new name.
    #[must_use]
    pub fn rename_field(
        self,
        place: &'static str,
        stored: &'static str,
        today: &'static str,
    ) -> Self {
        self.fields(place, move |fields| {
            if let Some(value) = fields.remove(stored) {
                fields.insert(today.to_owned(), value);
            }
        })
    }

    /// Leaves out a stored field that the type does not have any more.
    #[must_use]
    pub fn drop_field(self, place: &'static str, stored: &'static str) -> Self {
        self.fields(place, move |fields| drop(fields.remove(stored)))
    }

    /// Reads a stored variant under its new name.
    #[must_use]
    pub fn rename_variant(
        self,
        of: &'static str,
        stored: &'static str,
        today: &'static str,
    ) -> Self {
        self.change(of, move |value| match value {
            Value::String(variant) if variant == stored => today.clone_into(variant),
            Value::Object(content) => {
                if let Some(fields) = content.remove(stored) {
                    content.insert(today.to_owned(), fields);
                }
            }
            _ => {}
        })
    }

    /// Changes a stored value in any other way. The value is shown as JSON with the names of serde:
    /// a struct is an object; a variant is its name, or an object with its name and content.
    #[must_use]
    pub fn change(
        mut self,
        place: &'static str,
        change: impl Fn(&mut Value) + Send + Sync + 'static,
    ) -> Self {
        self.0.push((place, Box::new(change)));
        self
    }

    /// Applies the changes of this place to a value.
    pub(crate) fn apply(&self, place: &str, value: &mut Value) {
        for (_, change) in self.0.iter().filter(|(name, _)| *name == place) {
            change(value);
        }
    }

    fn fields(
        self,
        place: &'static str,
        change: impl Fn(&mut Map<String, Value>) + Send + Sync + 'static,
    ) -> Self {
        self.change(place, move |value| {
            if let Value::Object(fields) = value {
                change(fields);
            }
        })
    }
}
