//! A check of sled's log before sled opens it, for damage in parts that sled would skip without an
//! error.
//!
//! At opening sled reads the segments written since its last snapshot, in order of their numbers,
//! and applies their messages to its table of pages. In a segment that it knows to be complete, it
//! takes an unreadable message for the end of the segment. The reason is that the second half of a
//! free segment may have been rewritten before its header. A flipped bit looks the same: the rest
//! of the segment is lost while newer segments are applied. This check distinguishes the two: after
//! a damaged message, further messages of the same segment follow.
//!
//! ```text
//! segment   header 20 bytes | message | message | ... | end: a cap, or less than 32 bytes
//! header    crc32 u32 | number × size i64 | highest stable i64, the latter two inverted
//! message   crc32 u32 | kind u8 | length | segment number | page | content; numbers of 1 to 9 bytes
//! ```
//! Damage in incomplete segments cuts the log, which the mark of the journal detects. Damage in
//! older segments is found when a page is read.

use super::tree::ADVICE;
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
    path::Path,
};

/// The size of a segment, in bytes; sled's default, which every store has.
const SEGMENT: usize = 512 * 1024;

const SEGMENT_HEADER: usize = 20;

/// No message begins closer to the end of a segment than this, in bytes.
const MESSAGE_HEADER_MAX: usize = 32;

/// All kinds of messages are less than this.
const KINDS: u8 = 12;

/// The kind of a message that fills a segment up.
const CAP: u8 = 2;

/// Checks the log in this folder. Reads only the parts that sled is going to read.
///
/// # Errors
/// The damage, as a sentence.
pub(in crate::store) fn check(dir: &Path) -> Result<(), String> {
    let path = dir.join("db");
    let Ok(file) = File::open(&path) else { return Ok(()) };
    let found = damage(&file, snapshot(dir));
    let found = found.map_err(|error| format!("{}: {error}", path.display()))?;
    found.map_or(Ok(()), |offset| {
        Err(format!(
            "the journal is damaged: the file {} at about byte {offset}, in a part that was \
             complete; {ADVICE}, or start once with `madang serve --accept-loss`",
            path.display()
        ))
    })
}

/// Returns the offset up to which sled's last snapshot covers the log.
fn snapshot(dir: &Path) -> i64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let covered =
        names.filter_map(|name| i64::from_str_radix(name.strip_prefix("snap.")?, 16).ok());
    covered.max().unwrap_or(0)
}

/// A segment's place in the file, by its number.
type Segments = BTreeMap<u64, u64>;

/// Returns the approximate offset of the damage, if there is any.
fn damage(file: &File, covered: i64) -> io::Result<Option<u64>> {
    let size = SEGMENT as u64;
    let first = u64::try_from(covered).unwrap_or(0) / size;
    let (mut segments, mut headless) = (Segments::new(), Vec::new());
    let mut stable = first * size;
    let mut at = 0;
    let end = file.metadata()?.len();
    while at + SEGMENT_HEADER as u64 <= end {
        let mut header = [0; SEGMENT_HEADER];
        file.read_exact_at(&mut header, at)?;
        match read_header(&header) {
            Some((begin, highest)) if begin >= first * size => {
                segments.insert(begin / size, at);
                stable = stable.max(highest);
            }
            Some(_) => {}
            None => headless.push(at),
        }
        at += size;
    }
    // From this segment on sled itself searches for the end of the log.
    let last = stable / size;
    let mut bytes = vec![0; SEGMENT];
    for (number, at) in segments.range(..last) {
        let bytes = read(file, *at, &mut bytes)?;
        if let Some(offset) = broken_at(bytes, *number) {
            return Ok(Some(at + offset as u64));
        }
    }
    for at in headless {
        let bytes = read(file, at, &mut bytes)?;
        let is_lost = |number| number >= first && number < last && !segments.contains_key(&number);
        if next_message(bytes, 0).is_some_and(is_lost) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn read<'a>(file: &File, at: u64, bytes: &'a mut [u8]) -> io::Result<&'a [u8]> {
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], at + filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(&bytes[..filled])
}

/// Returns the offset of the segment in the log as a whole, and the offset up to which the log was
/// complete then.
fn read_header(header: &[u8; SEGMENT_HEADER]) -> Option<(u64, u64)> {
    let crc = u32::from_le_bytes(*header.first_chunk()?) ^ u32::MAX;
    let number = |bytes: &[u8]| {
        let bytes: [u8; 8] = bytes.try_into().ok()?;
        u64::try_from(i64::from_le_bytes(bytes) ^ i64::MAX).ok()
    };
    if crc32fast::hash(&header[4..]) != crc {
        return None;
    }
    Some((number(&header[4..12])?, number(&header[12..]).unwrap_or(0)))
}

/// Returns the offset at which a complete segment cannot be read although further messages follow.
fn broken_at(bytes: &[u8], number: u64) -> Option<usize> {
    let mut offset = SEGMENT_HEADER;
    while offset + MESSAGE_HEADER_MAX <= SEGMENT {
        match message(bytes, offset) {
            Some(found) if found.segment == number && found.kind == CAP => return None,
            Some(found) if found.segment == number => offset = found.end,
            // The segment is being rewritten, for a later number.
            Some(found) if found.segment > number => return None,
            _ => {
                let next = next_message(bytes, offset + 1);
                return next.is_none_or(|next| next <= number).then_some(offset);
            }
        }
    }
    None
}

/// Returns the segment number of the first readable message from this offset on.
fn next_message(bytes: &[u8], from: usize) -> Option<u64> {
    (from..bytes.len()).find_map(|offset| message(bytes, offset)).map(|found| found.segment)
}

struct Message {
    kind: u8,
    segment: u64,
    end: usize,
}

/// Returns the message that begins at this offset, when it is whole.
fn message(bytes: &[u8], offset: usize) -> Option<Message> {
    let all = bytes.get(offset..)?;
    let (crc, rest) = all.split_first_chunk::<4>()?;
    let (&kind, mut rest) = rest.split_first()?;
    if kind == 0 || kind >= KINDS {
        return None;
    }
    let length = usize::try_from(number(&mut rest)?).ok()?;
    let segment = number(&mut rest)?;
    let _page = number(&mut rest)?;
    let body = rest.get(..length)?;
    let header = &all[4..all.len() - rest.len()];
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(body);
    hasher.update(header);
    let end = offset + 4 + header.len() + length;
    (hasher.finalize() ^ u32::MAX == u32::from_le_bytes(*crc)).then_some(Message {
        kind,
        segment,
        end,
    })
}

/// Reads one of sled's numbers of variable length.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let (&first, rest) = bytes.split_first()?;
    let (value, rest) = match first {
        0..=240 => (u64::from(first), rest),
        241..=248 => {
            let (&second, rest) = rest.split_first()?;
            (240 + 256 * (u64::from(first) - 241) + u64::from(second), rest)
        }
        249 => {
            let (two, rest) = rest.split_first_chunk::<2>()?;
            (2288 + 256 * u64::from(two[0]) + u64::from(two[1]), rest)
        }
        _ => {
            let (value, rest) = rest.split_at_checked(usize::from(first) - 247)?;
            let mut whole = [0; 8];
            whole[..value.len()].copy_from_slice(value);
            (u64::from_le_bytes(whole), rest)
        }
    };
    *bytes = rest;
    Some(value)
}
