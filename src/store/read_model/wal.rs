//! Checks that the write-ahead log of a file that was not closed cleanly is whole.
//!
//! `SQLite` reads a log up to the first frame whose checksum is wrong, and treats that as the end.
//! After a flipped bit it would read a shorter log, over pages of the file that may already be
//! newer. This check requires each frame to be right, up to the end of the file:
//!
//! ```text
//! header 32 bytes │ frame: head 24 bytes, page │ frame … │ part of a frame (a write cut short)
//!  salts, sums    │  salts as in the header, sums that go on from those of the frame before
//! ```
//! Frames of the previous log may follow the end, because a log is overwritten from its beginning.
//! They differ in both salts: the first rises by one each time, as a counter in the header does,
//! and the second is random. One flipped bit does not change both. The layout is that of
//! <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};

const HEADER_BYTES: usize = 32;

const FRAME_HEAD_BYTES: usize = 24;

const MAGIC: u32 = 0x377f_0682;

const PAGE_BYTES_MAX: u32 = 65_536;

const MEMORY_HEAD_BYTES: usize = 48;

/// Two running sums over words of 32 bits.
type Sums = (u32, u32);

/// A log, read frame by frame.
struct Log<R> {
    reader: R,
    is_big_endian: bool,
    salts: (u32, u32),
    /// Number of times the log has been restarted.
    begun: u32,
    sums: Sums,
    page: Vec<u8>,
}

/// The part of a log that is right.
struct Known {
    salts: (u32, u32),
    /// Number of frames up to the last commit.
    committed: u32,
}

/// Checks that every frame of this log is right, and that none is missing that its shared memory
/// counts. An empty log passes.
///
/// # Errors
/// The defect, as a sentence.
pub(super) fn check(path: &Path, memory: &Path) -> Result<(), String> {
    let read = File::open(path).and_then(|log| read(BufReader::with_capacity(1 << 20, log)));
    let known = read.unwrap_or_else(|error| Err(format!("its log cannot be read: {error}")))?;
    match committed(memory, known.salts) {
        Some(committed) if committed > known.committed => Err("its log was cut short".to_owned()),
        _ => Ok(()),
    }
}

fn read(mut reader: impl Read) -> io::Result<Result<Known, String>> {
    let mut header = [0; HEADER_BYTES];
    if fill(&mut reader, &mut header)? < HEADER_BYTES {
        return Ok(Err("the header of its log is cut short".to_owned()));
    }
    let Some(mut log) = Log::of(&header, reader) else {
        return Ok(Err("the header of its log is damaged".to_owned()));
    };
    let mut known = Known { salts: log.salts, committed: 0 };
    for frame in 1.. {
        let mut head = [0; FRAME_HEAD_BYTES];
        if !log.next(&mut head)? {
            break;
        }
        if !log.goes_on(&head) {
            if !log.ends_before_older_frames(&head)? {
                return Ok(Err(format!("frame {frame} of its log is damaged")));
            }
            break;
        }
        // The head of a transaction's last frame holds the length of the file after it.
        if word(&head, 4) > 0 {
            known.committed = frame;
        }
    }
    Ok(Ok(known))
}

/// Returns the number of committed frames according to the shared memory of the log with these
/// salts. A killed process leaves that file behind; it begins with two copies of the same 48 bytes.
fn committed(memory: &Path, of: (u32, u32)) -> Option<u32> {
    let mut copies = [[0; MEMORY_HEAD_BYTES]; 2];
    let mut memory = File::open(memory).ok()?;
    for copy in &mut copies {
        memory.read_exact(copy).ok()?;
    }
    let [head, other] = copies;
    let is_known = head == other && (word(&head, 32), word(&head, 36)) == of;
    // In the byte order of the machine, unlike all other fields.
    is_known.then(|| u32::from_ne_bytes([head[16], head[17], head[18], head[19]]))
}

impl<R: Read> Log<R> {
    fn of(header: &[u8; HEADER_BYTES], reader: R) -> Option<Self> {
        let (magic, page_bytes) = (word(header, 0), word(header, 8));
        let is_big_endian = magic == MAGIC | 1;
        let sums = sums(is_big_endian, (0, 0), &header[..24]);
        let is_right = magic & !1 == MAGIC
            && (512..=PAGE_BYTES_MAX).contains(&page_bytes)
            && sums == (word(header, 24), word(header, 28));
        let (begun, salts) = (word(header, 12), (word(header, 16), word(header, 20)));
        let page = vec![0; usize::try_from(page_bytes).ok().filter(|_| is_right)?];
        Some(Self { reader, is_big_endian, salts, begun, sums, page })
    }

    /// Reads a frame; false when no whole one is left.
    fn next(&mut self, head: &mut [u8; FRAME_HEAD_BYTES]) -> io::Result<bool> {
        Ok(fill(&mut self.reader, head)? == head.len()
            && fill(&mut self.reader, &mut self.page)? == self.page.len())
    }

    /// Whether the frame just read continues the one before.
    fn goes_on(&mut self, head: &[u8; FRAME_HEAD_BYTES]) -> bool {
        let of_head = sums(self.is_big_endian, self.sums, &head[..8]);
        self.sums = sums(self.is_big_endian, of_head, &self.page);
        salts(head) == self.salts && self.sums == (word(head, 16), word(head, 20))
    }

    /// Whether this frame and all frames after it were written before the log was restarted.
    fn ends_before_older_frames(&mut self, head: &[u8; FRAME_HEAD_BYTES]) -> io::Result<bool> {
        let mut head = *head;
        loop {
            let (first, second) = salts(&head);
            let older_by = self.salts.0.wrapping_sub(first);
            if !(1..=self.begun).contains(&older_by) || second == self.salts.1 {
                return Ok(false);
            }
            if !self.next(&mut head)? {
                return Ok(true);
            }
        }
    }
}

fn salts(head: &[u8; FRAME_HEAD_BYTES]) -> (u32, u32) {
    (word(head, 8), word(head, 12))
}

fn sums(is_big_endian: bool, (mut first, mut second): Sums, bytes: &[u8]) -> Sums {
    for pair in bytes.chunks_exact(8) {
        let (one, two) = (word(pair, 0), word(pair, 4));
        let (one, two) =
            if is_big_endian { (one, two) } else { (one.swap_bytes(), two.swap_bytes()) };
        first = first.wrapping_add(one).wrapping_add(second);
        second = second.wrapping_add(two).wrapping_add(first);
    }
    (first, second)
}

/// The big-endian word at this place.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Reads until the buffer is full or the input ends; returns the number of bytes.
fn fill(reader: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match reader.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
