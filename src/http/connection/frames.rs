//! The frames of HTTP/2 as they pass a connection: how many there were, and since when one is
//! incomplete.
//!
//! The library of HTTP/2 waits without a deadline for the rest of a frame. It checks what is in the
//! frames; here only their ends count.

/// The bytes that a client of HTTP/2 begins with, before its first frame.
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The length of the head of a frame.
const HEAD_BYTES: usize = 9;

/// The types of frames that matter here.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;

/// The flag of a frame that ends the head of a request.
const END_HEADERS: u8 = 4;

/// The state after the bytes that passed.
#[derive(Debug)]
pub struct Frames {
    /// The bytes of the preface that are still to come.
    preface_left: usize,
    head: [u8; HEAD_BYTES],
    head_len: usize,
    payload_left: usize,
    /// Whether the head of a request goes on in the next frame.
    in_request_head: bool,
    /// The time when the incomplete frame, or head of a request, began.
    begun_ms: u64,
}

impl Frames {
    /// The state before the preface.
    pub const fn new() -> Self {
        Self {
            preface_left: PREFACE.len(),
            head: [0; HEAD_BYTES],
            head_len: 0,
            payload_left: 0,
            in_request_head: false,
            begun_ms: 0,
        }
    }

    /// Takes these bytes at this time. Returns how many frames began in them.
    pub fn pass(&mut self, mut bytes: &[u8], now_ms: u64) -> usize {
        let mut begun = 0;
        self.preface_left -= take(&mut bytes, self.preface_left);
        while !bytes.is_empty() {
            if self.payload_left > 0 {
                self.payload_left -= take(&mut bytes, self.payload_left);
                continue;
            }
            if self.head_len == 0 {
                begun += 1;
                if !self.in_request_head {
                    self.begun_ms = now_ms;
                }
            }
            let (first, missing) = (self.head_len, HEAD_BYTES - self.head_len);
            let part = &bytes[..missing.min(bytes.len())];
            self.head[first..first + part.len()].copy_from_slice(part);
            self.head_len += take(&mut bytes, missing);
            if self.head_len == HEAD_BYTES {
                self.begin_payload();
            }
        }
        begun
    }

    fn begin_payload(&mut self) {
        let [high, middle, low, kind, flags, ..] = self.head;
        self.head_len = 0;
        self.payload_left = u32::from_be_bytes([0, high, middle, low]) as usize;
        self.in_request_head = match kind {
            HEADERS | CONTINUATION => flags & END_HEADERS == 0,
            _ => self.in_request_head,
        };
    }

    /// The time since which a frame or the head of a request is incomplete; `None` when all are
    /// complete. The content of a body has deadlines of its own.
    pub const fn incomplete_since_ms(&self) -> Option<u64> {
        let [_, _, _, kind, ..] = self.head;
        let is_in_payload = self.payload_left > 0 && kind != DATA;
        let is_incomplete = self.in_request_head || self.head_len > 0 || is_in_payload;
        if is_incomplete { Some(self.begun_ms) } else { None }
    }

    /// Gives an incomplete frame its time again, because the server did not read meanwhile.
    pub const fn restart(&mut self, now_ms: u64) {
        self.begun_ms = now_ms;
    }
}

/// Removes up to so many bytes from the front; returns how many.
fn take(bytes: &mut &[u8], at_most: usize) -> usize {
    let taken = at_most.min(bytes.len());
    *bytes = &bytes[taken..];
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags, 0, 0, 0, 1], payload].concat()
    }

    #[test]
    fn every_split_of_the_same_bytes_ends_in_the_same_state() {
        let bytes = [
            PREFACE.to_vec(),
            frame(4, 0, &[]),
            frame(HEADERS, 0, b"abc"),
            frame(CONTINUATION, END_HEADERS, b"def"),
            frame(DATA, 1, &[0; 300]),
        ]
        .concat();
        for size in 1..bytes.len() {
            let mut frames = Frames::new();
            let begun: usize = bytes.chunks(size).map(|part| frames.pass(part, 0)).sum();
            assert_eq!((begun, frames.incomplete_since_ms()), (4, None), "parts of {size}");
        }
    }

    #[test]
    fn a_head_is_incomplete_from_its_first_byte_to_the_end_of_its_last_frame() {
        let mut frames = Frames::new();
        frames.pass(PREFACE, 1);
        assert_eq!(frames.incomplete_since_ms(), None);
        let head = frame(HEADERS, 0, b"abc");
        for (at, byte) in head.iter().enumerate() {
            frames.pass(&[*byte], 10 + at as u64);
            assert_eq!(frames.incomplete_since_ms(), Some(10));
        }
        frames.pass(&frame(CONTINUATION, END_HEADERS, b"d"), 50);
        assert_eq!(frames.incomplete_since_ms(), None);
        frames.pass(&frame(DATA, 0, b"body")[..11], 60);
        assert_eq!(frames.incomplete_since_ms(), None, "a body has a deadline of its own");
    }
}
