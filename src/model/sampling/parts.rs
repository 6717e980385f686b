//! Access to the parts of a generated value: fields, entries of a map, the chosen variant.

use super::Tracer;
use crate::model::shape::Field;
use serde::de::{
    DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor, value::Error,
};

/// The fields of a struct or the elements of a tuple, one after the other.
pub(super) struct Fields<'a> {
    pub(super) tracer: &'a mut Tracer,
    pub(super) names: std::slice::Iter<'static, &'static str>,
    pub(super) found: &'a mut Vec<Field>,
}

impl<'a> Fields<'a> {
    pub(super) fn none(tracer: &'a mut Tracer, found: &'a mut Vec<Field>) -> Self {
        Self { tracer, names: [].iter(), found }
    }
}

impl<'de> SeqAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some(name) = self.names.next() else { return Ok(None) };
        if name.parse::<usize>().is_err() {
            self.tracer.field = name;
        }
        let value = seed.deserialize(&mut *self.tracer)?;
        let kind = self.tracer.name_of::<T::Value>();
        self.found.push(Field { name: (*name).to_owned(), kind });
        Ok(Some(value))
    }
}

/// The entries of a map.
pub(super) struct Entries<'a> {
    pub(super) tracer: &'a mut Tracer,
    pub(super) left: usize,
    pub(super) fields: &'a mut Vec<Field>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        self.tracer.is_key = true;
        let key = seed.deserialize(&mut *self.tracer);
        self.tracer.is_key = false;
        let kind = self.tracer.name_of::<K::Value>();
        self.fields.push(Field { name: "key".to_owned(), kind });
        key.map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = seed.deserialize(&mut *self.tracer)?;
        let kind = self.tracer.name_of::<V::Value>();
        self.fields.push(Field { name: "value".to_owned(), kind });
        Ok(value)
    }
}

/// The chosen variant of an enum.
pub(super) struct Chosen<'a> {
    pub(super) tracer: &'a mut Tracer,
    pub(super) nth: usize,
    pub(super) fields: &'a mut Vec<Field>,
}

impl<'de> EnumAccess<'de> for Chosen<'_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let variant = u32::try_from(self.nth).map_err(Error::custom)?;
        Ok((seed.deserialize(variant.into_deserializer())?, self))
    }
}

impl<'de> VariantAccess<'de> for Chosen<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        let value = seed.deserialize(&mut *self.tracer)?;
        let kind = self.tracer.name_of::<T::Value>();
        self.fields.push(Field { name: "0".to_owned(), kind });
        Ok(value)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        let (value, fields) = self.tracer.tuple(length, visitor)?;
        *self.fields = fields;
        Ok(value)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (value, fields) = self.tracer.fields(names, visitor)?;
        *self.fields = fields;
        Ok(value)
    }
}
