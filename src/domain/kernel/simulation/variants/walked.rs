//! Names the variants of one value through its `Serialize`, without copying the value.

use serde::{Serialize, Serializer, de::value::Error, ser};

/// Calls `visit` with the path to each variant of this value, the outer ones first.
pub(in super::super) fn visit<T: Serialize + ?Sized>(
    value: &T,
    visit: &mut dyn FnMut(&[&'static str]),
) {
    let mut walker = Walker { path: Vec::with_capacity(8), visit };
    // No method of the walker fails. A type whose own `Serialize` fails has the variants so far.
    let _ = value.serialize(&mut walker);
}

/// The name of the outermost variant of this value; `None` when the value is no enum.
pub(in super::super) fn variant<T: Serialize + ?Sized>(value: &T) -> Option<&'static str> {
    let mut first = None;
    visit(value, &mut |path| {
        if let ([name], None) = (path, first) {
            first = Some(*name);
        }
    });
    first
}

struct Walker<'a> {
    path: Vec<&'static str>,
    visit: &'a mut dyn FnMut(&[&'static str]),
}

impl Walker<'_> {
    fn enter(&mut self, variant: &'static str) {
        self.path.push(variant);
        (self.visit)(&self.path);
    }

    fn leave(&mut self) {
        self.path.pop();
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.path.push(name);
        let walked = value.serialize(&mut *self);
        self.path.pop();
        walked
    }
}

macro_rules! no_variant {
    ($($method:ident $type:ty),+ $(,)?) => {
        $(fn $method(self, _value: $type) -> Result<(), Error> {
            Ok(())
        })+
    };
}

macro_rules! walks_on {
    ($($method:ident($($argument:ident: $type:ty),*)),+ $(,)?) => {
        $(fn $method(self, $($argument: $type),*) -> Result<Self, Error> {
            $(let _ = $argument;)*
            Ok(self)
        })+
    };
}

impl Serializer for &mut Walker<'_> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    no_variant!(serialize_bool bool, serialize_char char, serialize_str &str,
        serialize_bytes &[u8], serialize_u8 u8, serialize_u16 u16, serialize_u32 u32,
        serialize_u64 u64, serialize_u128 u128, serialize_i8 i8, serialize_i16 i16,
        serialize_i32 i32, serialize_i64 i64, serialize_i128 i128, serialize_f32 f32,
        serialize_f64 f64, serialize_unit_struct &'static str);
    walks_on!(
        serialize_seq(length: Option<usize>),
        serialize_tuple(length: usize),
        serialize_tuple_struct(name: &'static str, length: usize),
        serialize_map(length: Option<usize>),
        serialize_struct(name: &'static str, length: usize),
    );

    fn serialize_none(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Error> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        self.enter(variant);
        self.leave();
        Ok(())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.enter(variant);
        let walked = value.serialize(&mut *self);
        self.leave();
        walked
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Self, Error> {
        self.enter(variant);
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Self, Error> {
        self.enter(variant);
        Ok(self)
    }

    fn is_human_readable(&self) -> bool {
        false // as in the journal
    }
}

macro_rules! elements {
    ($($of:ident $method:ident $leaves:expr),+ $(,)?) => {
        $(impl ser::$of for &mut Walker<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Error> {
                if $leaves {
                    self.leave();
                }
                Ok(())
            }
        })+
    };
}

elements!(
    SerializeSeq serialize_element false,
    SerializeTuple serialize_element false,
    SerializeTupleStruct serialize_field false,
    SerializeTupleVariant serialize_field true,
);

impl ser::SerializeMap for &mut Walker<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Error> {
        Ok(())
    }
}

macro_rules! fields {
    ($($of:ident $leaves:expr),+ $(,)?) => {
        $(impl ser::$of for &mut Walker<'_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Error> {
                if $leaves {
                    self.leave();
                }
                Ok(())
            }
        })+
    };
}

fields!(SerializeStruct false, SerializeStructVariant true);
