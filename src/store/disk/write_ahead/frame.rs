//! The frames of the write-ahead log: the writes of one commit each.
//!
//! ```text
//! checksum u64 | sequence u64 | body, bytes u32 | writes u32 | body | zeros up to a whole block
//! body: for each write    key, bytes u16 | value, bytes u32, or MAX for a removal | key | value
//! ```
//! The checksum is keyed: a client that knows the format cannot send a value that is read as a
//! frame.

use crate::store::disk::tree::Write;
use siphasher::sip::SipHasher13;
use sled::IVec;

/// A frame begins at a multiple of this. It is the unit that disks write: what one commit made
/// durable is never written again by the next one.
pub(super) const BLOCK: usize = 4_096;

/// Bytes before the body.
const HEADER: usize = 24;

/// The length of a removed value.
const REMOVED: u32 = u32::MAX;

/// The key of the checksums of a file.
pub(super) type FrameKey = [u8; 16];

/// What the head of a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) sequence: u64,
    /// Bytes of the whole frame, in whole blocks.
    pub(super) bytes: usize,
    writes: u32,
}

/// Writes a frame into the buffer, in place of what it holds.
///
/// # Errors
/// When a key or a value is too long.
pub(super) fn encode(
    buffer: &mut Vec<u8>,
    key: &FrameKey,
    sequence: u64,
    writes: &[Write],
) -> Result<(), String> {
    let too_long = |_| "a commit is too long for the write-ahead log".to_owned();
    buffer.clear();
    buffer.resize(HEADER, 0);
    for (key, value) in writes {
        buffer.extend(u16::try_from(key.len()).map_err(too_long)?.to_le_bytes());
        let length = value.as_ref().map_or(Ok(REMOVED), |value| u32::try_from(value.len()));
        buffer.extend(length.map_err(too_long)?.to_le_bytes());
        buffer.extend_from_slice(key);
        buffer.extend_from_slice(value.as_deref().unwrap_or_default());
    }
    let body = u32::try_from(buffer.len() - HEADER).map_err(too_long)?;
    let count = u32::try_from(writes.len()).map_err(too_long)?;
    buffer[8..16].copy_from_slice(&sequence.to_le_bytes());
    buffer[16..20].copy_from_slice(&body.to_le_bytes());
    buffer[20..24].copy_from_slice(&count.to_le_bytes());
    let checksum = checksum(key, &buffer[8..]);
    buffer[..8].copy_from_slice(&checksum.to_le_bytes());
    buffer.resize(buffer.len().next_multiple_of(BLOCK), 0);
    Ok(())
}

/// Reads the head of the frame that begins these bytes, when the frame is complete and later than
/// `after`.
pub(super) fn head(bytes: &[u8], key: &FrameKey, after: u64) -> Option<Head> {
    let (stored, rest) = bytes.split_first_chunk::<8>()?;
    let (sequence, rest) = rest.split_first_chunk::<8>()?;
    let (body, rest) = rest.split_first_chunk::<4>()?;
    let (writes, rest) = rest.split_first_chunk::<4>()?;
    let (sequence, writes) = (u64::from_le_bytes(*sequence), u32::from_le_bytes(*writes));
    let body = usize::try_from(u32::from_le_bytes(*body)).ok()?;
    if sequence <= after || body > rest.len() {
        return None;
    }
    let is_complete = checksum(key, &bytes[8..HEADER + body]) == u64::from_le_bytes(*stored);
    let bytes = (HEADER + body).next_multiple_of(BLOCK);
    is_complete.then_some(Head { sequence, bytes, writes })
}

/// Reads the writes of a complete frame.
pub(super) fn writes(bytes: &[u8], head: Head) -> Option<Vec<Write>> {
    let mut rest = bytes.get(HEADER..)?;
    (0..head.writes).map(|_| write(&mut rest)).collect()
}

fn write(rest: &mut &[u8]) -> Option<Write> {
    let (key, after) = rest.split_first_chunk::<2>()?;
    let (length, after) = after.split_first_chunk::<4>()?;
    let (key, after) = after.split_at_checked(usize::from(u16::from_le_bytes(*key)))?;
    let length = u32::from_le_bytes(*length);
    let value = if length == REMOVED { 0 } else { usize::try_from(length).ok()? };
    let (value, after) = after.split_at_checked(value)?;
    *rest = after;
    Some((IVec::from(key), (length != REMOVED).then(|| IVec::from(value))))
}

fn checksum(key: &FrameKey, bytes: &[u8]) -> u64 {
    SipHasher13::new_with_key(key).hash(bytes)
}
