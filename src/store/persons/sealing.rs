//! The encryption of the personal texts of one stored value.
//!
//! ```text
//! as encoded:  … | text | … | text | …
//! sealed:      codec u8 | pieces: number, nonce, places, texts (AES-256-GCM) | … | … | …
//! ```
//! All texts of a number in a value are one piece. The rest stays as it is, so a value whose key is destroyed
//! is still read, with another text in each place. The piece is bound to the place of the value in
//! the store.

use super::keys::{BusinessKeys, Key};
use crate::{
    domain::kernel::ERASED,
    store::{codec, shape::Shape, types::Stream},
};
use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use serde::{Deserialize, Serialize};
use std::sync::{
    LazyLock,
    atomic::{AtomicU64, Ordering},
};

/// The place of a value in the store: what it is, of which stream, and at which version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The stream of the value.
    pub stream: Stream,
    /// Its version; 0 for an answer or a state of a saga.
    pub version: u32,
    /// The number of the role of the value.
    pub role: u8,
}

impl Place {
    fn aad(self) -> Aad<[u8; 15]> {
        let mut bytes = [0; 15];
        bytes[..2].copy_from_slice(&self.stream.kind.0.to_le_bytes());
        bytes[2..10].copy_from_slice(&self.stream.number.to_le_bytes());
        bytes[10..14].copy_from_slice(&self.version.to_le_bytes());
        bytes[14] = self.role;
        Aad::from(bytes)
    }
}

/// To whom the personal texts of a value belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// All to one number.
    Number(u64),
    /// Those of each element of a list to the number with which it begins.
    Elements,
}

/// The personal texts of one number in a sealed value. Stored.
#[derive(Serialize, Deserialize)]
struct Piece {
    number: u64,
    nonce: [u8; NONCE_LEN],
    /// The places of the texts in the rest, in bytes.
    places: Vec<u32>,
    #[serde(with = "codec::bytes")]
    texts: Vec<u8>,
}

/// A personal text in an encoded value, with its length before it.
#[derive(Clone, Copy)]
struct Span {
    number: u64,
    start: usize,
    end: usize,
}

/// Seals the personal texts of an encoded value. Returns `None` when it has none. Texts whose key
/// is destroyed are erased.
///
/// # Errors
/// When a key cannot be read or made, or the value has another shape.
pub fn seal(
    encoded: &[u8],
    (shape, whose): (&Shape, Whose),
    place: Place,
    keys: &BusinessKeys,
) -> Result<Option<Vec<u8>>, String> {
    let spans = spans(encoded, shape, whose)?;
    if spans.is_empty() {
        return Ok(None);
    }
    let (mut rest, mut pieces, mut from) = (Vec::with_capacity(encoded.len()), vec![], 0);
    for of_number in spans.chunk_by(|one, other| one.number == other.number) {
        let number = of_number[0].number;
        let key = keys.get_or_make(number).map_err(|error| format!("{keys:?}: {error}"))?;
        let (mut places, mut texts) = (Vec::with_capacity(of_number.len()), vec![]);
        for Span { start, end, .. } in of_number {
            rest.extend_from_slice(&encoded[from..*start]);
            from = *end;
            if matches!(key, Key::Whole(_)) {
                places.push(u32::try_from(rest.len()).map_err(|error| error.to_string())?);
                texts.extend_from_slice(&encoded[*start..*end]);
            } else {
                rest.extend_from_slice(&codec::text(ERASED));
            }
        }
        if let Key::Whole(key) = key {
            let nonce = encrypt(&key, place, &mut texts)?;
            pieces.push(Piece { number, nonce, places, texts });
        }
    }
    rest.extend_from_slice(&encoded[from..]);
    Ok(Some(if pieces.is_empty() { rest } else { codec::seal(&pieces, &rest) }))
}

/// Reads a value that may be sealed; `None` when it is not. A text whose key is destroyed is
/// [`ERASED`].
///
/// # Errors
/// When the bytes are no sealed value, or a key is missing or cannot be read.
pub fn open(
    encoded: &[u8],
    place: Place,
    keys: Option<&BusinessKeys>,
) -> Result<Option<Vec<u8>>, String> {
    let sealed = codec::sealed::<Vec<Piece>>(encoded).map_err(|error| error.to_string())?;
    let Some((pieces, rest)) = sealed else { return Ok(None) };
    let (mut value, mut from) = (Vec::with_capacity(2 * encoded.len()), 0);
    let erased = codec::text(ERASED);
    for Piece { number, nonce, places, mut texts } in pieces {
        let mut texts = decrypted((number, nonce), place, &mut texts, keys)?;
        for at in places {
            let at = at as usize;
            let before = rest.get(from..at).ok_or("the places of personal texts are damaged")?;
            value.extend_from_slice(before);
            from = at;
            value.extend_from_slice(match &mut texts {
                Some(texts) => codec::next_text(texts).map_err(|error| error.to_string())?,
                None => &erased,
            });
        }
    }
    value.extend_from_slice(&rest[from..]);
    Ok(Some(value))
}

/// Seals a value as a whole; `None` when the key of this number is destroyed.
///
/// # Errors
/// When the key cannot be read or made.
pub fn seal_all(
    value: &[u8],
    number: u64,
    place: Place,
    keys: &BusinessKeys,
) -> Result<Option<Vec<u8>>, String> {
    let key = keys.get_or_make(number).map_err(|error| format!("{keys:?}: {error}"))?;
    let Key::Whole(key) = key else { return Ok(None) };
    let mut texts = value.to_vec();
    let nonce = encrypt(&key, place, &mut texts)?;
    Ok(Some(codec::seal(&[Piece { number, nonce, places: Vec::new(), texts }][..], &[])))
}

/// A value that was sealed as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// What was sealed.
    Whole(Vec<u8>),
    /// Its key is destroyed.
    Erased,
    /// It is not sealed.
    Clear,
}

/// Reads a value that may be sealed as a whole.
///
/// # Errors
/// When the bytes are no sealed value, or the key is missing or cannot be read.
pub fn open_all(value: &[u8], place: Place, keys: Option<&BusinessKeys>) -> Result<Opened, String> {
    let sealed = codec::sealed::<Vec<Piece>>(value).map_err(|error| error.to_string())?;
    let Some((mut pieces, _)) = sealed else { return Ok(Opened::Clear) };
    let Some(Piece { number, nonce, mut texts, .. }) = pieces.pop() else {
        return Ok(Opened::Erased);
    };
    let opened = decrypted((number, nonce), place, &mut texts, keys)?;
    Ok(opened.map_or(Opened::Erased, |value| Opened::Whole(value.to_vec())))
}

fn encrypt(
    key: &LessSafeKey,
    place: Place,
    texts: &mut Vec<u8>,
) -> Result<[u8; NONCE_LEN], String> {
    let nonce = next_nonce();
    let sealed =
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place.aad(), texts);
    sealed.map(|()| nonce).map_err(|_| "personal texts cannot be encrypted".to_owned())
}

/// The decrypted texts; `None` when their key is destroyed. A key that is missing, or does not fit,
/// is an error, until the lost keys are given up.
fn decrypted<'a>(
    (number, nonce): (u64, [u8; NONCE_LEN]),
    place: Place,
    texts: &'a mut [u8],
    keys: Option<&BusinessKeys>,
) -> Result<Option<&'a [u8]>, String> {
    let keys = keys.ok_or("there are no keys for its personal texts")?;
    let lost = |what: &str| {
        if keys.is_given_up() {
            return Ok(None);
        }
        Err(format!("the key of {}/{number} {what}", keys.business()))
    };
    let key = match keys.get(number) {
        Ok(Key::Whole(key)) => key,
        Ok(Key::Destroyed) => return Ok(None),
        Ok(Key::None) => return lost("is missing"),
        Err(error) if keys.is_given_up() => {
            tracing::debug!(%error, "a key that was given up cannot be read");
            return Ok(None);
        }
        Err(error) => return Err(error.to_string()),
    };
    let nonce = Nonce::assume_unique_for_key(nonce);
    match key.open_in_place(nonce, place.aad(), texts) {
        Ok(texts) => Ok(Some(texts)),
        Err(_) => lost("does not fit"),
    }
}

/// Erases the personal texts of the numbers that `is_erased` names, in a value that is not sealed;
/// `None` when there are none.
///
/// # Errors
/// When the value has another shape, or `is_erased` fails.
pub fn redact(
    encoded: &[u8],
    (shape, whose): (&Shape, Whose),
    is_erased: &dyn Fn(u64) -> Result<bool, String>,
) -> Result<Option<Vec<u8>>, String> {
    let (mut redacted, mut from, erased) = (Vec::new(), 0, codec::text(ERASED));
    for Span { number, start, end } in spans(encoded, shape, whose)? {
        if is_erased(number)? {
            redacted.extend_from_slice(&encoded[from..start]);
            redacted.extend_from_slice(&erased);
            from = end;
        }
    }
    if from == 0 {
        return Ok(None);
    }
    redacted.extend_from_slice(&encoded[from..]);
    Ok(Some(redacted))
}

/// The personal texts of an encoded value. Texts that are empty or erased do not count.
fn spans(encoded: &[u8], shape: &Shape, whose: Whose) -> Result<Vec<Span>, String> {
    let found = codec::shape_of(encoded).and_then(|(_, value)| match whose {
        Whose::Elements => shape.numbered_texts(value),
        Whose::Number(number) => {
            let texts = shape.personal_texts(value)?;
            Ok(texts.into_iter().map(|text| (number, text)).collect())
        }
    });
    let found = found.map_err(|error| error.to_string())?;
    let counted = found.into_iter().filter(|(_, text)| !text.is_empty() && *text != ERASED);
    let spans = counted.map(|(number, text)| {
        let end = text.as_ptr().addr() - encoded.as_ptr().addr() + text.len();
        Span { number, start: end - codec::text_bytes(text), end }
    });
    Ok(spans.collect())
}

/// A nonce that no other value has: a random number of this process plus a counter.
fn next_nonce() -> [u8; NONCE_LEN] {
    static BASE: LazyLock<[u8; NONCE_LEN]> =
        LazyLock::new(|| crate::random::secret().expect("the system gives random bytes"));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut nonce = *BASE;
    let (_, low) = nonce.split_at_mut(NONCE_LEN - 8);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let start = low.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    low.copy_from_slice(&start.wrapping_add(count).to_be_bytes());
    nonce
}

#[cfg(test)]
mod tests;
