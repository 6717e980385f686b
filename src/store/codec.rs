//! Encoding of values into bytes and back; the only file that uses bincode.
//!
//! ```text
//! encoded:  codec u8 | bincode …
//! shaped:   codec u8 | number of the shape u16 LE | bincode …
//! sealed:   codec u8 | bincode: the header | an encoded value without its personal texts
//! framed:   codec u8 | bincode … | crc32 u32 LE over everything before
//! ```
//!
//! The format of stored bytes is stable. The first byte names the codec, so that a new codec can be
//! added without a rewrite of stored values.

use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, DeserializeSeed},
};

/// The codec of every value written by this binary.
const BINCODE: u8 = 1;

/// The codec of a value whose type had other shapes in this store before: the number of the shape
/// follows.
const SHAPED: u8 = 2;

/// The codec of a value whose personal texts are encrypted in a header before the rest of it.
const SEALED: u8 = 3;

/// The bytes of the checksum at the end of a frame.
const CHECKSUM_BYTES: usize = 4;

const CONFIG: bincode::config::Configuration = bincode::config::standard();

/// Why bytes cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes are fewer than those of the shortest value.
    #[error("the value is cut short")]
    Short,
    /// The codec is unknown to this binary.
    #[error("codec {0} is not known to this binary")]
    UnknownCodec(u8),
    /// The checksum does not match: the bytes are not what was written.
    #[error("the checksum does not match")]
    Torn,
    /// The bytes are whole, but not of the expected type.
    #[error("the value does not read back: {0}")]
    Malformed(String),
}

/// Encodes an event, a state or a rejection: a codec byte, then the value.
///
/// # Panics
/// When the type cannot be encoded at all (a sequence of unknown length). Types with plain derives
/// can always be encoded.
#[must_use]
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    bytes.push(BINCODE);
    append(&mut bytes, value);
    bytes
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// When the codec is unknown, or the bytes are not exactly one value of this type.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut rest = without_codec(bytes)?;
    let value = next(&mut rest)?;
    if rest.is_empty() { Ok(value) } else { Err(left_over(rest)) }
}

/// Names the shape in an encoded value. The first shape of a type has the number 1 and is not named.
pub(in crate::store) fn name_shape(encoded: &mut Vec<u8>, shape: u16) {
    if shape > 1 && encoded.first() == Some(&BINCODE) {
        let [low, high] = shape.to_le_bytes();
        encoded.splice(..1, [SHAPED, low, high]);
    }
}

/// Returns the number of the shape of an encoded value, and the value.
pub(in crate::store) fn shape_of(encoded: &[u8]) -> Result<(u16, &[u8]), CodecError> {
    match encoded {
        [SHAPED, low, high, rest @ ..] => Ok((u16::from_le_bytes([*low, *high]), rest)),
        _ => without_codec(encoded).map(|rest| (1, rest)),
    }
}

/// Encodes a value again that [`shape_of`] returned.
pub(in crate::store) fn with_codec(value: &[u8]) -> Vec<u8> {
    [&[BINCODE], value].concat()
}

/// Puts the header of its personal texts before the rest of an encoded value.
pub(in crate::store) fn seal<H: Serialize + ?Sized>(header: &H, rest: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(2 * rest.len());
    sealed.push(SEALED);
    append(&mut sealed, header);
    sealed.extend_from_slice(rest);
    sealed
}

/// Reads what [`seal`] wrote; `None` for a value that is not sealed.
pub(in crate::store) fn sealed<H: DeserializeOwned>(
    encoded: &[u8],
) -> Result<Option<(H, &[u8])>, CodecError> {
    let Some((&SEALED, mut rest)) = encoded.split_first() else { return Ok(None) };
    let header = next(&mut rest)?;
    Ok(Some((header, rest)))
}

/// Whether [`seal`] wrote this.
pub(in crate::store) fn is_sealed(encoded: &[u8]) -> bool {
    encoded.first() == Some(&SEALED)
}

/// Encodes a text as it is in an encoded value.
pub(in crate::store) fn text(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 1);
    append(&mut bytes, text);
    bytes
}

/// The bytes of a text in an encoded value.
pub(in crate::store) fn text_bytes(text: &str) -> usize {
    self::text(text).len()
}

/// Returns the bytes of the next text of a sequence of texts, and advances past it.
pub(in crate::store) fn next_text<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], CodecError> {
    let before = *bytes;
    let _: &str = next(bytes)?;
    Ok(&before[..before.len() - bytes.len()])
}

/// Reads exactly one value with a seed.
pub(in crate::store) fn read_as<'de, S: DeserializeSeed<'de>>(
    seed: S,
    bytes: &'de [u8],
) -> Result<S::Value, CodecError> {
    let (value, read) = bincode::serde::seed_decode_from_slice(seed, bytes, CONFIG)
        .map_err(|error| CodecError::Malformed(error.to_string()))?;
    let rest = &bytes[read..];
    if rest.is_empty() { Ok(value) } else { Err(left_over(rest)) }
}

/// Encodes one stored value with its checksum.
pub(in crate::store) fn frame<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let mut frame = Frame::default();
    frame.begin();
    frame.push(value);
    frame.seal().to_vec()
}

/// Reads what [`frame`] wrote.
pub(in crate::store) fn unframe<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let mut rest = checked(bytes)?;
    let value = next(&mut rest)?;
    if rest.is_empty() { Ok(value) } else { Err(left_over(rest)) }
}

/// Returns the content of a frame, after checking its checksum and its codec.
pub(in crate::store) fn checked(bytes: &[u8]) -> Result<&[u8], CodecError> {
    let (body, checksum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or(CodecError::Short)?;
    if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
        return Err(CodecError::Torn);
    }
    without_codec(body)
}

/// Reads the next value of a sequence of values, and advances past it. The value may borrow from the
/// bytes.
pub(in crate::store) fn next<'de, T: Deserialize<'de>>(
    bytes: &mut &'de [u8],
) -> Result<T, CodecError> {
    let (value, read) = bincode::serde::borrow_decode_from_slice(bytes, CONFIG)
        .map_err(|error| CodecError::Malformed(error.to_string()))?;
    *bytes = &bytes[read..];
    Ok(value)
}

/// A frame under construction. Its memory is reused for the next one: the writer thread fills
/// hundreds per commit.
#[derive(Default)]
pub(in crate::store) struct Frame {
    bytes: Vec<u8>,
}

impl Frame {
    /// Begins a new frame.
    pub(in crate::store) fn begin(&mut self) {
        self.bytes.clear();
        self.bytes.push(BINCODE);
    }

    /// Appends one value.
    pub(in crate::store) fn push<T: Serialize + ?Sized>(&mut self, value: &T) {
        append(&mut self.bytes, value);
    }

    /// Returns the number of bytes so far.
    pub(in crate::store) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Returns the bytes so far.
    pub(in crate::store) fn content(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds the checksum, and returns the whole frame.
    pub(in crate::store) fn seal(&mut self) -> &[u8] {
        let checksum = crc32fast::hash(&self.bytes);
        self.bytes.extend_from_slice(&checksum.to_le_bytes());
        &self.bytes
    }
}

fn append<T: Serialize + ?Sized>(bytes: &mut Vec<u8>, value: &T) {
    bincode::serde::encode_into_std_write(value, bytes, CONFIG)
        .expect("a type with plain derives can be written to memory");
}

fn without_codec(bytes: &[u8]) -> Result<&[u8], CodecError> {
    match bytes.split_first() {
        None => Err(CodecError::Short),
        Some((&BINCODE, rest)) => Ok(rest),
        Some((&codec, _)) => Err(CodecError::UnknownCodec(codec)),
    }
}

fn left_over(rest: &[u8]) -> CodecError {
    CodecError::Malformed(format!("{} bytes are left over", rest.len()))
}

/// Encoded bytes inside a stored value. On disk they are the same as a `Vec<u8>` of plain derives.
/// They are copied in one piece instead of one by one.
pub(in crate::store) mod bytes {
    use serde::{Deserializer, Serializer, de};
    use std::fmt;

    pub(in super::super) fn serialize<S: Serializer>(
        bytes: &[u8],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_byte_buf(Bytes)
    }

    struct Bytes;

    impl de::Visitor<'_> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes")
        }

        fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }

        fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
            Ok(bytes)
        }
    }
}
